"""The running trainer: its parts, opened and closed together."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

import structlog

from trainer.api.looking import Looking
from trainer.api.promoting import Bots
from trainer.data.datasets import Datasets
from trainer.jobs.devices.listing import DeviceKind, Inventory
from trainer.jobs.executors.executor import Executor
from trainer.jobs.first_run import FirstRun, first_spec
from trainer.jobs.published import PublishedRuns
from trainer.jobs.queue import JobQueue
from trainer.jobs.supervisor import Supervisor
from trainer.jobs.table import JobTable
from trainer.pipelines.registry import Runs
from trainer.settings import Settings

__all__ = ["Trainer"]

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Trainer:
    """What routes reach."""

    settings: Settings
    queue: JobQueue
    datasets: Datasets
    supervisor: Supervisor
    first_run: FirstRun
    looking: Looking
    runs: Runs
    bots: Bots
    working: "asyncio.Task[None]"
    """The supervisor at work."""

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, settings: Settings, table: JobTable, executor: Executor, runs: PublishedRuns, inventory: Inventory
    ) -> AsyncIterator[Self]:
        """A trainer that works for the length of the context; jobs under way then stay queued for the next start."""
        supervisor = Supervisor(table, executor, runs, settings, inventory)
        queue = JobQueue(table, supervisor, settings)
        datasets = Datasets(settings.state, limit_bytes=settings.uploads_limit_bytes)
        await asyncio.to_thread(datasets.remove_unfinished)
        first_run = FirstRun(queue, runs, first_spec(settings))
        working = asyncio.create_task(supervisor.run(), name="supervisor")
        looking = asyncio.create_task(first_run.ensure(), name="first-run")
        try:
            yield cls(
                settings,
                queue,
                datasets,
                supervisor,
                first_run,
                Looking(settings),
                Runs(settings),
                Bots(settings),
                working,
            )
        finally:
            queue.close()
            looking.cancel()
            await supervisor.stop()
            await executor.close()
            await inventory.close()
            for ended in await asyncio.gather(working, looking, return_exceptions=True):
                if isinstance(ended, Exception):
                    _log.error("task_broken", exc_info=ended)

    async def missing(self) -> Mapping[str, str]:
        """What keeps the trainer from its work, for `/readyz`."""
        missing = dict(await self.first_run.missing())
        missing |= await self._missing_gpus()
        if self.supervisor.trouble is not None:
            missing["queue"] = self.supervisor.trouble
        elif self.working.done():
            missing["queue"] = "The queue has stopped because of a defect; the trainer's log says why. Start it again."
        return missing

    async def _missing_gpus(self) -> Mapping[str, str]:
        """Says so where fewer GPUs are in order than it was given: it must not train on the processor without a word."""
        needed = self.settings.gpus
        if needed == 0:
            return {}
        listing = await self.supervisor.devices()
        sound = sum(device.kind is DeviceKind.GPU and device.fault is None for device in listing.devices)
        if sound >= needed:
            return {}
        why = " ".join(
            [*listing.unknown, *(f"{each.name}: {each.fault}" for each in listing.devices if each.fault is not None)]
        )
        return {"devices": f"TRAINER_GPUS asks for {needed} GPUs, and {sound} are in order. {why}".rstrip()}
