"""The job table: SQLite under the state directory, written by one trainer, safe against its death at any point."""

import errno
import hashlib
import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from trainer.dialogue.corpora import named_sources
from trainer.jobs.accounts import Account, Held, accounts, charge
from trainer.jobs.job import UNFINISHED, Failure, Job, JobState, Submission
from trainer.jobs.order import Waiting
from trainer.jobs.rows import COLUMNS, WAITING_COLUMNS, job_of, open_database, spec_of, waiting_of
from trainer.runs.spec import RunSpec

__all__ = ["IdempotencyConflict", "JobTable", "is_used"]

_BUSY: Final = (JobState.RUNNING, JobState.PUBLISHING)
_WAITING: Final = f"jobs INDEXED BY jobs_waiting WHERE state = '{JobState.QUEUED}' AND children = 0"
_INSERT: Final = (
    "INSERT INTO jobs (id, kind, spec, priority, state, created, queued, idempotency_key, request, owner, preemptible, "
    "time_limit_s, wanted_device, memory_bytes, memory_declared, expected_s, parent, children) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


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
        """Open or make the file; raises sqlite3.Error as `open_database`."""
        return cls(open_database(path))

    @classmethod
    def read(cls, path: Path) -> list[Job]:
        """Every unfinished job of a file that a trainer may write meanwhile; none where there is no file.

        Raises:
            sqlite3.Error: It is no job table of this version.
        """
        if not path.exists():
            return []
        uri = f"{path.absolute().as_uri()}?mode=ro"
        table = cls(sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=10))
        try:
            return table.unfinished()
        finally:
            table.close()

    def close(self) -> None:
        """Close the file; the table is not used afterwards."""
        with self._lock:
            self._connection.close()

    def add(
        self,
        job: str,
        asked: Submission,
        *,
        now: datetime,
        key: str | None = None,
        sweep: Sequence[tuple[str, Submission]] = (),
    ) -> tuple[Job, bool]:
        """A new queued job, and True; with a `key` that came with the same request before, that job, and False.

        With a `sweep` the job is the parent of these jobs, and has no process of its own.

        Raises:
            IdempotencyConflict: `key` came with another request.
        """
        request = _digest(asked, [child for _, child in sweep])
        with self._transaction() as connection:
            if key is not None:
                row = connection.execute(
                    f"SELECT request, {COLUMNS} FROM jobs WHERE idempotency_key = ?",  # noqa: S608 - our constant
                    (key,),
                ).fetchone()
                if row is not None:
                    known, earlier = row[0], job_of(row[1:])
                    if known != request and (
                        known is not None or (earlier.spec, earlier.priority) != (asked.spec, asked.priority)
                    ):
                        raise IdempotencyConflict(key)
                    return earlier, False
            connection.execute(_INSERT, _values(job, asked, now, key=key, request=request, children=len(sweep)))
            connection.executemany(_INSERT, [_values(name, child, now, parent=job) for name, child in sweep])
        return self.get(job), True

    def get(self, job: str) -> Job:
        """One job; raises KeyError where there is none."""
        rows = self._select("WHERE id = ?", (job,))
        if not rows:
            raise KeyError(job)
        return rows[0]

    def page(
        self, *, states: Iterable[JobState] = (), parent: str | None = None, before: int | None = None, limit: int
    ) -> list[Job]:
        """The newest `limit` jobs, newest first; of `states` and of the sweep `parent` where given, older than `before`."""
        chosen = sorted(states)
        wheres = ["sequence < ?"] if before is not None else []
        values: list[Any] = [before] if before is not None else []
        if chosen:
            wheres.append(f"state IN ({_marks(chosen)})")
            values += chosen
        if parent is not None:
            wheres.append("parent = ?")
            values.append(parent)
        where = f"WHERE {' AND '.join(wheres)}" if wheres else ""
        return self._select(f"{where} ORDER BY sequence DESC LIMIT ?", (*values, limit))

    def unfinished(self) -> list[Job]:
        """Every job that is not in a final state, in order of priority and submission."""
        states = sorted(UNFINISHED)
        return self._select(f"WHERE state IN ({_marks(states)}) ORDER BY priority DESC, sequence", states)

    def unfinished_like(self, spec: RunSpec) -> str | None:
        """An unfinished job that asks for the same; thousands that are alike are read as one."""
        states = sorted(UNFINISHED)
        where = f"state IN ({_marks(states)}) AND children = 0"
        rows = self._rows(f"SELECT min(id), spec FROM jobs WHERE {where} GROUP BY spec", states)  # noqa: S608 - our constants
        return next((job for job, text in rows if spec_of(text) == spec), None)

    def busy(self) -> list[Job]:
        """Every job that a process works on, or did when the trainer died."""
        return self._select(f"WHERE state IN ({_marks(_BUSY)}) AND children = 0 ORDER BY sequence", _BUSY)

    def waiting(self) -> list[Waiting]:
        """Every queued job that needs a device."""
        rows = self._rows(f"SELECT {WAITING_COLUMNS} FROM {_WAITING}", ())  # noqa: S608 - our constants
        return [waiting_of(row) for row in rows]

    def queued(self) -> int:
        """How many jobs wait for a device."""
        return int(self._rows(f"SELECT count(*) FROM {_WAITING}", ())[0][0])  # noqa: S608 - our constant

    def sweep(self, parent: str) -> Counter[JobState]:
        """How many jobs of a sweep are in each state."""
        rows = self._rows("SELECT state, count(*) FROM jobs WHERE parent = ? GROUP BY state", (parent,))
        return Counter({JobState(state): count for state, count in rows})

    def unfinished_sweeps(self) -> list[str]:
        """Every sweep that is not in a final state."""
        states = sorted(UNFINISHED)
        rows = self._rows(f"SELECT id FROM jobs WHERE children > 0 AND state IN ({_marks(states)})", states)  # noqa: S608 - ours
        return [job for (job,) in rows]

    def accounts(self, now: datetime) -> list[Account]:
        """What every owner has had of every kind of device, by now."""
        with self._lock:
            return accounts(self._connection, now)

    def start(self, job: str, *, run: str, now: datetime, slot: str | None = None) -> None:
        """A queued job becomes running, as `run`, on the device named `slot`; its sweep is running from then on."""
        self._move(
            job,
            (JobState.QUEUED,),
            "state = ?, run = ?, started = ?, slot = ?, device = NULL, attempts = attempts + 1",
            (JobState.RUNNING, run, now.isoformat(), slot),
        )
        with self._transaction() as connection:
            connection.execute(
                "UPDATE jobs SET state = ?, started = ? WHERE id = (SELECT parent FROM jobs WHERE id = ?) AND state = ?",
                (JobState.RUNNING, now.isoformat(), job, JobState.QUEUED),
            )

    def computing_on(self, job: str, device: str) -> None:
        """A running job tells its device."""
        self._move(job, _BUSY, "device = ?", (device,))

    def peaked(self, job: str, memory_bytes: int) -> None:
        """A running job tells how much memory it has held."""
        self._move(job, _BUSY, "peak_bytes = ?", (memory_bytes,))

    def publishing(self, job: str) -> None:
        """A running job begins to publish."""
        self._move(job, _BUSY, "state = ?", (JobState.PUBLISHING,))

    def requeue(self, job: str, *, counted: bool, now: datetime, held: Held | None = None, preempted: bool = False) -> None:
        """A running job goes back into the queue; its attempt is forgotten unless `counted`."""
        self._move(
            job,
            _BUSY,
            "state = ?, run = NULL, started = NULL, device = NULL, slot = NULL, queued = ?, "
            "attempts = attempts - ?, preemptions = preemptions + ?",
            (JobState.QUEUED, now.isoformat(), 0 if counted else 1, int(preempted)),
            held=(held, now),
        )

    def finish(
        self, job: str, state: JobState, *, now: datetime, failure: Failure | None = None, held: Held | None = None
    ) -> None:
        """An unfinished job reaches a final state."""
        problem = None
        if failure is not None:
            problem = json.dumps({"slug": failure.slug, "detail": failure.detail, "extensions": dict(failure.extensions)})
        self._move(
            job,
            tuple(UNFINISHED),
            "state = ?, finished = ?, failure = ?, slot = NULL",
            (state, now.isoformat(), problem),
            held=(held, now),
        )

    def _move(
        self,
        job: str,
        states: Iterable[JobState],
        change: str,
        values: tuple[Any, ...],
        *,
        held: tuple[Held | None, datetime] | None = None,
    ) -> None:
        chosen = sorted(states)
        with self._transaction() as connection:
            if held is not None and held[0] is not None:
                charge(connection, job, held[0], held[1])
            done = connection.execute(
                f"UPDATE jobs SET {change} WHERE id = ? AND state IN ({_marks(chosen)})",  # noqa: S608 - our constants
                (*values, job, *chosen),
            )
            if done.rowcount != 1:
                raise ValueError(f"{job} is not {' or '.join(chosen)}.")

    def _select(self, clause: str, values: Iterable[Any]) -> list[Job]:
        return [job_of(row) for row in self._rows(f"SELECT {COLUMNS} FROM jobs {clause}", values)]  # noqa: S608 - our constants

    def _rows(self, query: str, values: Iterable[Any]) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(query, tuple(values)).fetchall()

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


