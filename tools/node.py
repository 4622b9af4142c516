"""Node's tools of `clients/typescript`: installed by its lock file, once, and run by the Node of the locked requirements."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
HOME: Final = ROOT / "clients" / "typescript"
_PROGRAMS: Final = Path(sys.executable).parent


class NoNode(Exception):
    """Node or the packages cannot be had; the message says which."""


def environment() -> dict[str, str]:
    """That of a program that is to find `node` and `npm`."""
    return {**os.environ, "PATH": f"{_PROGRAMS}{os.pathsep}{os.environ['PATH']}"}


def npm(*arguments: str | Path, cwd: Path = HOME, environ: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run npm, in `clients/typescript` unless told otherwise; what it printed, and its exit status.

    Raises:
        NoNode: it is not installed, or could not install packages.
    """
    program = _PROGRAMS / "npm"
    if not program.exists():
        raise NoNode(f"there is no {program}: make setup")
    told = {**environment(), **(environ or {})}
    done = subprocess.run([program, *arguments], cwd=cwd, env=told, check=False, capture_output=True, text=True)
    if done.returncode and arguments[0] in {"ci", "install"}:
        raise NoNode(f"npm {arguments[0]} failed: {(done.stdout + done.stderr).strip()[-500:]}")
    return done


def tool(name: str) -> Path:
    """The program `name` of the packages that the lock file names, which are installed where they are not yet.

    Raises:
        NoNode: so.
    """
    lock, stamp = HOME / "package-lock.json", HOME / "node_modules" / ".installed"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        npm("ci", "--silent")
        stamp.write_bytes(lock.read_bytes())
    return HOME / "node_modules" / ".bin" / name


def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run it in `clients/typescript`; what it printed, and its exit status."""
    command = [tool(name), *arguments]
    return subprocess.run(command, cwd=HOME, env=environment(), check=False, capture_output=True, text=True)
