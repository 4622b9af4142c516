"""How runs are named, and which version of the code made them."""

import re
import secrets
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from contracts.kinds import RunKind

__all__ = ["code_version", "new_run"]


def new_run(kind: RunKind, now: datetime) -> str:
    """An id for a run that starts `now`, for example `factors-20261123T223000Z-3f2a9c`; ids sort by time."""
    return f"{kind}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def code_version() -> str:
    """The version of this package; in a checkout with its commit, as in `0.1.0+g1a2b3c4` or `0.1.0+g1a2b3c4.dirty`."""
    released = version("ntdemo-trainer")
    checkout = next((parent for parent in Path(__file__).parents if (parent / ".git").exists()), None)
    if checkout is None:
        return released
    command = ["git", "-C", str(checkout), "describe", "--always", "--exclude=*", "--abbrev=7", "--dirty=.dirty"]
    try:
        described = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603 - fixed words and our own path
    except (OSError, subprocess.SubprocessError):
        return released  # a checkout on a machine without git
    return f"{released}+g{described}" if re.fullmatch(r"[0-9a-f]{7,40}(\.dirty)?", described) else released
