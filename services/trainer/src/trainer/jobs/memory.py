"""Memory: how much of it the processes of a job have held."""

import os
from pathlib import Path
from typing import Final

__all__ = ["peak_memory_bytes"]

_PROCESSES: Final = Path("/proc")


def peak_memory_bytes() -> int | None:
    """The sum of the most that each living process of this one's group has held; None where the machine does not tell.

    Their peaks need not have been at once, so that it is an upper bound.
    """
    if not _PROCESSES.is_dir():
        return None
    return sum(_peak_bytes(process) for process in _PROCESSES.iterdir() if process.name.isdigit() and _is_ours(process))


def _is_ours(process: Path) -> bool:
    try:
        return os.getpgid(int(process.name)) == os.getpgrp()
    except OSError:
        return False


def _peak_bytes(process: Path) -> int:
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
