"""The job table: SQLite under the state directory, written by one trainer, safe against its death at any point."""

import errno
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from trainer.jobs.job import UNFINISHED, Failure, Job, JobState
from trainer.runs.spec import RUN_SPEC, RunSpec

__all__ = ["IdempotencyConflict", "JobTable"]

_VERSION: Final = 1
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
_COLUMNS: Final = "sequence, id, spec, priority, state, attempts, run, device, created, started, finished, failure"


class IdempotencyConflict(Exception):
    """A key was used before, with another request."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The key {key!r} was used for another request.")


class JobTable:
    """All jobs of a state directory. Calls are short and may come from any thread; on a full disk they raise OSError."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or make the file.

        Raises:
            sqlite3.Error: The file cannot be written, or is no job table of this version.
        """
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;")
            elif version != _VERSION:
                raise sqlite3.DatabaseError(f"it has version {version}, this trainer reads version {_VERSION}")
        except sqlite3.Error:
            connection.close()
            raise
        return cls(connection)

    def close(self) -> None:
        """Close the file; the table is not used afterwards."""
        with self._lock:
            self._connection.close()

    def add(self, job: str, spec: RunSpec, *, priority: int, now: datetime, key: str | None = None) -> tuple[Job, bool]:
        """A new queued job, and True; with a `key` that came with the same request before, that job, and False.

        Raises:
            IdempotencyConflict: `key` came with another spec or priority.
        """
        with self._transaction() as connection:
            if key is not None:
                found = connection.execute(f"SELECT {_COLUMNS} FROM jobs WHERE idempotency_key = ?", (key,)).fetchone()  # noqa: S608 - our constant
                if found is not None:
                    earlier = _job(found)
                    if (earlier.spec, earlier.priority) != (spec, priority):
                        raise IdempotencyConflict(key)
                    return earlier, False
            connection.execute(
                "INSERT INTO jobs (id, kind, spec, priority, state, created, idempotency_key) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (job, spec.kind, spec.model_dump_json(), priority, JobState.QUEUED, now.isoformat(), key),
            )
        return self.get(job), True

    def get(self, job: str) -> Job:
        """One job; raises KeyError where there is none."""
        rows = self._select("WHERE id = ?", (job,))
        if not rows:
            raise KeyError(job)
        return rows[0]

    def page(self, *, states: Iterable[JobState] = (), before: int | None = None, limit: int) -> list[Job]:
        """The newest `limit` jobs, newest first; of `states` where given, older than the sequence `before`."""
        chosen = sorted(states)
        wheres = ["sequence < ?"] if before is not None else []
        values: list[Any] = [before] if before is not None else []
        if chosen:
            wheres.append(f"state IN ({', '.join('?' * len(chosen))})")
            values += chosen
        where = f"WHERE {' AND '.join(wheres)}" if wheres else ""
        return self._select(f"{where} ORDER BY sequence DESC LIMIT ?", (*values, limit))

    def unfinished(self) -> list[Job]:
        """Every job that is not in a final state, in the order in which they run."""
        states = sorted(UNFINISHED)
        marks = ", ".join("?" * len(states))
        return self._select(f"WHERE state IN ({marks}) ORDER BY priority DESC, sequence", states)

    def next(self) -> Job | None:
        """The queued job that runs next."""
        rows = self._select("WHERE state = ? ORDER BY priority DESC, sequence LIMIT 1", (JobState.QUEUED,))
        return rows[0] if rows else None

    def start(self, job: str, *, run: str, now: datetime) -> None:
        """A queued job becomes running, as `run`."""
        self._move(
            job,
            (JobState.QUEUED,),
            "state = ?, run = ?, started = ?, device = NULL, attempts = attempts + 1",
            (JobState.RUNNING, run, now.isoformat()),
        )

    def computing_on(self, job: str, device: str) -> None:
        """A running job tells its device."""
        self._move(job, (JobState.RUNNING, JobState.PUBLISHING), "device = ?", (device,))

    def publishing(self, job: str) -> None:
        """A running job begins to publish."""
        self._move(job, (JobState.RUNNING, JobState.PUBLISHING), "state = ?", (JobState.PUBLISHING,))

    def requeue(self, job: str, *, counted: bool) -> None:
        """A running job goes back into the queue; its attempt is forgotten unless `counted`."""
        self._move(
            job,
            (JobState.RUNNING, JobState.PUBLISHING),
            "state = ?, run = NULL, started = NULL, device = NULL, attempts = attempts - ?",
            (JobState.QUEUED, 0 if counted else 1),
        )

    def finish(self, job: str, state: JobState, *, now: datetime, failure: Failure | None = None) -> None:
        """An unfinished job reaches a final state."""
        told = None
        if failure is not None:
            told = json.dumps({"slug": failure.slug, "detail": failure.detail, "extensions": dict(failure.extensions)})
        self._move(job, tuple(UNFINISHED), "state = ?, finished = ?, failure = ?", (state, now.isoformat(), told))

    def _move(self, job: str, states: Iterable[JobState], change: str, values: tuple[Any, ...]) -> None:
        chosen = sorted(states)
        marks = ", ".join("?" * len(chosen))
        with self._transaction() as connection:
            done = connection.execute(f"UPDATE jobs SET {change} WHERE id = ? AND state IN ({marks})", (*values, job, *chosen))  # noqa: S608 - our constants
            if done.rowcount != 1:
                raise ValueError(f"{job} is not {' or '.join(chosen)}.")

    def _select(self, clause: str, values: Iterable[Any]) -> list[Job]:
        with self._lock:
            rows = self._connection.execute(f"SELECT {_COLUMNS} FROM jobs {clause}", tuple(values)).fetchall()  # noqa: S608 - our constants
        return [_job(row) for row in rows]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                if self._connection.in_transaction:  # a full disk has already rolled it back
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorname == "SQLITE_FULL":
                    raise OSError(errno.ENOSPC, str(error)) from error
                raise


def _job(row: tuple[Any, ...]) -> Job:
    sequence, id_, spec, priority, state, attempts, run, device, created, started, finished, failure = row
    return Job(
        sequence=sequence,
        id=id_,
        spec=RUN_SPEC.validate_json(spec),
        priority=priority,
        state=JobState(state),
        attempts=attempts,
        run=run,
        device=device,
        created=datetime.fromisoformat(created),
        started=None if started is None else datetime.fromisoformat(started),
        finished=None if finished is None else datetime.fromisoformat(finished),
        failure=None if failure is None else Failure(**json.loads(failure)),
    )
