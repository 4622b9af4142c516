"""The supervisor: works off the queue, one job at a time, and leaves every row in a state that is true."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import structlog

from contracts.kinds import RunKind
from trainer.jobs.assignment import Assignment, JobDirectory
from trainer.jobs.events import Event, EventKind, EventReader, EventWriter
from trainer.jobs.executors.executor import Execution, Executor
from trainer.jobs.job import ATTEMPTS, Failure, Job, JobState
from trainer.jobs.published import PublishedRuns
from trainer.jobs.table import JobTable
from trainer.runs import problems
from trainer.runs.identity import new_run
from trainer.runs.report import Stage
from trainer.settings import Settings

__all__ = ["JobFinished", "Supervisor"]

_FOLLOW_S: Final = 0.1
_RETRY_S: Final = 5.0
_WRITES: Final = frozenset({Stage.NETWORK, Stage.WRITE, Stage.COMMIT, Stage.PUBLISH})
"""Stages that leave something in the store when they do not come to their end."""
_log = structlog.stdlib.get_logger(__name__)


class JobFinished(Exception):
    """A job that succeeded or failed cannot be cancelled."""


@dataclass
class _Attempt:
    """The job under way."""

    job: Job
    execution: Execution | None = None
    cancelled: bool = False
    stopped: bool = False
    stages: set[Stage] = field(default_factory=set)
    """Those that began."""
    published: bool = False
    failure: Failure | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """One per trainer. `run` works until `stop`; everything belongs to one event loop."""

    def __init__(
        self,
        table: JobTable,
        executor: Executor,
        keeper: PublishedRuns,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        retry_s: float = _RETRY_S,
    ) -> None:
        self._table = table
        self._executor = executor
        self._keeper = keeper
        self._settings = settings
        self._clock = clock
        self._retry_s = retry_s
        self._awake = asyncio.Event()
        self._stopping = False
        self._taking = asyncio.Lock()
        self._attempt: _Attempt | None = None
        self.trouble: str | None = None
        """Why the queue stands still, for people; None while it does not."""

    def directory(self, job: str) -> JobDirectory:
        """Where a job's events and log lie."""
        return JobDirectory(self._settings.state / "jobs" / job)

    def wake(self) -> None:
        """Say that a job was queued."""
        self._awake.set()

    async def run(self) -> None:
        """Settle what an earlier trainer left, then work off the queue until `stop`.

        Where the disk refuses, the queue waits and tries again; `trouble` says why.
        """
        reason, counted = "the trainer stopped", True
        while not self._stopping:
            try:
                await self._settle_leftovers(reason, counted=counted)
                self.trouble = None
                await self._work()
            except (OSError, sqlite3.Error) as error:
                reason, counted = f"the disk refused: {error}", False
                self.trouble = f"The queue stands still: {error}"
                _log.exception("queue_stopped", retry_s=self._retry_s)
                self._awake.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), self._retry_s)

    async def stop(self) -> None:
        """End `run` soon. The job under way is stopped and stays queued for the next start, its attempt forgotten."""
        self._stopping = True
        self._awake.set()
        async with self._taking:
            if self._attempt is not None:
                self._attempt.stopped = True
                if self._attempt.execution is not None:
                    await self._attempt.execution.stop()

    async def cancel(self, job: str) -> Job:
        """Cancel a job and wait until it has ended; cancelling twice is the same as once.

        The answer may be a job that succeeded, where the run was published in the last moment.

        Raises:
            KeyError: There is no such job.
            JobFinished: It had succeeded or failed before.
        """
        async with self._taking:
            found = await asyncio.to_thread(self._table.get, job)
            if found.state is JobState.CANCELLED:
                return found
            if found.state.final:
                raise JobFinished(job)
            attempt = self._attempt
            if attempt is None or attempt.job.id != job:
                await self._finish(found, JobState.CANCELLED)
                return await asyncio.to_thread(self._table.get, job)
            attempt.cancelled = True
            if attempt.execution is not None:
                await attempt.execution.stop()
        await attempt.settled.wait()
        settled = await asyncio.to_thread(self._table.get, job)
        return settled if settled.state.final else await self.cancel(job)

    async def _settle_leftovers(self, reason: str, *, counted: bool) -> None:
        """Rows that no process works on any more are put right, and the store with them."""
        await asyncio.to_thread(self._keeper.recover)
        for job in await asyncio.to_thread(self._table.unfinished):
            if job.state is JobState.QUEUED:
                continue
            if await self._is_published(job.run):
                await self._finish(job, JobState.SUCCEEDED)
            else:
                await self._interrupted(job, reason, counted=counted)

    async def _work(self) -> None:
        while not self._stopping:
            self._awake.clear()
            async with self._taking:
                self._attempt = attempt = await self._take()
            if attempt is None:
                await self._awake.wait()
                continue
            try:
                ended = await self._execute(attempt)
                await self._settle(attempt, ended)
            finally:
                self._attempt = None
                attempt.settled.set()
            if attempt.stages & _WRITES and not attempt.published and not self._stopping:
                await asyncio.to_thread(self._keeper.recover)

    async def _take(self) -> _Attempt | None:
        job = await asyncio.to_thread(self._table.next)
        if job is None or self._stopping:
            return None
        run = new_run(RunKind(job.spec.kind), self._clock())
        await asyncio.to_thread(self._table.start, job.id, run=run, now=self._clock())
        return _Attempt(await asyncio.to_thread(self._table.get, job.id))

    async def _execute(self, attempt: _Attempt) -> str:
        """Run one attempt, mirroring its events in the job's row; says how its process ended."""
        job, directory = attempt.job, self.directory(attempt.job.id)
        assert job.run is not None  # noqa: S101 - given by `_take`
        _log.info("job_started", job=job.id, run=job.run, attempt=job.attempts)
        directory.assign(Assignment(run=job.run, spec=job.spec, settings=self._settings))
        reader = EventReader(directory.events)
        with EventWriter(directory.events) as writer:
            writer.write(EventKind.ATTEMPT, attempt=job.attempts, run=job.run)
        reader.read()
        attempt.execution = await self._executor.start(directory)
        if attempt.cancelled or attempt.stopped:
            await attempt.execution.stop()
        waiting = asyncio.ensure_future(attempt.execution.wait())
        try:
            while not waiting.done():
                await asyncio.wait({waiting}, timeout=_FOLLOW_S)
                for event in reader.read():
                    await self._mirror(attempt, event)
        except BaseException:
            await attempt.execution.stop()
            await waiting
            raise
        for event in reader.read():
            await self._mirror(attempt, event)
        return waiting.result()

    async def _mirror(self, attempt: _Attempt, event: Event) -> None:
        job = attempt.job.id
        match event.kind:
            case EventKind.DEVICE:
                await asyncio.to_thread(self._table.computing_on, job, event.data["device"])
            case EventKind.STAGE_STARTED:
                attempt.stages.add(Stage(event.data["stage"]))
                if event.data["stage"] == Stage.WRITE:
                    await asyncio.to_thread(self._table.publishing, job)
            case EventKind.PUBLISHED:
                attempt.published = True
            case EventKind.FAILED:
                attempt.failure = Failure(**event.data)
            case _:
                pass

    async def _settle(self, attempt: _Attempt, ended: str) -> None:
        """Give the job the state that is true now that its process has ended."""
        job = attempt.job
        if attempt.published or (Stage.PUBLISH in attempt.stages and await self._is_published(job.run)):
            attempt.published = True
            await self._finish(job, JobState.SUCCEEDED)
        elif attempt.cancelled:
            await self._finish(job, JobState.CANCELLED)
        elif attempt.failure is not None:
            await self._finish(job, JobState.FAILED, attempt.failure)
        elif attempt.stopped:
            await asyncio.to_thread(self._table.requeue, job.id, counted=False)
            _log.info("job_put_back", job=job.id, run=job.run)
        else:
            await self._interrupted(job, ended, counted=True)

    async def _interrupted(self, job: Job, reason: str, *, counted: bool) -> None:
        """A job whose process died without a verdict goes back into the queue, or fails if that was once too often."""
        _log.warning("job_interrupted", job=job.id, run=job.run, attempt=job.attempts, reason=reason)
        self._tell_interruption(job, reason)
        if counted and job.attempts >= ATTEMPTS:
            detail = f"The job was started {job.attempts} times and never came to its end; the last time, {reason}."
            await self._finish(job, JobState.FAILED, Failure(problems.JOB_INTERRUPTED.slug, detail))
        else:
            await asyncio.to_thread(self._table.requeue, job.id, counted=counted)

    def _tell_interruption(self, job: Job, reason: str) -> None:
        directory = self.directory(job.id)
        if directory.root.is_dir():
            with EventWriter(directory.events) as writer:
                writer.write(EventKind.INTERRUPTED, attempt=job.attempts, reason=reason)

    async def _finish(self, job: Job, state: JobState, failure: Failure | None = None) -> None:
        await asyncio.to_thread(self._table.finish, job.id, state, now=self._clock(), failure=failure)
        told = {} if failure is None else {"problem": failure.slug, "detail": failure.detail}
        _log.info(f"job_{state}", job=job.id, run=job.run, **told)

    async def _is_published(self, run: str | None) -> bool:
        return run is not None and await asyncio.to_thread(self._keeper.published, run)
