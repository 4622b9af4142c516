"""The local executor: one subprocess a job, in a session and process group of its own, which dies with the trainer."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from trainer.jobs.assignment import JobDirectory
from trainer.jobs.executors.executor import Execution, Outcome

__all__ = ["LocalExecution", "LocalExecutor"]

_WORKER: Final = (sys.executable, "-P", "-m", "trainer.jobs.worker")
"""`-P`: a file named like one of our modules in the working directory must not be imported."""
_GONE_S: Final = 3.0
"""A process that is killed and not gone by then is a zombie, which holds nothing: its parent does not ask after it."""
_LOOK_S: Final = 0.02


class LocalExecution:
    """A worker and what it starts: the JVM and Spark's Python workers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pending(self) -> str | None:
        """None: it runs from the start."""
        return None

    async def wait(self) -> Outcome:
        """Wait for the worker, then make sure that nothing of its group stays."""
        status = await self._process.wait()
        await self._end_group()
        if status < 0:
            return Outcome(f"its process was killed by {signal.Signals(-status).name}")
        return Outcome(f"its process ended with exit status {status}")

    async def stop(self, *, grace_s: float = 0.0) -> None:
        """Ask the worker to end, and kill the group. A publication is one atomic step, so no moment is a bad one."""
        if grace_s > 0 and self._process.returncode is None:
            with suppress(ProcessLookupError, TimeoutError):
                self._process.terminate()
                await asyncio.wait_for(self._process.wait(), grace_s)
        self._kill_group()
        await self._process.wait()
        await self._end_group()

    async def leave(self) -> None:
        """End it: it does not outlive the trainer."""
        await self.stop()

    async def _end_group(self) -> None:
        """Kill what is left and wait until the kernel has taken it away, for so long as that may take."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_GONE_S):
                while self._kill_group():  # noqa: ASYNC110 - the kernel sets no event
                    await asyncio.sleep(_LOOK_S)

    def _kill_group(self) -> bool:
        """False where there is no such group any more."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


class LocalExecutor:
    """Starts workers on this machine. `command` is given the job's directory as its last argument."""

    def __init__(self, command: Sequence[str] = _WORKER) -> None:
        self._command = tuple(command)

    @property
    def outlives(self) -> bool:
        """A worker ends with its trainer."""
        return False

    async def adopt(self, runs: Mapping[str, JobDirectory]) -> Mapping[str, Execution]:  # noqa: ARG002 - the protocol's
        """None: no worker has outlived its trainer."""
        return {}

    async def close(self) -> None:
        """Nothing is held."""

    async def start(self, directory: JobDirectory) -> LocalExecution:
        """Start a worker. Its standard input stays open as long as this process lives: its end is the worker's, too."""
        place = directory.assignment().place
        binding = {} if place is None else place.environment
        with directory.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                str(directory.root),
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **binding},
            )
        return LocalExecution(process)
