"""Node's tools of `clients/typescript`: installed by its lock file, once, and run there."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
HOME: Final = ROOT / "clients" / "typescript"
_OLDEST: Final = 20


class NoNode(Exception):
    """Node is missing or older than 20, or the packages cannot be had; the message says which."""


def tool(name: str) -> Path:
    """The program `name` of the packages that the lock file names, which are installed where they are not yet.

    Raises:
        NoNode: so.
    """
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        raise NoNode("npm is not installed")
    release = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    if int(release.removeprefix("v").split(".")[0]) < _OLDEST:
        raise NoNode(f"Node {_OLDEST} is needed, and this is {release}")
    lock, stamp = HOME / "package-lock.json", HOME / "node_modules" / ".installed"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        made = subprocess.run([npm, "ci", "--silent"], cwd=HOME, check=False, capture_output=True, text=True)
        if made.returncode:
            raise NoNode(f"npm ci failed: {made.stderr.strip()[-500:]}")
        stamp.write_bytes(lock.read_bytes())
    return HOME / "node_modules" / ".bin" / name


def run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run it in `clients/typescript`; what it printed, and its exit status."""
    return subprocess.run([tool(name), *arguments], cwd=HOME, check=False, capture_output=True, text=True)
