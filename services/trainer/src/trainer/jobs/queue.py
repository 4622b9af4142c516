"""The queue of jobs: submit one, look at them, follow and cancel them."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from trainer.jobs.accounts import Account
from trainer.jobs.assignment import JobDirectory
from trainer.jobs.diagnosis import never_fits
from trainer.jobs.events import EventKind, EventReader, JobEvent
from trainer.jobs.job import Failure, Job, JobState, Submission
from trainer.jobs.needs import estimate, unpacked_bytes
from trainer.jobs.order import Outlook, devices_for
from trainer.jobs.supervisor import Supervisor
from trainer.jobs.table import JobTable
from trainer.runs.spec import RunSpec
from trainer.settings import Settings

__all__ = ["JobQueue", "NeverFits", "QueueFull"]

_FOLLOW_S: Final = 0.2
_OUTLOOK_S: Final = 1.0
"""What waiting jobs can expect is computed no more often,"""
_OUTLOOK_SHARE: Final = 0.05
"""nor for more than this share of the time, however many wait; but for a job that came since."""


class NeverFits(Exception):
    """No device here can ever run the job; `failure` has the numbers."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


class QueueFull(Exception):
    """So many jobs wait that no more are taken."""

    def __init__(self, queued: int, limit: int) -> None:
        super().__init__(f"{queued:,} jobs wait, and {limit:,} may.")
        self.queued, self.limit = queued, limit


class JobQueue:
    """The job table and the supervisor, as callers on the event loop see them."""

    def __init__(
        self,
        table: JobTable,
        supervisor: Supervisor,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = table
        self._supervisor = supervisor
        self._settings = settings
        self._clock = clock
        self._closing = False
        self._expected: tuple[float, Mapping[str, Outlook]] = (float("-inf"), {})
        """Until when it counts, and what it is."""
        self._looking = asyncio.Lock()

    async def submit(self, asked: Submission, *, key: str | None = None, sweep: Sequence[Submission] = ()) -> tuple[Job, bool]:
        """Queue a job, with the jobs of its `sweep`; with a `key` that came with the same request before, that one, and False.

        Raises:
            IdempotencyConflict: The key came with another request.
            NeverFits: No device can ever run it, or one of its sweep.
            QueueFull: Too many wait already.
        """
        now = self._clock()
        name = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        considered = [await self._considered(one) for one in (asked, *sweep)]
        queued = await asyncio.to_thread(self._table.queued)
        if queued + max(1, len(sweep)) > self._settings.queue_limit:
            raise QueueFull(queued, self._settings.queue_limit)
        children = [(f"{name}-{place:03}", one) for place, one in enumerate(considered[1:], start=1)]
        job, fresh = await asyncio.to_thread(self._table.add, name, considered[0], now=now, key=key, sweep=children)
        self._supervisor.wake()
        return job, fresh

    async def _considered(self, asked: Submission) -> Submission:
        """The same with what it needs; raises NeverFits."""
        size_bytes = await asyncio.to_thread(unpacked_bytes, asked.spec, self._settings)
        needs = estimate(asked.spec, size_bytes).or_declared(asked.memory_bytes, asked.seconds)
        listing = await self._supervisor.devices()
        whole = [replace(device, fault=None) for device in listing.devices]
        if listing.settled and not devices_for(asked.spec.device, needs.memory_bytes, whole):
            raise NeverFits(never_fits(asked.spec.device, needs.memory_bytes, whole))
        return replace(asked, needs=needs)

    async def outlook(self, jobs: Collection[str]) -> Mapping[str, Outlook]:
        """What waiting jobs can expect, `jobs` among them; seconds old where very many wait."""
        began_s = time.monotonic()
        until_s, expected = self._expected
        if began_s > until_s or any(job not in expected for job in jobs):
            async with self._looking:
                expected = await self._supervisor.outlook()
                ended_s = time.monotonic()
                self._expected = (ended_s + max(_OUTLOOK_S, (ended_s - began_s) / _OUTLOOK_SHARE), expected)
        return expected

    async def accounts(self) -> list[Account]:
        """What every owner has had of every kind of device."""
        return await asyncio.to_thread(self._table.accounts, self._clock())

    async def waiting_owners(self) -> list[str]:
        """The owner of every waiting job."""
        return [job.owner for job in await asyncio.to_thread(self._table.waiting)]

    async def job(self, job: str) -> Job:
        """One job; raises KeyError where there is none."""
        return await asyncio.to_thread(self._table.get, job)

    async def page(
        self, *, states: Collection[JobState] = (), parent: str | None = None, before: int | None = None, limit: int
    ) -> list[Job]:
        """The newest `limit` jobs, newest first; of `states` and of a sweep where given, older than the sequence `before`."""
        return await asyncio.to_thread(self._table.page, states=states, parent=parent, before=before, limit=limit)

    async def unfinished(self) -> list[Job]:
        """Every job that is queued or worked on."""
        return await asyncio.to_thread(self._table.unfinished)

    async def unfinished_like(self, spec: RunSpec) -> str | None:
        """An unfinished job that asks for the same."""
        return await asyncio.to_thread(self._table.unfinished_like, spec)

    async def cancel(self, job: str) -> Job:
        """As `Supervisor.cancel`."""
        return await self._supervisor.cancel(job)

    async def follow(self, job: str, *, after: int = 0) -> AsyncIterator[JobEvent]:
        """The job's events with an id greater than `after`, then as they come; the last is `end`.

        Without `end` the trainer stopped; who comes back with the last id misses nothing.
        """
        reader = EventReader(self.directory(job).events, after=after)
        while not self._closing:
            state = (await self.job(job)).state  # asked first: what is written before the end is read before it is told
            for event in await asyncio.to_thread(reader.read):
                yield event
            if state.final:
                yield JobEvent(reader.last_id + 1, self._clock(), EventKind.END, {})
                return
            await asyncio.sleep(_FOLLOW_S)

    def directory(self, job: str) -> JobDirectory:
        """Where the job's events and log lie; there is nothing before it was started."""
        return self._supervisor.directory(job)

    def close(self) -> None:
        """End every `follow`."""
        self._closing = True
