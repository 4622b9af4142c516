"""A simulated world for the trainer's real queue: a virtual clock, processes, devices and a disk that fail by a seed.

Everything that waits, waits in virtual time; calls that would go to a thread are made at once, and any of them may be where the
disk refuses or the trainer dies. One seed is one history, and the same one every time.
"""

import asyncio
import contextlib
import errno
import json
import random
import selectors
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.jobs import MIB

from trainer.jobs.assignment import JobDirectory
from trainer.jobs.devices.listing import DeviceKind, Listing, SlottedDevice
from trainer.jobs.events import EventKind, EventWriter
from trainer.jobs.executors.executor import Execution, Executor, Outcome
from trainer.jobs.job import JobState, Submission
from trainer.jobs.order import devices_for
from trainer.jobs.queue import JobQueue
from trainer.jobs.rows import open_database
from trainer.jobs.supervisor import JobFinished, Pace, Supervisor
from trainer.jobs.table import JobTable
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings
from trainer.store import lock

__all__ = ["START", "History", "Violation"]

DEVICES = (
    SlottedDevice("cpu", "x86_64", DeviceKind.CPU, 16_000 * MIB, slots=2, cores=8),
    SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 80_000 * MIB, binding="GPU-0"),
    SlottedDevice("cuda:1", "H200", DeviceKind.GPU, 40_000 * MIB, slots=2, binding="GPU-1"),
)
START = datetime(2026, 12, 1, tzinfo=UTC)
FROZEN_S = 500.0
PACE = Pace(follow_s=25.0, look_s=40.0, retry_s=20.0)
CHECK_S = 60.0


class Violation(AssertionError):
    """Something that must never happen."""


class Crash(BaseException):
    """The trainer dies here."""


class _Jump(selectors.DefaultSelector):
    """Passes virtual time instead of waiting."""

    loop: "_VirtualLoop"

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Violation("nothing will ever happen again")
        if timeout <= 0:  # somebody has something to do at this moment
            return []
        self.loop.now_s += timeout
        self.loop.history.pass_time(self.loop.now_s)
        return []


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self, history: "History") -> None:
        selector = _Jump()
        selector.loop = self
        self.now_s = history.now_s
        self.history = history
        super().__init__(selector)

    def time(self) -> float:
        return self.now_s

    def run_in_executor(self, executor: object, func: Callable[..., Any], *args: Any) -> "asyncio.Future[Any]":  # type: ignore[override]  # noqa: ARG002 - the loop's
        future = self.create_future()
        try:
            future.set_result(self.history.call(lambda: func(*args)))
        except BaseException as error:  # noqa: BLE001 - carried to who waits
            future.set_exception(error)
        return future


@dataclass
class _Store:
    """Published runs, and what a run that is being published has left so far."""

    ids: set[str] = field(default_factory=set)
    staged: set[str] = field(default_factory=set)
    held: str | None = None
    """The run that is being published: one at a time, by the store's lock."""

    def published(self, run: str) -> bool:
        return run in self.ids

    def run_of(self, spec: FactorsSpec) -> str | None:  # noqa: ARG002 - the protocol's
        return None

    def serve(self, run: str) -> bool:  # noqa: ARG002 - the protocol's
        return False

    def recover(self) -> None:
        self.staged = {run for run in self.staged if run == self.held}


