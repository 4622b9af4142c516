"""Stand-ins for what the trainer's jobs reach: an executor without processes, and published runs without a store."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from trainer.jobs.assignment import JobDirectory
from trainer.jobs.devices.listing import DeviceKind, Listing, SlottedDevice
from trainer.jobs.events import EventKind, EventWriter
from trainer.jobs.executors.executor import Execution, Outcome
from trainer.runs.spec import FactorsSpec

__all__ = ["MIB", "ListInventory", "MemoryRuns", "ScriptedExecution", "ScriptedExecutor", "told", "until"]


@dataclass
class MemoryRuns:
    """A store that is a set of run ids."""

    ids: set[str] = field(default_factory=set)
    matching: str | None = None
    """What `run_of` finds."""
    recoveries: int = 0
    served: list[str] = field(default_factory=list)

    def published(self, run: str) -> bool:
        return run in self.ids

    def run_of(self, spec: FactorsSpec) -> str | None:  # noqa: ARG002 - the protocol's
        return self.matching

    def serve(self, run: str) -> bool:
        self.served.append(run)
        return True

    def recover(self) -> None:
        self.recoveries += 1


MIB = 2**20


class ListInventory:
    """Devices that the test changes as it likes; `cpu` alone at first."""

    def __init__(self, *devices: SlottedDevice) -> None:
        self.devices = list(devices) or [SlottedDevice("cpu", "stand-in", DeviceKind.CPU, 16_000 * MIB, cores=2)]
        self.settled = True
        self.looks = 0

    async def look(self) -> Listing:
        self.looks += 1
        return Listing(self.devices, settled=self.settled)

    async def close(self) -> None:
        pass


class ScriptedExecution:
    """An attempt that does what the test says: `tell` writes events, `end` ends it."""

    def __init__(self, directory: JobDirectory) -> None:
        self.directory = directory
        self.assignment = directory.assignment()
        self.stopped = False
        self.grace_s = 0.0
        self._ended: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def tell(self, kind: EventKind, **data: object) -> None:
        with EventWriter(self.directory.events) as writer:
            writer.write(kind, **data)

    def end(self, how: Outcome | str = "its process ended with exit status 0") -> None:
        if not self._ended.done():
            self._ended.set_result(how if isinstance(how, Outcome) else Outcome(how))

    @property
    def pending(self) -> str | None:
        return None

    async def wait(self) -> Outcome:
        return await asyncio.shield(self._ended)

    async def leave(self) -> None:
        await self.stop()

    async def stop(self, *, grace_s: float = 0.0) -> None:
        self.stopped = True
        self.grace_s = grace_s
        self.end("its process was killed by SIGKILL")


class ScriptedExecutor:
    """Hands every execution to the test; those that a script waits for run on their own."""

    kind: type[ScriptedExecution] = ScriptedExecution

    def __init__(self, *scripts: Callable[[ScriptedExecution], None]) -> None:
        self._scripts = deque(scripts)
        self.started: list[ScriptedExecution] = []
        self._fresh: asyncio.Queue[ScriptedExecution] = asyncio.Queue()

    outlives = False

    async def adopt(self, runs: Mapping[str, JobDirectory]) -> Mapping[str, Execution]:  # noqa: ARG002 - the protocol's
        return {}

    async def close(self) -> None:
        pass

    async def start(self, directory: JobDirectory) -> ScriptedExecution:
        execution = self.kind(directory)
        self.started.append(execution)
        if self._scripts:
            self._scripts.popleft()(execution)
        self._fresh.put_nowait(execution)
        return execution

    async def next(self) -> ScriptedExecution:
        """The next execution that is started."""
        return await asyncio.wait_for(self._fresh.get(), timeout=10)


async def until(condition: Callable[[], bool], *, within_s: float = 30) -> None:
    """Wait for something that only looking again can show."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - another process or thread makes it true, and sets no event
            await asyncio.sleep(0.01)


def told(directory: JobDirectory) -> list[dict[str, object]]:
    """The lines of a job's events."""
    return [json.loads(line) for line in directory.events.read_text().splitlines()]
