"""The rows of the job table: their schema, how an earlier version's become this one's, and what they mean."""

import json
import sqlite3
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from trainer.jobs.job import Failure, Job, JobState, Spent
from trainer.jobs.needs import Needs
from trainer.jobs.order import Waiting
from trainer.runs.spec import RUN_SPEC, RunSpec

__all__ = ["COLUMNS", "WAITING_COLUMNS", "job_of", "open_database", "spec_of", "waiting_of"]

_VERSION: Final = 2
_SCHEMA: Final = """
CREATE TABLE jobs (
    sequence        INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    kind            TEXT NOT NULL,
    spec            TEXT NOT NULL,
    priority        INTEGER NOT NULL,
    state           TEXT NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    run             TEXT,
    device          TEXT,
    created         TEXT NOT NULL,
    started         TEXT,
    finished        TEXT,
    failure         TEXT,
    idempotency_key TEXT UNIQUE
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, priority DESC, sequence);
"""
"""Version 1."""
_SLOTS: Final = """
ALTER TABLE jobs ADD COLUMN request TEXT;
ALTER TABLE jobs ADD COLUMN owner TEXT NOT NULL DEFAULT 'nobody';
ALTER TABLE jobs ADD COLUMN preemptible INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN time_limit_s REAL;
ALTER TABLE jobs ADD COLUMN wanted_device TEXT NOT NULL DEFAULT 'auto';
ALTER TABLE jobs ADD COLUMN memory_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN memory_declared INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN expected_s REAL NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN queued TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN slot TEXT;
ALTER TABLE jobs ADD COLUMN preemptions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN ran_s REAL NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN gpu_s REAL NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN cpu_s REAL NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN peak_bytes INTEGER;
ALTER TABLE jobs ADD COLUMN parent TEXT;
ALTER TABLE jobs ADD COLUMN children INTEGER NOT NULL DEFAULT 0;
UPDATE jobs SET queued = created;
UPDATE jobs SET wanted_device = coalesce(json_extract(spec, '$.device'), 'auto') WHERE json_valid(spec);
CREATE INDEX jobs_by_parent ON jobs (parent) WHERE parent IS NOT NULL;
CREATE INDEX jobs_waiting ON jobs (sequence) WHERE state = 'queued' AND children = 0;
CREATE TABLE owners (
    owner     TEXT NOT NULL,
    kind      TEXT NOT NULL,
    seconds   REAL NOT NULL,
    charge    REAL NOT NULL,
    charged   TEXT NOT NULL,
    PRIMARY KEY (owner, kind)
) STRICT;
"""
"""What version 2 adds: devices, owners, sweeps."""
COLUMNS: Final = (
    "sequence, id, spec, kind, priority, state, attempts, run, device, created, started, finished, failure, owner, "
    "preemptible, time_limit_s, memory_bytes, memory_declared, expected_s, slot, preemptions, ran_s, gpu_s, cpu_s, "
    "peak_bytes, parent, children"
)
"""What `job_of` takes."""
WAITING_COLUMNS: Final = "id, sequence, priority, owner, wanted_device, memory_bytes, expected_s, queued"
"""What `waiting_of` takes."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open or make the file, and bring an earlier version's rows to this one's.

    Raises:
        sqlite3.Error: The file cannot be written, or is no job table of this version or an earlier one.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        steps = {0: _SCHEMA + _SLOTS, 1: _SLOTS, _VERSION: ""}
        if version not in steps:
            raise sqlite3.DatabaseError(f"it has version {version}, this trainer reads version {_VERSION}")
        if steps[version]:
            connection.executescript(f"BEGIN IMMEDIATE; {steps[version]} PRAGMA user_version = {_VERSION}; COMMIT;")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def job_of(row: tuple[Any, ...]) -> Job:
    """The job of a row's `COLUMNS`."""
    facts = dict(zip(COLUMNS.split(", "), row, strict=True))
    failure = facts["failure"]
    same = ("sequence", "id", "kind", "priority", "attempts", "run", "device", "owner", "time_limit_s", "preemptions", "slot")
    return Job(
        **{name: facts[name] for name in same},
        spec=spec_of(facts["spec"]),
        state=JobState(facts["state"]),
        created=datetime.fromisoformat(facts["created"]),
        started=_time(facts["started"]),
        finished=_time(facts["finished"]),
        failure=None if failure is None else Failure(**json.loads(failure)),
        preemptible=bool(facts["preemptible"]),
        needs=Needs(facts["memory_bytes"], facts["expected_s"], declared=bool(facts["memory_declared"])),
        spent=Spent(facts["ran_s"], facts["gpu_s"], facts["cpu_s"], facts["peak_bytes"]),
        parent=facts["parent"],
        children=facts["children"],
    )


def waiting_of(row: tuple[Any, ...]) -> Waiting:
    """The waiting job of a row's `WAITING_COLUMNS`."""
    id_, sequence, priority, owner, device, memory_bytes, seconds, queued = row
    return Waiting(id_, sequence, priority, owner, device, memory_bytes, seconds, datetime.fromisoformat(queued))


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


@lru_cache(4096)
def spec_of(text: str) -> RunSpec | None:
    """What an earlier version wrote may be no spec any more; its row stays."""
    try:
        return RUN_SPEC.validate_json(text)
    except ValidationError:
        return None
