"""The tally of jobs: how many are in which state, how long they waited and ran, and what computes now; of sweeps their parts.

Read from the job table's file by a connection of its own, which never writes: the counts are those of all starts of a trainer.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

__all__ = ["Spent", "Tally", "read_tally"]

_BUSY: Final = "('running', 'publishing')"
_SECONDS: Final = "(julianday({later}) - julianday({earlier})) * 86400"
_STATES: Final = "SELECT kind, state, COUNT(*) FROM jobs WHERE children = 0 GROUP BY kind, state"
_WAITED: Final = (
    f"SELECT kind, '', COUNT(*), SUM({_SECONDS.format(later='started', earlier='created')}) "  # noqa: S608 - our constants
    "FROM jobs WHERE started IS NOT NULL AND children = 0 GROUP BY kind"
)
_RAN: Final = (
    f"SELECT kind, state, COUNT(*), SUM({_SECONDS.format(later='finished', earlier='started')}) "  # noqa: S608 - as above
    "FROM jobs WHERE finished IS NOT NULL AND started IS NOT NULL AND children = 0 GROUP BY kind, state"
)
_DEVICES: Final = f"SELECT COALESCE(device, 'unknown'), COUNT(*) FROM jobs WHERE state IN {_BUSY} AND children = 0 GROUP BY 1"  # noqa: S608 - as above
_OLDEST: Final = "SELECT MIN(created) FROM jobs WHERE state = 'queued' AND children = 0"


@dataclass(frozen=True)
class Spent:
    """Time that several jobs spent."""

    kind: str
    state: str
    """Empty where it is of jobs in any state."""
    jobs: int
    seconds: float


@dataclass(frozen=True)
class Tally:
    """Everything at one moment."""

    states: dict[tuple[str, str], int]
    """Kind and state to the number of jobs."""
    waited: list[Spent]
    """From the hand-in to the last start."""
    ran: list[Spent]
    """From the last start to the end."""
    devices: dict[str, int]
    """Device to the jobs that compute on it; `unknown` until a job has told."""
    oldest_queued: datetime | None


def read_tally(path: Path) -> Tally:
    """The tally of the job table in a file.

    Raises:
        sqlite3.Error: there is no such file, or it cannot be read now.
    """
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1.0)) as connection:
        rows = {name: connection.execute(question).fetchall() for name, question in _QUESTIONS.items()}
    oldest = rows["oldest"][0][0]
    return Tally(
        states={(kind, state): count for kind, state, count in rows["states"]},
        waited=[Spent(*row) for row in rows["waited"]],
        ran=[Spent(*row) for row in rows["ran"]],
        devices=dict(rows["devices"]),
        oldest_queued=None if oldest is None else datetime.fromisoformat(oldest),
    )


_QUESTIONS: Final = {"states": _STATES, "waited": _WAITED, "ran": _RAN, "devices": _DEVICES, "oldest": _OLDEST}
