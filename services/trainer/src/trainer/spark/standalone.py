"""A process of Spark's standalone cluster: `python -m trainer.spark.standalone master`, or `… worker spark://HOST:7077`.

It becomes what `spark-class` of the installed package starts, with the Java that is found. Master and workers must lie on the
same network as the trainer and, as executors write and read the store's files themselves, see its state directory under the
same path. A worker takes `SPARK_WORKER_CORES` and `SPARK_WORKER_MEMORY` from the environment, as Spark says.
"""

import argparse
import os
import socket
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyspark

from trainer.spark.java import find_java, make_home

__all__ = ["command", "main"]

_MASTER_PORT: Final = 7077
_PAGES: Final = {"master": 8080, "worker": 8081}
_CLASSES: Final = {role: f"org.apache.spark.deploy.{role}.{role.capitalize()}" for role in _PAGES}
_MEMORY: Final = "512m"


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
    options = ["--host", host or socket.gethostname(), "--webui-port", str(page or _PAGES[role])]
    if role == "master":
        options += ["--port", str(port)]
    elif master is not None:
        options += ["--work-dir", str(directory), master]
    return [str(_home() / "bin" / "spark-class"), _CLASSES[role], *options]


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
    environment = {
        "SPARK_DAEMON_MEMORY": _MEMORY,
        "JAVA_HOME": str(make_home(directory / "java", find_java())),
        **os.environ,
        "SPARK_HOME": str(_home()),
        "PYSPARK_PYTHON": sys.executable,
    }
    line = command(role, master, directory, **asked)
    os.execve(line[0], line, environment)  # noqa: S606 - composed above


def _home() -> Path:
    """Where Spark is installed."""
    return Path(pyspark.__file__).parent


if __name__ == "__main__":
    main()