def is_used(run: str, jobs: Sequence[Job]) -> bool:
    """Does one of these jobs make a run, or name its files?"""
    words = (word for job in jobs if job.spec is not None for word in named_sources(job.spec))
    return any(job.run == run for job in jobs) or any(run in word for word in words)


def _values(
    job: str,
    asked: Submission,
    now: datetime,
    *,
    key: str | None = None,
    request: str | None = None,
    parent: str | None = None,
    children: int = 0,
) -> tuple[Any, ...]:
    """Of `_INSERT`."""
    return (
        *(
            job,
            asked.spec.kind,
            asked.spec.model_dump_json(),
            asked.priority,
            JobState.QUEUED,
            now.isoformat(),
            now.isoformat(),
        ),
        *(key, request, asked.owner, int(asked.preemptible), asked.time_limit_s, asked.spec.device),
        *(asked.needs.memory_bytes, int(asked.needs.declared), asked.needs.seconds, parent, children),
    )


def _digest(asked: Submission, sweep: Sequence[Submission]) -> str:
    """Of what a caller said; what was estimated may differ the next time."""
    said = [
        [
            one.spec.model_dump_json(),
            one.priority,
            one.preemptible,
            one.time_limit_s,
            one.needs.declared and one.needs.memory_bytes,
        ]
        for one in (asked, *sweep)
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
