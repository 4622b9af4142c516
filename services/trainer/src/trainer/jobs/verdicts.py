"""Verdicts: the state that a job gets when an attempt of it has ended, with its events, its log line and its sweep."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import structlog

from trainer.jobs.accounts import Held
from trainer.jobs.assignment import JobDirectory
from trainer.jobs.attempt import Attempt, Ending
from trainer.jobs.devices.listing import DeviceKind, SlottedDevice
from trainer.jobs.events import EventKind, EventReader, EventWriter
from trainer.jobs.executors.executor import Outcome
from trainer.jobs.job import ATTEMPTS, Failure, Job, JobState
from trainer.jobs.order import devices_for
from trainer.jobs.published import PublishedRuns
from trainer.jobs.table import JobTable
from trainer.runs import problems
from trainer.runs.report import Stage

__all__ = ["Verdicts"]

_log = structlog.stdlib.get_logger(__name__)


class Verdicts:
    """Writes them into the job table."""

    def __init__(
        self, table: JobTable, runs: PublishedRuns, directory: Callable[[str], JobDirectory], clock: Callable[[], datetime]
    ) -> None:
        self._table = table
        self._runs = runs
        self._directory = directory
        self._clock = clock

    async def settle(self, attempt: Attempt, outcome: Outcome, sound: Sequence[SlottedDevice]) -> None:
        """Give the job the state that is true now that its process has ended; `sound` are the devices in order."""
        job, held, failure = attempt.job, attempt.held, attempt.failure
        is_broken_device = failure is not None and failure.slug == problems.DEVICE_FAILED.slug
        if attempt.published or (Stage.PUBLISH in attempt.stages and await self.is_published(job.run)):
            attempt.published = True
            await self.finish(job, JobState.SUCCEEDED, held=held)
        elif attempt.ending is Ending.CANCELLED:
            await self.finish(job, JobState.CANCELLED, held=held)
        elif failure is not None and is_broken_device and attempt.device.apart:  # the next attempt may get another
            await self.interrupted(job, failure.detail, counted=True, held=held)
        elif failure is not None and is_broken_device:
            await self._elsewhere(job, failure.detail, held, sound)
        elif failure is not None:
            await self.finish(job, JobState.FAILED, failure, held=held)
        else:
            await self._settle_ended(attempt, outcome, held, sound)

    async def _settle_ended(self, attempt: Attempt, outcome: Outcome, held: Held, sound: Sequence[SlottedDevice]) -> None:
        """As `settle`, of an attempt that gave no verdict itself."""
        job, reason = attempt.job, attempt.reason
        match attempt.ending:
            case Ending.PREEMPTED:
                self._tell(job, EventKind.PREEMPTED, reason)
                await self._requeue(job, held, counted=False, preempted=True)
                _log.info("job_preempted", job=job.id, run=job.run, reason=reason)
            case Ending.STOPPED:
                await self._requeue(job, held, counted=False)
                _log.info("job_put_back", job=job.id, run=job.run)
            case Ending.OVER_TIME:
                failure = Failure(problems.TIME_LIMIT.slug, reason, {"time_limit_s": job.time_limit_s})
                await self.finish(job, JobState.FAILED, failure, held=held)
            case Ending.DEVICE_FAILED:
                await self._elsewhere(job, reason, held, sound)
            case Ending.FROZEN:
                await self.interrupted(job, reason, counted=True, held=held)
            case _ if outcome.failure is not None:
                await self.finish(job, JobState.FAILED, outcome.failure, held=held)
            case _:
                await self.interrupted(job, outcome.reason, counted=outcome.counted, held=held)

    async def settle_leftover(self, job: Job, reason: str, *, counted: bool) -> None:
        """Put a row right that no process works on any more."""
        if await self.is_published(job.run):
            await self.finish(job, JobState.SUCCEEDED, held=self._left(job))
        else:
            await self.interrupted(job, reason, counted=counted, held=self._left(job))

    async def settle_sweep(self, parent: str) -> None:
        """End a sweep whose jobs have all ended: succeeded if all did, failed if one did."""
        states = await asyncio.to_thread(self._table.sweep, parent)
        if any(not state.final for state in states):
            return
        job = await asyncio.to_thread(self._table.get, parent)
        if job.state.final:
            return
        failed, cancelled = states[JobState.FAILED], states[JobState.CANCELLED]
        if failed:
            detail = f"{failed} of the sweep's {states.total()} jobs failed; `GET /v1/jobs?parent={parent}` lists them."
            await self.finish(job, JobState.FAILED, Failure(problems.SWEEP_INCOMPLETE.slug, detail))
        else:
            await self.finish(job, JobState.CANCELLED if cancelled else JobState.SUCCEEDED)

    async def interrupted(self, job: Job, reason: str, *, counted: bool, held: Held | None = None) -> None:
        """A job whose process died without a verdict goes back into the queue, or fails if that was once too often."""
        _log.warning("job_interrupted", job=job.id, run=job.run, attempt=job.attempts, reason=reason)
        self._tell(job, EventKind.INTERRUPTED, reason)
        if counted and job.attempts >= ATTEMPTS:
            detail = f"The job was started {job.attempts} times and never came to its end; the last time, {reason}."
            await self.finish(job, JobState.FAILED, Failure(problems.JOB_INTERRUPTED.slug, detail), held=held)
        else:
            await self._requeue(job, held, counted=counted)

    async def finish(self, job: Job, state: JobState, failure: Failure | None = None, *, held: Held | None = None) -> None:
        """Give a job its final state, and its sweep one where it was the last of it."""
        await asyncio.to_thread(self._table.finish, job.id, state, now=self._clock(), failure=failure, held=held)
        reason = {} if failure is None else {"problem": failure.slug, "detail": failure.detail}
        _log.info(f"job_{state}", job=job.id, run=job.run, **reason)
        if job.parent is not None:
            await self.settle_sweep(job.parent)

    async def is_published(self, run: str | None) -> bool:
        """Do readers see the run?"""
        return run is not None and await asyncio.to_thread(self._runs.published, run)

    async def _elsewhere(self, job: Job, reason: str, held: Held, sound: Sequence[SlottedDevice]) -> None:
        """A job whose device failed, which is no fault of its own, waits for another; it fails where there is none."""
        word = "auto" if job.spec is None else job.spec.device
        if devices_for(word, job.needs.memory_bytes, sound):
            _log.warning("job_interrupted", job=job.id, run=job.run, attempt=job.attempts, reason=reason)
            self._tell(job, EventKind.INTERRUPTED, reason)
            await self._requeue(job, held, counted=False)
        else:
            detail = f"{reason} No other device here is one that the job can run on."
            await self.finish(job, JobState.FAILED, Failure(problems.DEVICE_FAILED.slug, detail), held=held)

    async def _requeue(self, job: Job, held: Held | None, *, counted: bool, preempted: bool = False) -> None:
        now = self._clock()
        await asyncio.to_thread(self._table.requeue, job.id, counted=counted, now=now, held=held, preempted=preempted)

    def _tell(self, job: Job, kind: EventKind, reason: str) -> None:
        directory = self._directory(job.id)
        if directory.root.is_dir():
            with EventWriter(directory.events) as writer:
                writer.write(kind, attempt=job.attempts, reason=reason)

    def _left(self, job: Job) -> Held | None:
        """What an attempt had whose trainer died, as far as its last event tells."""
        events = EventReader(self._directory(job.id).events).read()
        if job.started is None or not events:
            return None
        seconds = max(0.0, (min(events[-1].time, datetime.now(UTC)) - job.started).total_seconds())
        kind = DeviceKind.CPU if job.slot is None or job.slot.startswith("cpu") else DeviceKind.GPU
        return Held(kind, seconds)
