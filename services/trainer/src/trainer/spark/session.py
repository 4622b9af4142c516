"""The Spark session of a process: started in the background, quiet, in UTC, with its temporary files in one directory."""

import fcntl
import os
import re
import shutil
import socket
import sys
import tempfile
import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from py4j.java_gateway import JavaGateway  # type: ignore[import-untyped]  # py4j ships no types
from pyspark import SparkConf, SparkContext
from pyspark.java_gateway import launch_gateway
from pyspark.sql import SparkSession

from trainer.spark.java import find_java
from trainer.spark.jvm import Gateway, Jvm, JvmFailed

__all__ = ["Session", "SessionFailed", "SparkSession", "settings"]

_MEMORY_MIB: Final = 2048
_LOG_LINES: Final = 5
_PIECES_A_CORE: Final = 4  # so that a slow piece does not keep the others waiting


class SessionFailed(Exception):
    """Spark did not start; `str()` is a sentence that ends with what Java said last."""


class Session:
    """One Spark session. Starting it costs seconds, so it starts when this object is made, beside whatever the caller does.

    A process has one at a time. The JVM ends with `stop`, and with this process however that ends.
    """

    def __init__(
        self,
        cache: Path,
        *,
        master: str = "local[*]",
        java_home: Path | None = None,
        memory_mib: int = _MEMORY_MIB,
        quick: bool = True,
        record: Path | None = None,
    ) -> None:
        """Start in the background.

        Args:
            cache: Directory for archives and temporary files; disposable, shared by processes.
            master: `local[N]`, `spark://…` or `k8s://…`.
            java_home: A Java to prefer to the one on the PATH.
            memory_mib: The most the JVM may hold.
            quick: Compile the JVM's code quickly rather than well, where the executors are in it: right unless it will be
                busy for minutes.
            record: Where to list the classes that are loaded, from which `trainer.spark.prepare` makes an archive.
        """
        self._cache = cache.absolute()
        self._master = master
        self._java_home = java_home
        self._memory_mib = memory_mib
        self._quick = quick and master.startswith("local")
        self._future: Future[_Running] = Future()
        self._record = record
        threading.Thread(target=self._start, name="spark-start", daemon=True).start()

    def spark(self) -> SparkSession:
        """The session, as soon as it can be used.

        Raises:
            SessionFailed: Java did not start.
            NoJava: There is none.
        """
        return self._future.result().spark

    def stop(self) -> None:
        """End the JVM and remove its temporary files. A second call does nothing."""
        with suppress(Exception):  # a start that failed has been told to whoever asked for the session
            self._future.result().stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _start(self) -> None:
        try:
            jvm = Jvm(find_java(self._java_home), self._cache, self._memory_mib, quick=self._quick)
            self._future.set_result(_Running(jvm, self._master, self._record))
        except BaseException as error:  # noqa: BLE001 - carried to whoever asks for the session
            self._future.set_exception(error)


class _Running:
    """A started JVM, the session in it and the directory they use."""

    def __init__(self, jvm: Jvm, master: str, record: Path | None) -> None:
        self._directory, self._lock = _own_directory(jvm.cache)
        try:
            self._gateway = jvm.start(self._directory, settings(self._directory, master), record=record)
        except JvmFailed as error:
            self._remove_directory()
            said = " | ".join(str(error).splitlines()[-_LOG_LINES:])
            raise SessionFailed(f"Spark did not start with {jvm.java.executable}: {said or 'it said nothing.'}") from error
        self._python = _connect(self._gateway)
        context = SparkContext(conf=SparkConf(_jvm=self._python.jvm), gateway=self._python)
        context.pythonExec = sys.executable  # workers run what this process runs
        self.spark = SparkSession(context)
        self._stopped = False

    def stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        self.spark.stop()
        self._python.shutdown()
        SparkContext._gateway = SparkContext._jvm = None  # noqa: SLF001 - so that another session can start in this process
        self._gateway.stop()
        self._remove_directory()

    def _remove_directory(self) -> None:
        shutil.rmtree(self._directory, ignore_errors=True)
        self._lock.close()


def settings(directory: Path, master: str) -> dict[str, str]:
    """Spark's configuration of a session."""
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
        # Parquet pages have checksums of their own: no .crc files beside them.
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
    return int(match[0]) if match else (os.cpu_count() or 1) if "*" in master else 1


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


def _connect(gateway: Gateway) -> JavaGateway:
    """Pyspark's end of the line. It asks the environment where the other end is; the environment forgets it again."""
    told = {"PYSPARK_GATEWAY_PORT": str(gateway.port), "PYSPARK_GATEWAY_SECRET": gateway.secret}
    os.environ.update(told)
    try:
        return launch_gateway()  # type: ignore[no-untyped-call]  # pyspark leaves its own gateway untyped
    finally:
        for name in told:
            del os.environ[name]


def _own_directory(cache: Path) -> tuple[Path, IO[bytes]]:
    """A fresh directory for one session, locked while its process lives; those of processes that were killed are removed."""
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
    return directory, lock


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
