"""session: Spark runs with the Java that is there or the one that is packaged, says nothing, and leaves nothing behind."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from tests.support.readable import readable

from chemistry import fragment
from trainer.device import threads_within, usable_cores, usable_memory_bytes
from trainer.spark.collection import collect
from trainer.spark.java import Java, NoJava, find_java, make_home
from trainer.spark.session import settings

PROGRAM = """
import sys, time
from pathlib import Path
from trainer.spark.session import Session
with Session(Path(sys.argv[1]), master="local[1]") as session:
    print(session.spark().range(3).count(), *Path(sys.argv[1], "spark").glob("session-*"))
    if len(sys.argv) > 2:
        print("ready", flush=True)
        time.sleep(60)
"""


def a_java(directory: Path, version: str, *, fails: bool = False) -> Path:
    """A Java home whose java answers `-version` only."""
    executable = directory / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n{'exit 1' if fails else ''}\n")
    executable.chmod(0o755)
    return directory


def programs(directory: Path) -> Path:
    """A directory for the PATH with what Spark's scripts call, and no Java."""
    chosen = directory / "programs"
    chosen.mkdir()
    for name in ("bash", "dirname"):
        (chosen / name).symlink_to(str(shutil.which(name)))
    return chosen


def java_processes(cache: Path) -> list[int]:
    """Ids of running JVMs whose temporary files lie in `cache`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if f"-Djava.io.tmpdir={cache}".encode() in command:
            found.append(int(process.name))
    return found


def await_end_of_java(cache: Path) -> None:
    """Waits until no JVM is left; it fails after a minute."""
    for java in java_processes(cache):
        with suppress(ProcessLookupError):
            ended = os.pidfd_open(java)
            assert readable([ended], 60)  # readable when it has ended
            os.close(ended)


@pytest.mark.spark
def test_a_session_is_in_utc_and_writes_times_that_delta_reads(spark: SparkSession) -> None:
    assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
    assert spark.conf.get("spark.sql.parquet.outputTimestampType") == "TIMESTAMP_MICROS"
    assert collect(spark.sql("select cast(timestamp'2026-01-01 00:00:00' as string) as t"))["t"].to_pylist() == [
        "2026-01-01 00:00:00"
    ]


@pytest.mark.spark
def test_workers_run_this_python_with_this_installation(spark: SparkSession) -> None:
    def where(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        for _ in batches:
            yield pa.RecordBatch.from_pydict({"python": [sys.prefix], "fragments": [len(fragment("CCOc1ccccc1").fragments)]})

    assert collect(spark.range(1, numPartitions=1).mapInArrow(where, "python string, fragments long")).to_pylist() == [
        {"python": sys.prefix, "fragments": len(fragment("CCOc1ccccc1").fragments)}
    ]


@pytest.mark.spark
@pytest.mark.slow
def test_without_any_java_the_packaged_one_is_used_and_nothing_is_printed_or_left(tmp_path: Path) -> None:
    cache = tmp_path / "with space" / "cache"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, cache],
        env={"PATH": str(programs(tmp_path))},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    count, directory = done.stdout.strip().split(" ", 1)
    assert count == "3"
    assert Path(directory).parent == cache / "spark"
    assert [path.name for path in (cache / "spark").iterdir()] == ["lock"]


@pytest.mark.spark
@pytest.mark.slow
def test_java_ends_with_a_process_that_is_killed_and_the_next_start_cleans_up(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, cache, "wait"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    directory = Path(process.stdout.readline().split()[1])
    assert process.stdout.readline() == "ready\n"
    process.kill()
    process.wait()
    process.stdout.close()
    await_end_of_java(cache)
    assert directory.exists()
    subprocess.run([sys.executable, "-c", PROGRAM, cache], check=True, stdout=subprocess.DEVNULL, timeout=120)
    assert not directory.exists()
    await_end_of_java(cache)


@pytest.mark.parametrize("master", ["spark://127.0.0.1:7077", "spark://localhost:7077,other:7077"])
def test_a_driver_says_its_address_on_the_network_of_its_master(tmp_path: Path, master: str) -> None:
    assert settings(tmp_path, master)["spark.driver.host"] == "127.0.0.1"


def test_where_the_master_is_not_known_spark_chooses_its_own_address(tmp_path: Path) -> None:
    assert "spark.driver.host" not in settings(tmp_path, "spark://nowhere.invalid:7077")


def test_a_local_master_has_as_many_threads_as_this_process_may_use(tmp_path: Path) -> None:
    threads = threads_within(usable_cores(), usable_memory_bytes())
    assert settings(tmp_path, "local[*]")["spark.master"] == f"local[{threads}]"


def test_executors_have_as_deep_a_stack_as_the_driver(tmp_path: Path) -> None:
    assert settings(tmp_path, "spark://127.0.0.1:7077")["spark.executor.extraJavaOptions"] == "-Xss4m"


def test_a_given_java_home_is_preferred(tmp_path: Path) -> None:
    assert find_java(a_java(tmp_path, "21.0.8")) == Java(tmp_path / "bin" / "java", "21.0.8")


@pytest.mark.parametrize(("version", "fails"), [("11.0.2", False), ("25", False), ("1.8.0_392", False), ("17.0.1", True)])
def test_a_java_that_cannot_run_spark_is_passed_over(tmp_path: Path, version: str, *, fails: bool) -> None:
    home = a_java(tmp_path, version, fails=fails)
    assert find_java(home).executable != home / "bin" / "java"


def test_a_machine_without_any_java_is_told_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("trainer.spark.java._packaged", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoJava, match="Spark needs Java 17 or 21: there is none on the PATH"):
        find_java()


def test_a_java_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    home = a_java(tmp_path / "java", "17.0.15")
    (home / "bin" / "java").write_text(
        '#!/bin/sh\ncase "$1" in -version) echo \'openjdk version "17"\' >&2;; *) echo "no memory for you" >&2; exit 3;; esac\n'
    )
    done = subprocess.run(  # a process of its own, since one has one JVM
        [sys.executable, "-c", PROGRAM, tmp_path / "cache"],
        env={"PATH": f"{home / 'bin'}:{programs(tmp_path)}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stderr.splitlines()[-1]
    assert said.startswith(f"trainer.spark.session.SessionFailed: Spark did not start with {home}/bin/java: ")
    assert "no memory for you" in said
    assert [path.name for path in (tmp_path / "cache" / "spark").iterdir()] == ["lock"]


def test_spark_gets_a_java_that_is_not_asked_for_the_module_it_lacks(tmp_path: Path) -> None:
    echo = tmp_path / "with space" / "java"
    echo.parent.mkdir()
    echo.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\necho "a warning" >&2\n')
    echo.chmod(0o755)
    log = tmp_path / "its log"
    home = make_home(tmp_path / "home", Java(echo, "21"), log=log)
    command = [str(home / "bin" / "java"), "-cp", "a b", "--add-modules=jdk.incubator.vector", "Main"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    assert (ran.stdout.splitlines(), ran.stderr) == (["-cp", "a b", "Main"], "")
    assert log.read_text() == "a warning\n"


@pytest.mark.spark
def test_the_environment_is_as_before_once_spark_runs(tmp_path: Path) -> None:
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom trainer.spark.session import Session\nbefore = dict(os.environ)\n"
        "with Session(Path(sys.argv[1]), master='local[1]') as session:\n"
        # pyspark adds two names of its own, which its sockets read
        "    session.spark()\n    print(before.items() <= os.environ.items(), os.environ['SPARK_CONF_DIR'])\n"
    )
    environment = os.environ | {"SPARK_CONF_DIR": "/nowhere", "SPARK_HOME": "/nowhere"}
    ran = subprocess.run(
        [sys.executable, "-c", program, tmp_path], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    assert ran.stdout.split() == ["True", "/nowhere"]
