"""The supervisor: gives waiting jobs their devices in turn, watches them, and leaves every row in a state that is true."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import structlog

from contracts.kinds import RunKind
from trainer.jobs import order
from trainer.jobs.assignment import JobDirectory
from trainer.jobs.attempt import Attempt, Ending
from trainer.jobs.course import Course
from trainer.jobs.devices.listing import DeviceKind, Inventory, Listing, SlottedDevice
from trainer.jobs.diagnosis import diagnose, never_fits, of_the_disk
from trainer.jobs.events import part_from_writers
from trainer.jobs.executors.executor import Away, Executor, Outcome
from trainer.jobs.job import Failure, Job, JobState
from trainer.jobs.published import PublishedRuns
from trainer.jobs.table import JobTable
from trainer.jobs.verdicts import Verdicts
from trainer.runs import problems
from trainer.runs.identity import new_run
from trainer.runs.report import Stage
from trainer.settings import Settings

__all__ = ["JobFinished", "Pace", "Supervisor"]

_LOOK_SOON_S: Final = 0.2
"""While it is not known which devices there are."""
_WRITES: Final = frozenset({Stage.NETWORK, Stage.WRITE, Stage.COMMIT, Stage.PUBLISH})
"""Stages that leave something in the store when they do not come to their end."""
_log = structlog.stdlib.get_logger(__name__)


class JobFinished(Exception):
    """A job that succeeded or failed cannot be cancelled."""


@dataclass(frozen=True)
class Pace:
    """How often a supervisor looks."""

    follow_s: float = 0.1
    """After the events of jobs."""
    look_s: float = 5.0
    """After the devices, at least."""
    retry_s: float = 5.0
    """Whether what has stopped the queue has passed."""


class Supervisor:
    """One per trainer. `run` works until `stop`; everything belongs to one event loop."""

    def __init__(
        self,
        table: JobTable,
        executor: Executor,
        runs: PublishedRuns,
        settings: Settings,
        inventory: Inventory,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock_s: Callable[[], float] = time.monotonic,
        pace: Pace | None = None,
    ) -> None:
        self._table = table
        self._executor = executor
        self._runs = runs
        self._settings = settings
        self._inventory = inventory
        self._clock = clock
        self._clock_s = clock_s
        self._pace = pace or Pace()
        self._verdicts = Verdicts(table, runs, self.directory, clock)
        self._course = Course(table, executor, settings, self.directory, follow_s=self._pace.follow_s)
        self._awake = asyncio.Event()
        self._settled = asyncio.Event()
        """It is known which attempts go on."""
        self._stopping = False
        self._taking = asyncio.Lock()
        self._recovering = asyncio.Lock()
        self._attempts: dict[str, Attempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._broken: Exception | None = None
        self._drained: dict[str, str] = {}
        """Name of a device to why it gets no more jobs from this trainer."""
        self.slots: dict[str, int] = {}
        """Name of each device that was there at the last look to the jobs that it takes at a time; a faulty one takes none."""
        self.trouble: str | None = None
        """Why the queue stands still, for people; None while it does not."""

    def directory(self, job: str) -> JobDirectory:
        """Where a job's events and log lie."""
        return JobDirectory(self._settings.state / "jobs" / job)

    def wake(self) -> None:
        """Say that a job was queued."""
        self._awake.set()

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Those under way."""
        return tuple(self._attempts.values())

    def pending(self, job: str) -> str | None:
        """Why a cluster does not run a job yet that it was given; None where it does, or was not."""
        attempt = self._attempts.get(job)
        return None if attempt is None or attempt.execution is None else attempt.execution.pending

    async def devices(self) -> Listing:
        """The devices now, with the faults that jobs met."""
        listing = await self._inventory.look()
        if self._drained:
            devices = [replace(device, fault=device.fault or self._drained.get(device.name)) for device in listing.devices]
            listing = replace(listing, devices=devices)
        self.slots = {device.name: device.slots if device.fault is None else 0 for device in listing.devices}
        return listing

    async def outlook(self) -> dict[str, order.Outlook]:
        """What every waiting job can expect."""
        devices, now = (await self.devices()).devices, self._clock()
        running = [attempt.running for attempt in self.attempts]

        def look() -> dict[str, order.Outlook]:
            return order.outlook(self._table.waiting(), running, devices, self._charges(now), now)

        return await asyncio.to_thread(look)

    async def run(self) -> None:
        """Settle what an earlier trainer left, then work off the queue until `stop`.

        Where the disk refuses, or something else that is no single job's fault fails, the queue waits and tries again;
        `trouble` says why.
        """
        # Where jobs outlive the trainer, what is not there was not started yet: no fault of the job's.
        reason, counted = "the trainer stopped", not self._executor.outlives
        while not self._stopping:
            try:
                await self._settle_leftovers(reason, counted=counted)
                self._settled.set()
                self.trouble = None
                await self._work()
            except Exception as error:  # noqa: BLE001 - `trouble` tells it, whatever it is, and the log where it comes from
                self.trouble = f"The queue stands still: {str(error) or repr(error)}"
                self._settled.clear()
                if isinstance(error, Away):  # attempts go on there, or were never made: why is what it was
                    _log.warning("queue_stopped", reason=str(error), retry_s=self._pace.retry_s)
                else:
                    counted = not of_the_disk(error)
                    reason = f"the trainer met a defect: {error!r}" if counted else f"the disk refused: {error}"
                    _log.exception("queue_stopped", retry_s=self._pace.retry_s)
                await self._end_all(reason)
                self._broken = None
                self._awake.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), self._pace.retry_s)

    async def stop(self) -> None:
        """End `run` soon. Jobs under way are stopped and stay queued for the next start, their attempts forgotten.

        Those whose processes outlive this one go on, and the next start adopts them.
        """
        self._stopping = True
        self._settled.clear()
        self._awake.set()
        async with self._taking:
            await self._end_all("the trainer stops")

    async def cancel(self, job: str) -> Job:
        """Cancel a job, and of a sweep every job; wait until it has ended. Cancelling twice is the same as once.

        The answer may be a job that succeeded, where the run was published in the last moment.

        Raises:
            KeyError: There is no such job.
            JobFinished: It had succeeded or failed before.
        """
        async with self._taking:
            row = await asyncio.to_thread(self._table.get, job)
            if row.state is JobState.CANCELLED:
                return row
            if row.state.final:
                raise JobFinished(job)
            attempt = self._attempts.get(job)
            if attempt is not None:
                attempt.end(Ending.CANCELLED, "its caller cancelled it")
            elif row.state is JobState.QUEUED and not row.children:
                await self._verdicts.finish(row, JobState.CANCELLED)
                return await asyncio.to_thread(self._table.get, job)
        if attempt is not None:
            await attempt.settled.wait()
        elif not row.children:  # an earlier trainer's attempt, of which it is not known yet whether it goes on
            await self._settled.wait()
        else:
            await self._cancel_children(job)
        settled = await asyncio.to_thread(self._table.get, job)
        return settled if settled.state.final else await self.cancel(job)

    async def _cancel_children(self, parent: str) -> None:
        children = await asyncio.to_thread(self._table.page, parent=parent, limit=10**6)
        for child in children:
            with suppress(JobFinished):
                await self.cancel(child.id)

    async def _settle_leftovers(self, reason: str, *, counted: bool) -> None:
        """Attempts that have outlived an earlier trainer are adopted; other rows are put right, and the store with them."""
        async with self._taking:  # nobody cancels them meanwhile
            left = await self._adopt()
        for job in left:
            await asyncio.to_thread(self.directory(job.id).revoke)
        await self._recover()  # waits for who publishes: from then on they publish nothing
        for job in left:
            await asyncio.to_thread(part_from_writers, self.directory(job.id).events)
        async with self._taking:
            for job in await asyncio.to_thread(self._table.busy):
                if job.id not in self._attempts:
                    await self._verdicts.settle_leftover(job, reason, counted=counted)
            for sweep in await asyncio.to_thread(self._table.unfinished_sweeps):
                await self._verdicts.settle_sweep(sweep)

    async def _adopt(self) -> list[Job]:
        """Go on with the attempts of an earlier trainer that still run; gives the jobs whose attempts do not."""
        busy = await asyncio.to_thread(self._table.busy)
        devices = {device.name: device for device in (await self.devices()).devices}
        held = {job.run: job for job in busy if job.run is not None and job.slot in devices}
        ran_s = {run: await asyncio.to_thread(self._course.ran_s, job, self._clock()) for run, job in held.items()}
        executions = await self._executor.adopt({run: self.directory(job.id) for run, job in held.items()})
        for run, execution in executions.items():
            job = held[run]
            assert job.slot is not None  # noqa: S101 - by that its device was found
            _log.info("job_adopted", job=job.id, run=run)
            self._begin(Attempt(job, devices[job.slot], self._clock_s, execution, ran_s=ran_s[run]))
        return [job for job in busy if job.id not in self._attempts]

    async def _work(self) -> None:
        while not self._stopping:
            self._awake.clear()
            async with self._taking:
                settled = await self._arrange()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), self._pace.look_s if settled else _LOOK_SOON_S)
            if self._broken is not None:
                raise self._broken

    async def _arrange(self) -> bool:
        """Start and stop what is to be started and stopped now; whether it is known which devices there are."""
        listing = await self.devices()
        if not listing.settled or self._stopping:
            return listing.settled
        self._leave_failed_devices(listing)
        if not self._could_take(listing):
            return True
        waiting = await self._that_fit_somewhere(listing)
        if not waiting:
            return True
        now = self._clock()
        charges = await asyncio.to_thread(self._charges, now)
        running = [attempt.running for attempt in self.attempts]
        for decision in await asyncio.to_thread(order.decide, waiting, running, listing.devices, charges, now):
            match decision:
                case order.Start(job, device):
                    await self._start(job, device)
                case order.Preempt(job, for_job) if job in self._attempts:  # it may have ended meanwhile
                    self._attempts[job].end(Ending.PREEMPTED, f"it makes way for job {for_job}, whose priority is greater")
                case _:
                    pass
        return True

    def _leave_failed_devices(self, listing: Listing) -> None:
        """End jobs whose device has vanished or erred."""
        sound = {device.name: device.fault for device in listing.devices}
        for attempt in self.attempts:
            name = attempt.device.name
            fault = sound.get(name, "It is no longer there.")
            if fault is not None and name not in self._drained:  # a job that met the fault itself has told it better
                _log.error("device_failed", device=name, reason=fault)
                attempt.end(Ending.DEVICE_FAILED, f"Its device {name} failed: {fault}")

    def _could_take(self, listing: Listing) -> bool:
        """Is anything free, or could anything be made so? Most of the time nothing is, and the queue need not be read."""
        taken = [attempt.device.name for attempt in self.attempts]
        free = any(device.fault is None and taken.count(device.name) < device.slots for device in listing.devices)
        return free or any(attempt.job.preemptible and attempt.ending is None for attempt in self.attempts)

    async def _that_fit_somewhere(self, listing: Listing) -> list[order.Waiting]:
        """The waiting jobs; those that no device here can ever take, which may have shrunk since, fail."""
        waiting = await asyncio.to_thread(self._table.waiting)
        if not waiting:
            return []
        whole = [replace(device, fault=None) for device in listing.devices]
        fits = {asked: bool(order.devices_for(*asked, whole)) for asked in {(job.device, job.memory_bytes) for job in waiting}}
        for job in waiting:
            if not fits[job.device, job.memory_bytes]:
                row = await asyncio.to_thread(self._table.get, job.id)
                await self._verdicts.finish(row, JobState.FAILED, never_fits(job.device, job.memory_bytes, whole))
        return [job for job in waiting if fits[job.device, job.memory_bytes]]

    def _charges(self, now: datetime) -> dict[tuple[str, DeviceKind], float]:
        return {(account.owner, account.kind): account.charge for account in self._table.accounts(now)}

    async def _start(self, job: str, device: SlottedDevice) -> None:
        row = await asyncio.to_thread(self._table.get, job)
        if row.spec is None:
            detail = "An earlier version of the trainer took this job in; this one cannot read what it says."
            await self._verdicts.finish(row, JobState.FAILED, Failure(problems.JOB_UNREADABLE.slug, detail))
            return
        run = new_run(RunKind(row.spec.kind), self._clock())
        await asyncio.to_thread(self._table.start, job, run=run, now=self._clock(), slot=device.name)
        self._begin(Attempt(await asyncio.to_thread(self._table.get, job), device, self._clock_s))

    def _begin(self, attempt: Attempt) -> None:
        self._attempts[attempt.job.id] = attempt
        task = asyncio.create_task(self._attend(attempt), name=f"job {attempt.job.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, attempt: Attempt) -> None:
        """Work off one attempt; what is no fault of its job's stops the queue."""
        try:
            try:
                outcome = await self._course.run(attempt)
                if attempt.ending is not Ending.LEFT:
                    await self._settle(attempt, outcome)
            except Exception as error:
                if of_the_disk(error):
                    raise
                _log.exception("job_broken", job=attempt.job.id)
                await self._give_up(attempt, is_left=True)
                verdict = (JobState.SUCCEEDED, None) if attempt.published else (JobState.FAILED, diagnose(error))
                await self._verdicts.finish(attempt.job, *verdict, held=attempt.held)
            finally:
                del self._attempts[attempt.job.id]
                attempt.settled.set()
                self.wake()
            if attempt.stages & _WRITES and not attempt.published and not self._stopping:
                await self._recover()
        except Exception as error:  # noqa: BLE001 - `run` tells it
            self._broken = error
            self._settled.clear()
            self.wake()

    async def _settle(self, attempt: Attempt, outcome: Outcome) -> None:
        await self._give_up(attempt, is_left=outcome.is_left)
        failure, name = attempt.failure, attempt.device.name
        if failure is not None and failure.slug == problems.DEVICE_FAILED.slug and not attempt.device.apart:
            self._drained[name] = failure.detail
            _log.error("device_failed", device=name, reason=failure.detail)
        sound = [device for device in (await self.devices()).devices if device.fault is None]
        await self._verdicts.settle(attempt, outcome, sound)

    async def _give_up(self, attempt: Attempt, *, is_left: bool) -> None:
        """Take back the right to publish; of an attempt that may go on, it is known then whether it has done so."""
        directory = self.directory(attempt.job.id)
        await asyncio.to_thread(directory.revoke)
        if is_left:
            await self._recover()  # waits for who publishes: from then on it publishes nothing
            await asyncio.to_thread(part_from_writers, directory.events)
            attempt.published = attempt.published or await self._verdicts.is_published(attempt.job.run)

    async def _recover(self) -> None:
        """Remove from the store what no publication names, once at a time."""
        async with self._recovering:
            await asyncio.to_thread(self._runs.recover)

    async def _end_all(self, reason: str) -> None:
        for attempt in self.attempts:
            attempt.end(Ending.LEFT if self._executor.outlives else Ending.STOPPED, reason)
        await asyncio.gather(*self._tasks, return_exceptions=True)
