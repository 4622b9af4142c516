"""Looking at processes by id."""

import time
from pathlib import Path

__all__ = ["gone"]


def gone(pid: int, *, within_s: float = 20) -> bool:
    """Does the process end (or is it a zombie that only waits to be reaped) within the time?"""
    deadline_s = time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False
