"""A process of Spark's standalone cluster: `python -m trainer.lake.standalone master`, or `… worker spark://HOST:7077`.

It becomes the JVM that Spark's shell scripts would start, so that a container needs no shell. Master and workers must lie on
the same network as the trainer and, as executors write and read the store's files themselves, see its state directory under
the same path. A worker takes `SPARK_WORKER_CORES` and `SPARK_WORKER_MEMORY` from the environment, as Spark says.
"""

import argparse
import os
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from trainer.lake.java import find_java
from trainer.lake.jvm import Jvm

__all__ = ["command", "main"]

_MASTER_PORT: Final = 7077
_PAGES: Final = {"master": 8080, "worker": 8081}
_CLASSES: Final = {role: f"org.apache.spark.deploy.{role}.{role.capitalize()}" for role in _PAGES}
_MEMORY_MIB: Final = 512
_SCALA: Final = "2.13"  # of the jars; workers compose commands by it


def command(role: str, master: str | None, directory: Path) -> list[str]:
    """What runs a master, or a worker of `master`, with temporary files in `directory`."""
    jvm = Jvm(find_java(), directory, _MEMORY_MIB)
    options = ["--host", socket.gethostname(), "--webui-port", str(_PAGES[role])]
    if role == "master":
        options += ["--port", str(_MASTER_PORT)]
    elif master is not None:
        options += ["--work-dir", str(directory), master]
    return [*jvm.daemon(_CLASSES[role]), *options]


def main(arguments: Sequence[str] | None = None) -> None:
    """Become a master or a worker."""
    parser = argparse.ArgumentParser(prog="python -m trainer.lake.standalone", description=__doc__)
    roles = parser.add_subparsers(dest="role", required=True)
    roles.add_parser("master")
    roles.add_parser("worker").add_argument("master", help="spark://HOST:PORT")
    options = parser.parse_args(arguments)
    directory = Path(tempfile.mkdtemp(prefix="spark-"))
    home = Jvm(find_java(), directory, _MEMORY_MIB).home
    environment = {"SPARK_HOME": str(home), "SPARK_SCALA_VERSION": _SCALA, "PYSPARK_PYTHON": sys.executable}
    line = command(options.role, getattr(options, "master", None), directory)
    os.execve(line[0], line, {**os.environ, **environment})  # noqa: S606 - composed above


if __name__ == "__main__":
    main()
