"""The desk: where callers hand jobs in, ask after them, follow and cancel them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Collection
from datetime import UTC, datetime
from typing import Final

from trainer.jobs.assignment import JobDirectory
from trainer.jobs.events import Event, EventKind, EventReader
from trainer.jobs.job import Job, JobState
from trainer.jobs.supervisor import Supervisor
from trainer.jobs.table import JobTable
from trainer.runs.spec import RunSpec

__all__ = ["Desk"]

_FOLLOW_S: Final = 0.2


class Desk:
    """The job table and the supervisor, as callers on the event loop see them."""

    def __init__(
        self, table: JobTable, supervisor: Supervisor, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._table = table
        self._supervisor = supervisor
        self._clock = clock
        self._closing = False

    async def submit(self, spec: RunSpec, *, priority: int = 0, key: str | None = None) -> tuple[Job, bool]:
        """Queue a job; with a `key` that came with the same request before, that job, and False.

        Raises:
            IdempotencyConflict: The key came with another request.
        """
        now = self._clock()
        name = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        job, fresh = await asyncio.to_thread(self._table.add, name, spec, priority=priority, now=now, key=key)
        self._supervisor.wake()
        return job, fresh

    async def job(self, job: str) -> Job:
        """One job; raises KeyError where there is none."""
        return await asyncio.to_thread(self._table.get, job)

    async def page(self, *, states: Collection[JobState] = (), before: int | None = None, limit: int) -> list[Job]:
        """The newest `limit` jobs, newest first; of `states` where given, older than the sequence `before`."""
        return await asyncio.to_thread(self._table.page, states=states, before=before, limit=limit)

    async def unfinished(self) -> list[Job]:
        """Every job that is queued or worked on."""
        return await asyncio.to_thread(self._table.unfinished)

    async def cancel(self, job: str) -> Job:
        """As `Supervisor.cancel`."""
        return await self._supervisor.cancel(job)

    async def follow(self, job: str, *, after: int = 0) -> AsyncIterator[Event]:
        """The job's events with an id greater than `after`, then as they come; the last is `end`.

        Without `end` the trainer stopped; who comes back with the last id misses nothing.
        """
        reader = EventReader(self.directory(job).events, after=after)
        while not self._closing:
            state = (await self.job(job)).state  # asked first: what is written before the end is read before it is told
            for event in await asyncio.to_thread(reader.read):
                yield event
            if state.final:
                yield Event(reader.last_id + 1, self._clock(), EventKind.END, {})
                return
            await asyncio.sleep(_FOLLOW_S)

    def directory(self, job: str) -> JobDirectory:
        """Where the job's events and log lie; there is nothing before it was started."""
        return self._supervisor.directory(job)

    def close(self) -> None:
        """End every `follow`."""
        self._closing = True
