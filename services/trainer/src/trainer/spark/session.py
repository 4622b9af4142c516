"""The Spark session of a process: started in the background, quiet, in UTC, with its temporary files in one directory."""

import atexit
import fcntl
import os
import re
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

import pyspark
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from trainer.device import threads_within, usable_cores, usable_memory_bytes
from trainer.spark.java import find_java, make_home

__all__ = ["Session", "SessionFailed", "SparkSession", "settings"]

_MEMORY_MIB: Final = 2048
_LOG_LINES: Final = 5
_PIECES_A_CORE: Final = 4  # so that a slow piece does not keep the others waiting
_LOOPBACK: Final = "127.0.0.1"
_LOG: Final = "jvm.log"
_LOG_CONFIGURATION: Final = "log4j2.properties"
_LOGGING: Final = """\
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
appender.file.type = Console
appender.file.name = file
appender.file.target = SYSTEM_ERR
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS}{UTC}Z %p %c: %m%n%ex
"""


class SessionFailed(Exception):
    """Spark did not start; `str()` is a sentence that ends with what Java said last."""


class Session:
    """One Spark session. Starting it costs seconds, so it starts when this object is made, beside whatever the caller does.

    A process has one at a time, and one JVM, which later sessions use again; it ends with the process, however that ends.
    """

    def __init__(
        self,
        cache: Path,
        *,
        master: str = "local[*]",
        java_home: Path | None = None,
        memory_mib: int = _MEMORY_MIB,
        quick: bool = True,
    ) -> None:
        """Start in the background.

        Args:
            cache: Directory for temporary files; disposable, shared by processes.
            master: `local[N]`, `local[*]` for as many threads as this process may use, or `spark://…`.
            java_home: A Java to prefer to the one on the PATH.
            memory_mib: The most the JVM may hold.
            quick: Compile the JVM's code quickly rather than well, where the executors are in it: right unless it will be
                busy for minutes.
        """
        self._cache = cache.absolute()
        self._master = master
        self._java_home = java_home
        self._memory_mib = memory_mib
        self._quick = quick and master.startswith("local")
        self._future: Future[SparkSession] = Future()
        threading.Thread(target=self._start, name="spark-start", daemon=True).start()

    def spark(self) -> SparkSession:
        """The session, as soon as it can be used.

        Raises:
            SessionFailed: Java did not start.
            NoJava: There is none.
        """
        return self._future.result()

    def stop(self) -> None:
        """End the session. A second call does nothing."""
        with suppress(Exception):  # a start that failed has been told to whoever asked for the session
            self._future.result().stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _start(self) -> None:
        try:
            self._future.set_result(self._started())
        except BaseException as error:  # noqa: BLE001 - carried to whoever asks for the session
            self._future.set_exception(error)

    def _started(self) -> SparkSession:
        java = find_java(self._java_home)
        directory = _own_directory(self._cache)
        (directory / _LOG_CONFIGURATION).write_text(_LOGGING, encoding="utf-8")
        environment = {
            "JAVA_HOME": str(make_home(directory / "java", java, log=directory / _LOG)),
            "SPARK_HOME": str(Path(pyspark.__file__).parent),
            "PYSPARK_PYTHON": sys.executable,  # workers run what this process runs
        }
        if self._master.startswith("local"):
            environment |= {"SPARK_LOCAL_IP": _LOOPBACK, "SPARK_LOCAL_HOSTNAME": "localhost"}
        options: dict[str, bool | float | int | str | None] = {
            **settings(directory, self._master),
            "spark.driver.memory": f"{self._memory_mib}m",
            "spark.driver.extraJavaOptions": _java_options(directory, quick=self._quick),
        }
        try:
            with _environment(environment):
                return SparkSession.builder.config(map=options).getOrCreate()
        except PySparkException as error:
            log = directory / _LOG
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
            said = " | ".join(lines[-_LOG_LINES:])
            raise SessionFailed(f"Spark did not start with {java.executable}: {said or 'it said nothing.'}") from error


def _java_options(directory: Path, *, quick: bool) -> str:
    options = [
        "-Xss4m",  # deep query plans recurse
        *(("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC") if quick else ()),
        "-Duser.timezone=UTC",
        f"-Djava.io.tmpdir={directory}",  # native codecs are unpacked here
        f"-Dlog4j2.configurationFile={directory / _LOG_CONFIGURATION}",
    ]
    return " ".join(f'"{option}"' for option in options)


@contextmanager
def _environment(named: Mapping[str, str]) -> Iterator[None]:
    """What pyspark and Spark's scripts read of the environment while they start, and nothing of the user's own Spark."""
    before = {name: os.environ.pop(name, None) for name in (*named, "SPARK_CONF_DIR")}
    os.environ.update(named)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def settings(directory: Path, master: str) -> dict[str, str]:
    """Spark's configuration of a session."""
    if master == "local[*]":  # Java counts the machine's processors, a container may have fewer
        master = f"local[{threads_within(usable_cores(), usable_memory_bytes())}]"
    found = {
        "spark.master": master,
        "spark.app.name": "ntdemo-trainer",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.local.dir": str(directory),
        "spark.sql.warehouse.dir": str(directory / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        # delta-rs does not read int96.
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
        # Parquet pages have checksums of their own, which are compared where they are read: no .crc files beside them.
        "spark.hadoop.parquet.page.verify-checksum.enabled": "true",
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "4096",  # rows are nested: a compound with all its cells
    }
    if cores := _local_cores(master):
        found |= {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
        found["spark.sql.shuffle.partitions"] = str(_PIECES_A_CORE * cores)
        found["spark.sql.files.minPartitionNum"] = str(2 * cores)
    else:
        # Java reads a plan level by level of the stack, and that of many iterations is deep; our own JVM has as much.
        found["spark.executor.extraJavaOptions"] = "-Xss4m"
        if address := _address_towards(master):
            found["spark.driver.host"] = address
    return found


def _local_cores(master: str) -> int:
    """Threads of a local master; 0 for a cluster."""
    if not master.startswith("local"):
        return 0
    match = re.search(r"\d+", master)
    return int(match[0]) if match else 1


def _address_towards(master: str) -> str | None:
    """Our IPv4 address on the network of a standalone master: where we are on several, its executors may know no other.

    None where the master is of another kind or is not found; Spark says so when it connects.
    """
    match = re.fullmatch(r"spark://([^:,]+):(\d+).*", master)
    if match is None:
        return None
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((match[1], int(match[2])))  # looks up the route, sends nothing
            return str(probe.getsockname()[0])
    except OSError:
        return None


def _own_directory(cache: Path) -> Path:
    """A fresh directory for one session, locked while its process lives and removed when it ends.

    Those of processes that were killed are removed now. That of a session that ended stays: it is the one that Java knows.
    """
    sessions = cache / "spark"
    sessions.mkdir(parents=True, exist_ok=True)
    with (sessions / "lock").open("wb") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        for left in sessions.glob("session-*"):
            if _ownerless(left):
                shutil.rmtree(left, ignore_errors=True)
        directory = Path(tempfile.mkdtemp(prefix="session-", dir=sessions))
        lock = (directory / "lock").open("wb")
        fcntl.flock(lock, fcntl.LOCK_EX)
    atexit.register(_remove, directory, lock)
    return directory


def _remove(directory: Path, lock: IO[bytes]) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    lock.close()


def _ownerless(directory: Path) -> bool:
    """Whether no process holds the lock of a session's directory."""
    try:
        with (directory / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except BlockingIOError:
        return False
    return True
