"""The course of an attempt: its process is started, and its events are mirrored in the job's row until it has ended."""

import asyncio
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog

from trainer.device import threads_within
from trainer.jobs.assignment import Assignment, JobDirectory
from trainer.jobs.attempt import Attempt, place_on
from trainer.jobs.devices.listing import DeviceKind
from trainer.jobs.diagnosis import of_the_disk
from trainer.jobs.events import EventKind, EventReader, EventWriter, JobEvent
from trainer.jobs.executors.executor import Executor, Outcome
from trainer.jobs.job import Failure, Job
from trainer.jobs.table import JobTable
from trainer.runs.report import Stage
from trainer.settings import Settings

__all__ = ["Course"]

_log = structlog.stdlib.get_logger(__name__)


class Course:
    """Runs attempts by an executor."""

    def __init__(
        self,
        table: JobTable,
        executor: Executor,
        settings: Settings,
        directory: Callable[[str], JobDirectory],
        *,
        follow_s: float,
    ) -> None:
        """`follow_s`: events are looked for so often."""
        self._table = table
        self._executor = executor
        self._settings = settings
        self._directory = directory
        self._follow_s = follow_s

    async def run(self, attempt: Attempt) -> Outcome:
        """Run one attempt, or go on with one that was adopted, mirroring its events in the job's row; says how it ended."""
        directory = self._directory(attempt.job.id)
        if attempt.execution is None:
            reader = await self._begun(attempt, directory)
        else:
            reader = EventReader(directory.events, after=_last_start(directory.events, attempt.job.run))
        assert attempt.execution is not None  # noqa: S101 - given by the lines above
        pending: str | None = None
        waiting = asyncio.ensure_future(attempt.execution.wait())
        try:
            while not waiting.done():
                await asyncio.wait({waiting}, timeout=self._follow_s)
                for event in reader.read():
                    await self._mirror(attempt, event)
                if attempt.waits() and attempt.execution.pending != pending:
                    pending = attempt.execution.pending
                    _log.info("job_pending", job=attempt.job.id, run=attempt.job.run, reason=pending)
                if (overdue := attempt.overdue(self._settings.frozen_s)) is not None:
                    attempt.end(*overdue)
        except BaseException as error:
            is_defect = isinstance(error, Exception) and not of_the_disk(error)
            await (attempt.execution.stop() if is_defect else attempt.execution.leave())
            await waiting
            raise
        await attempt.stopped()
        for event in reader.read():
            await self._mirror(attempt, event)
        return waiting.result()

    def ran_s(self, job: Job, now: datetime) -> float:
        """How long the attempt of a trainer before has run: since its process told the first; a wait for a node is none."""
        events = self._directory(job.id).events
        first = next(iter(EventReader(events, after=_last_start(events, job.run)).read()), None)
        return 0.0 if first is None else max(0.0, (now - first.time).total_seconds())

    async def _begun(self, attempt: Attempt, directory: JobDirectory) -> EventReader:
        """Start it; gives what reads the events that follow."""
        job = attempt.job
        _log.info("job_started", job=job.id, run=job.run, attempt=job.attempts, device=attempt.device.name)
        directory.assign(self._assignment(attempt))
        reader = EventReader(directory.events)
        with EventWriter(directory.events) as writer:
            writer.write(EventKind.ATTEMPT, attempt=job.attempts, run=job.run)
        reader.read()
        attempt.started(await self._executor.start(directory))
        return reader

    def _assignment(self, attempt: Attempt) -> Assignment:
        job, device = attempt.job, attempt.device
        assert job.run is not None  # noqa: S101 - given by `_start`
        assert job.spec is not None  # noqa: S101 - the same
        place = place_on(device, job.needs.memory_bytes, frozenset(os.environ))
        settings = self._settings
        if settings.spark_master == "local[*]" and device.kind is DeviceKind.CPU:
            threads = threads_within(max(1, device.cores // device.slots), place.memory_bytes)
            settings = settings.model_copy(update={"spark_master": f"local[{threads}]"})
        left_s = None if job.time_limit_s is None else max(1.0, job.time_limit_s - job.spent.seconds)
        return Assignment(run=job.run, spec=job.spec, settings=settings, place=place, time_left_s=left_s)

    async def _mirror(self, attempt: Attempt, event: JobEvent) -> None:
        job = attempt.job.id
        attempt.heard_s = attempt.clock_s()
        match event.kind:
            case EventKind.DEVICE:
                await asyncio.to_thread(self._table.computing_on, job, event.data["device"])
            case EventKind.STAGE_STARTED:
                attempt.stages.add(Stage(event.data["stage"]))
                if event.data["stage"] == Stage.WRITE:
                    await asyncio.to_thread(self._table.publishing, job)
            case EventKind.MEMORY:
                await asyncio.to_thread(self._table.peaked, job, event.data["peak_bytes"])
            case EventKind.PUBLISHED:
                attempt.published = True
                _log.info("run_published", job=job, run=event.data["run"], decision=event.data.get("decision"))
            case EventKind.FAILED:
                attempt.failure = Failure(**event.data)
            case _:
                pass


def _last_start(events: Path, run: str | None) -> int:
    """Id of the event by which the attempt that makes `run` was told; 0 where none was."""
    starts = (event for event in EventReader(events).read() if event.kind is EventKind.ATTEMPT)
    return max((start.id for start in starts if start.data["run"] == run), default=0)