class _Process:
    """A worker that does what its history says."""

    def __init__(self, history: "History", directory: JobDirectory) -> None:
        self._history = history
        self._directory = directory
        told = json.loads((directory.root / "assignment.json").read_bytes())
        self.run: str = told["run"]
        self.device: str = told["place"]["device"]
        self.memory_bytes: int = told["place"]["memory_bytes"]
        self.job = directory.root.name
        self._ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._living = asyncio.create_task(self._live())

    pending = None

    async def leave(self) -> None:
        self.kill()

    async def wait(self) -> Outcome:
        return await asyncio.shield(self._ended)

    async def stop(self, *, grace_s: float = 0.0) -> None:
        if not self._history.dead and grace_s and self._history.dice.random() < 0.5:
            await asyncio.wait({self._living}, timeout=self._history.dice.uniform(0, grace_s))
        self.kill()

    def kill(self) -> None:
        self._living.cancel()
        self._end("its process was killed by SIGKILL")

    def _end(self, how: str) -> None:
        self._history.processes.discard(self)
        if self._history.store.held == self.run:
            self._history.store.held = None
        if not self._ended.done():
            self._ended.set_result(Outcome(how))

    def _tell(self, kind: EventKind, **data: object) -> None:
        with EventWriter(self._directory.events) as writer:
            writer.write(kind, **data)

    async def _live(self) -> None:
        dice = self._history.dice
        for _ in range(dice.randint(1, 3)):
            await asyncio.sleep(dice.uniform(1, 200))
            self._tell(EventKind.PROGRESS, stage="fit", done=1)
        fate = dice.random()
        if self._history.calm or fate < 0.7:
            await self._publish()
        elif fate < 0.8:
            self._end("its process was killed by SIGKILL")
        elif fate < 0.88:
            self._tell(EventKind.FAILED, slug="invalid-data", detail="row 3", extensions={})
            self._end("its process ended with exit status 1")
        elif fate < 0.94:
            self._tell(EventKind.FAILED, slug="device-failed", detail="an ECC error.", extensions={})
            self._end("its process ended with exit status 1")
        else:
            await asyncio.sleep(10**6)  # frozen

    async def _publish(self) -> None:
        dice, store, run = self._history.dice, self._history.store, self.run
        while store.held is not None:  # noqa: ASYNC110 - a lock of processes, which sets no event
            await asyncio.sleep(1)
        store.held = run
        self._tell(EventKind.STAGE_STARTED, stage="network")
        store.staged.add(run)
        await asyncio.sleep(dice.uniform(0, 5))
        for stage in ("write", "commit", "publish"):
            self._tell(EventKind.STAGE_STARTED, stage=stage)
            await asyncio.sleep(dice.uniform(0, 5))
        store.staged.discard(run)
        store.ids.add(run)
        self._history.published.append((self.job, run))
        await asyncio.sleep(dice.uniform(0, 0.5))
        self._tell(EventKind.PUBLISHED, run=run)
        self._end("its process ended with exit status 0")


