"""Accounts: what owners have had of each kind of device, in the job table's database."""

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from trainer.jobs.devices.listing import DeviceKind

__all__ = ["Account", "Held", "accounts", "charge"]

_HALF_LIFE: Final = timedelta(hours=24)
"""Of what an owner has had, as it counts for whose turn is next."""


@dataclass(frozen=True)
class Held:
    """How long an attempt had its device."""

    kind: DeviceKind
    seconds: float
    share: float = 1.0
    """Of a GPU, or how many cores."""


@dataclass(frozen=True)
class Account:
    """What an owner has had of one kind of device."""

    owner: str
    kind: DeviceKind
    seconds: float
    """Of a whole GPU, or of one core."""
    charge: float
    """Seconds on the device, of which half are forgotten every day: who has least is next."""


def accounts(connection: sqlite3.Connection, now: datetime) -> list[Account]:
    """What every owner has had of every kind of device, by now."""
    rows = connection.execute("SELECT owner, kind, seconds, charge, charged FROM owners ORDER BY owner, kind").fetchall()
    return [
        Account(owner, DeviceKind(kind), seconds, charge * _left(datetime.fromisoformat(charged), now))
        for owner, kind, seconds, charge, charged in rows
    ]


def charge(connection: sqlite3.Connection, job: str, held: Held, now: datetime) -> None:
    """Add what an attempt had to its job's row and to its owner's account."""
    spent_s = held.seconds * held.share
    column = "gpu_s" if held.kind is DeviceKind.GPU else "cpu_s"
    connection.execute(
        f"UPDATE jobs SET ran_s = ran_s + ?, {column} = {column} + ? WHERE id = ?",  # noqa: S608 - one of two words above
        (held.seconds, spent_s, job),
    )
    (owner,) = connection.execute("SELECT owner FROM jobs WHERE id = ?", (job,)).fetchone()
    had = connection.execute("SELECT charge, charged FROM owners WHERE owner = ? AND kind = ?", (owner, held.kind)).fetchone()
    charged = held.seconds + (0.0 if had is None else had[0] * _left(datetime.fromisoformat(had[1]), now))
    connection.execute(
        "INSERT INTO owners (owner, kind, seconds, charge, charged) VALUES (?, ?, ?, ?, ?) ON CONFLICT (owner, kind) "
        "DO UPDATE SET seconds = seconds + excluded.seconds, charge = excluded.charge, charged = excluded.charged",
        (owner, held.kind, spent_s, charged, now.isoformat()),
    )


def _left(since: datetime, now: datetime) -> float:
    """The share of a charge that still counts; a clock that was set back forgets nothing."""
    return float(0.5 ** max(0.0, (now - since) / _HALF_LIFE))
