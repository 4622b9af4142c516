"""An attempt: one process of a job on one device, from its start to the state that the job has afterwards."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from trainer.jobs.accounts import Held
from trainer.jobs.assignment import Place
from trainer.jobs.devices.listing import DeviceKind, SlottedDevice
from trainer.jobs.executors.executor import Execution
from trainer.jobs.job import Failure, Job
from trainer.jobs.order import Running, share_of
from trainer.runs.report import Stage

__all__ = ["Attempt", "Ending", "place_on"]

_CHECKPOINT_S: Final = 30.0
"""How long a job that makes way may take to write its checkpoint."""


class Ending(StrEnum):
    """Why an attempt was ended from outside."""

    CANCELLED = "cancelled"
    STOPPED = "stopped"
    """The trainer stops."""
    PREEMPTED = "preempted"
    OVER_TIME = "over-time"
    FROZEN = "frozen"
    DEVICE_FAILED = "device-failed"
    LEFT = "left"
    """The trainer stops and the attempt goes on, for the next trainer to adopt."""


@dataclass
class Attempt:
    """The attempt under way of a job."""

    job: Job
    device: SlottedDevice
    clock_s: Callable[[], float] = time.monotonic
    execution: Execution | None = None
    ran_s: float = 0.0
    """How long a process of it had run when this trainer adopted it."""
    ending: Ending | None = None
    reason: str = ""
    """Why it was ended, for people."""
    stages: set[Stage] = field(default_factory=set)
    """Those that began."""
    published: bool = False
    failure: Failure | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    _stops: "list[asyncio.Task[None]]" = field(default_factory=list)

    def __post_init__(self) -> None:
        self.heard_s = self.clock_s()
        self.begun_s = self.heard_s - self.ran_s
        """When it last told an event."""

    @property
    def running(self) -> Running:
        """As the order of jobs sees it."""
        assert self.job.started is not None  # noqa: S101 - it has started
        memory_bytes = share_of(self.device, self.job.needs.memory_bytes)
        return Running(
            self.job.id,
            self.job.priority,
            self.job.owner,
            self.device.name,
            memory_bytes,
            self.job.needs.seconds,
            self.job.started,
            preemptible=self.job.preemptible,
            leaving=self.ending is not None,
        )

    @property
    def held(self) -> Held:
        """What it has had of its device by now."""
        device = self.device
        share = 1 / device.slots if device.kind is DeviceKind.GPU else max(1, device.cores // device.slots)
        return Held(device.kind, self.clock_s() - self.begun_s, share)

    def end(self, ending: Ending, reason: str) -> None:
        """Begin to end it; the first call decides why, but who makes way may be cancelled, or stopped, at once.

        A process that has not started yet is stopped by `started`.
        """
        if self.ending is None or (self.ending is Ending.PREEMPTED and ending in {Ending.CANCELLED, Ending.STOPPED}):
            self.ending, self.reason = ending, reason
            self._stop()

    def started(self, execution: Execution) -> None:
        """It is under way."""
        self.execution = execution
        if self.ending is not None:
            self._stop()

    async def stopped(self) -> None:
        """Wait for a stop that has begun."""
        await asyncio.gather(*self._stops)

    def _stop(self) -> None:
        if self.execution is not None:
            grace_s = _CHECKPOINT_S if self.ending is Ending.PREEMPTED else 0.0
            ending = self.execution.leave() if self.ending is Ending.LEFT else self.execution.stop(grace_s=grace_s)
            self._stops.append(asyncio.create_task(ending, name=f"stop {self.job.id}"))

    def waits(self) -> bool:
        """Does no process of it run yet? Time counts from when one does."""
        if self.execution is None or self.execution.pending is None:
            return False
        self.begun_s = self.heard_s = self.clock_s()
        return True

    def overdue(self, frozen_s: float) -> tuple[Ending, str] | None:
        """Why it must be ended now: it has lasted too long, or told nothing for `frozen_s`."""
        now_s = self.clock_s()
        limit_s, ran_s = self.job.time_limit_s, self.job.spent.seconds + now_s - self.begun_s
        if limit_s is not None and ran_s > limit_s:
            return Ending.OVER_TIME, f"It ran for {ran_s:.0f} s; its limit is {limit_s:g} s."
        if now_s - self.heard_s > frozen_s:
            return Ending.FROZEN, f"it told nothing for {frozen_s:g} s"
        return None


def place_on(device: SlottedDevice, memory_bytes: int, present: frozenset[str]) -> Place:
    """A job's place on a device, by the memory it needs; of the environment, what `present` names stays as it is."""
    share_bytes = share_of(device, memory_bytes)
    environment = {} if device.apart else {"CUDA_VISIBLE_DEVICES": device.binding}
    if device.kind is DeviceKind.GPU and device.slots > 1 and not device.apart:
        environment["PYTORCH_ALLOC_CONF"] = f"per_process_memory_fraction:{share_bytes / device.memory_bytes:.4f}"
    if device.kind is DeviceKind.CPU:
        threads = str(max(1, device.cores // device.slots))
        environment |= {name: threads for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS") if name not in present}
    return Place(device=device.name, computes_on=device.computes_on, memory_bytes=share_bytes, environment=environment)