class History:
    """One history; `run` raises Violation where something happened that must not."""

    WORDS: tuple[str, ...] = ("auto", "auto", "cpu", "cuda", "cuda:1")
    """Devices that jobs ask for."""

    def __init__(self, seed: int, settings: Settings) -> None:
        """`settings` name a state directory of its own."""
        self.dice = random.Random(seed)  # noqa: S311 - a simulation
        self.now_s = 0.0
        self.jumped = timedelta()
        self.dead = False
        self.calm = False
        """No more faults: everything must come to its end."""
        self.store = _Store()
        self.processes: set[_Process] = set()
        self.published: list[tuple[str, str]] = []
        self.all_devices: Sequence[SlottedDevice] = DEVICES
        self.devices = list(DEVICES)
        self.table = JobTable(open_database(Path(":memory:")))
        self._settings = settings.model_copy(update={"frozen_s": FROZEN_S})
        self._keys: dict[str, tuple[float, Submission, list[Submission]]] = {}
        self._known: dict[str, str] = {}
        self._idle: Counter[str] = Counter()
        self._violations: list[str] = []
        """What the supervisor cannot be told of, which would take it for a defect of one job."""
        self._crashed: asyncio.Event

    def call(self, work: Callable[[], Any]) -> Any:
        """Make a call that goes to a thread; the disk may refuse before or after it, the trainer may die at either point."""
        if self.dead:
            raise Crash
        self._fault()
        result = work()
        self._fault()
        return result

    def _fault(self) -> None:
        if self.calm:
            return
        chance = self.dice.random()
        if chance < 0.003:
            self.dead = True
            self._crashed.set()
            raise Crash
        if chance < 0.006:
            raise OSError(self.dice.choice([errno.ENOSPC, errno.EIO]), "the disk refuses")

    def clock(self) -> datetime:
        """The wall clock, which is set forth and back now and then."""
        if not self.calm and self.dice.random() < 0.002:
            self.jumped = timedelta(seconds=self.dice.uniform(-4000, 4000))
        return START + timedelta(seconds=asyncio.get_event_loop().time()) + self.jumped

    def pass_time(self, now_s: float) -> None:
        """What happens by itself, whatever the trainer does."""

    def executor(self) -> Executor:
        """That of a life."""
        return self

    def taken(self, supervisor: Supervisor) -> Counter[str]:  # noqa: ARG002 - of others
        """How many jobs are on each device."""
        return Counter(each.device for each in self.processes)

    async def look(self) -> Listing:
        """The devices, as an inventory lists them."""
        return Listing(list(self.devices))

    async def close(self) -> None:
        """As an inventory."""

    outlives = False

    async def adopt(self, runs: Mapping[str, JobDirectory]) -> Mapping[str, Execution]:  # noqa: ARG002 - the protocol's
        """As an executor whose workers end with their trainer."""
        return {}

    async def start(self, directory: JobDirectory) -> _Process:
        """As an executor; checks that the process has a slot of its own."""
        process = _Process(self, directory)
        self.processes.add(process)
        for device in DEVICES:
            there = [each for each in self.processes if each.device == device.name]
            if len(there) > device.slots or sum(each.memory_bytes for each in there) > device.memory_bytes:
                self._violations.append(f"{len(there)} jobs on {device.name}")
        if len({each.job for each in self.processes}) < len(self.processes):
            self._violations.append("a job has two processes")
        return process

    def run(self) -> None:
        """Live through it: lives of the trainer that end by its death, then a calm one in which everything must end."""
        self._plan()
        for _ in range(self.dice.randint(1, 3)):
            self._live(until_s=self.now_s + self.dice.uniform(50, 1500))
        self.calm, self.devices = True, list(self.all_devices)
        self._live(until_s=self.now_s + 2 * 10**4)
        if self._violations:
            raise Violation(self._violations[0])
        self._check_end()
        self.table.close()

    def _plan(self) -> None:
        dice = self.dice
        for number in range(dice.randint(2, 8)):
            spec = FactorsSpec(kind="factors", sources=("built-in",), device=dice.choice(self.WORDS))
            asked = Submission(
                spec,
                priority=dice.choice([0, 0, 0, 5, -5]),
                owner=dice.choice(["ann", "bob"]),
                preemptible=dice.random() < 0.5,
                time_limit_s=dice.choice([None, None, None, 300.0]),
                memory_bytes=dice.choice([MIB, 7_000 * MIB, 15_000 * MIB, 39_000 * MIB]) if spec.device != "cpu" else MIB,
            )
            sweep = [replace(asked, spec=spec.model_copy(update={"seed": seed})) for seed in range(dice.choice([0, 0, 0, 2]))]
            self._keys[f"key-{number}"] = (dice.uniform(0, 1000), asked, sweep)

    def _live(self, *, until_s: float) -> None:
        """One life of the trainer: it ends by a fault, by an orderly stop at `until_s`, or when all jobs have ended."""
        self.dead = False
        self._idle.clear()
        loop = _VirtualLoop(self)
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._life(until_s))
        finally:
            self.dead = True
            for process in list(self.processes):
                process.kill()  # a worker ends with its trainer
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self.now_s = loop.now_s
            loop.close()
            asyncio.set_event_loop(None)

    async def _life(self, until_s: float) -> None:
        self._crashed = asyncio.Event()
        with lock.hold(self._settings.state / "trainer.lock"):
            await self._work(until_s)

    def _trainer(self) -> tuple[Supervisor, Executor]:
        loop, executor = asyncio.get_running_loop(), self.executor()
        supervisor = Supervisor(
            self.table, executor, self.store, self._settings, self, clock=self.clock, clock_s=loop.time, pace=PACE
        )
        return supervisor, executor

    async def _work(self, until_s: float) -> None:
        """As the one trainer that has the claim."""
        loop, (supervisor, executor) = asyncio.get_running_loop(), self._trainer()
        queue = JobQueue(self.table, supervisor, self._settings, clock=self.clock)
        working = asyncio.create_task(supervisor.run())
        others = [self._submit(queue, key) for key in self._keys if key not in self._known]
        if not self.calm:
            others += [self._cancel(queue), self._break(), self._second()]
        tasks = [asyncio.create_task(each) for each in others]
        dying = asyncio.create_task(self._crashed.wait())
        while not self._crashed.is_set() and loop.time() < until_s and not (self.calm and self._all_ended()):
            await asyncio.wait({dying, working}, timeout=CHECK_S, return_when=asyncio.FIRST_COMPLETED)
            if working.done() and not self._crashed.is_set():
                raise Violation(f"the supervisor has ended: {working}")
            self._check_conserved(supervisor)
        if not self._crashed.is_set():
            for task in tasks:
                task.cancel()
            await supervisor.stop()
            await executor.close()

    async def _submit(self, queue: JobQueue, key: str) -> None:
        """As a caller who repeats the request until it is answered."""
        at_s, asked, sweep = self._keys[key]
        await asyncio.sleep(max(0.0, at_s - self.now_s))
        while key not in self._known:
            try:
                job, _ = await queue.submit(asked, key=key, sweep=sweep)
                self._known[key] = job.id
            except OSError:
                await asyncio.sleep(1)

    async def _cancel(self, queue: JobQueue) -> None:
        while True:
            await asyncio.sleep(self.dice.uniform(100, 2000))
            if self._known:
                with contextlib.suppress(JobFinished, OSError):
                    await queue.cancel(self.dice.choice(sorted(self._known.values())))

    async def _second(self) -> None:
        """Another trainer of the same state is started while this one works, again and again; it must not get to work."""
        await asyncio.sleep(self.dice.uniform(1, 2000))
        while True:
            with contextlib.suppress(lock.Held), lock.hold(self._settings.state / "trainer.lock"):
                supervisor, _ = self._trainer()
                await supervisor.run()
            await asyncio.sleep(300)

    async def _break(self) -> None:
        """Devices err, vanish and come back."""
        while True:
            await asyncio.sleep(self.dice.uniform(200, 3000))
            broken = self.dice.choice(DEVICES[1:])
            self.devices = [device for device in DEVICES if device is not broken]
            if self.dice.random() < 0.5:
                self.devices.append(replace(broken, fault="Xid 79."))
            await asyncio.sleep(self.dice.uniform(10, 300))
            self.devices = list(DEVICES)

    def _check_conserved(self, supervisor: Supervisor) -> None:
        """No job waits, looked at twice, that fits where nobody is."""
        if supervisor.trouble is not None or self.dead:
            self._idle.clear()
            return
        taken = self.taken(supervisor)
        empty = [device for device in self.devices if device.fault is None and taken[device.name] == 0]
        drained = supervisor._drained  # noqa: SLF001 - what the supervisor knows of faults
        fits = {
            job.id
            for job in self.table.waiting()
            if any(
                device in empty and device.name not in drained
                for device in devices_for(
                    job.device, job.memory_bytes, [one for one in self.devices if one.name not in drained]
                )
            )
        }
        self._idle = Counter({job: self._idle[job] + 1 for job in fits})
        if any(count > 2 for count in self._idle.values()):
            raise Violation(f"a job waits while a device that it fits on is idle: {self._idle}")

    def _all_ended(self) -> bool:
        return len(self._known) == len(self._keys) and not self.table.unfinished()

    def _check_end(self) -> None:
        if not self._all_ended():
            raise Violation(f"jobs have not ended: {[(job.id, job.state) for job in self.table.unfinished()]}")
        jobs = self.table.page(limit=10**4)
        expected = len(self._keys) + sum(len(sweep) for _, _, sweep in self._keys.values())
        if len(jobs) != expected:
            raise Violation(f"{len(jobs)} jobs of {expected} requests")
        made = Counter(job for job, _ in self.published)
        for job in jobs:
            if made[job.id] > 1:
                raise Violation(f"{job.id} was published {made[job.id]} times")
            if not job.children and (job.state is JobState.SUCCEEDED) is not (made[job.id] == 1):
                raise Violation(f"{job.id} has {job.state} and was published {made[job.id]} times")
            if job.children and job.state is JobState.SUCCEEDED and set(self.table.sweep(job.id)) != {JobState.SUCCEEDED}:
                raise Violation(f"sweep {job.id} has succeeded without its jobs")
        self.store.recover()
        if self.store.staged:
            raise Violation(f"parts of runs lie in the store: {self.store.staged}")
