"""The local executor: one subprocess a job, in a session and process group of its own, which dies with the trainer."""

import asyncio
import math
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

import structlog

from trainer.device import jobs_memory_bytes
from trainer.jobs.assignment import Assignment, JobDirectory
from trainer.jobs.executors.executor import Execution, Outcome
from trainer.jobs.executors.groups import ControlGroup, ControlGroups, Unlimited
from trainer.jobs.job import Failure
from trainer.runs import problems

__all__ = ["LocalExecution", "LocalExecutor"]

_WORKER: Final = (sys.executable, "-P", "-m", "trainer.jobs.worker")
"""`-P`: a file named like one of our modules in the working directory must not be imported."""
_GONE_S: Final = 3.0
"""A process that is killed and not gone by then is a zombie, which holds nothing: its parent does not ask after it."""
_LOOK_S: Final = 0.02
_HEADROOM: Final = 1.25
"""What a job was given is an estimate, and the interpreter and the files that it has just read count, too."""
_log = structlog.stdlib.get_logger(__name__)


class LocalExecution:
    """A worker and what it starts: the JVM and Spark's Python workers."""

    def __init__(self, process: asyncio.subprocess.Process, group: ControlGroup | None = None) -> None:
        self._process = process
        self._group = group
        self._out_of_memory: Outcome | None = None

    @property
    def pending(self) -> str | None:
        """None: it runs from the start."""
        return None

    async def wait(self) -> Outcome:
        """Wait for the worker, then make sure that nothing of its group stays."""
        status = await self._process.wait()
        await self._end_group()
        if self._out_of_memory is not None:
            return self._out_of_memory
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
        if self._group is not None:
            group, self._group = self._group, None
            if group.killed():
                self._out_of_memory = _out_of_memory(group.limit_bytes)
            await asyncio.to_thread(group.end)

    def _kill_group(self) -> bool:
        """False where there is no such group any more."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


def _out_of_memory(limit_bytes: int) -> Outcome:
    detail = f"The job needs more memory than the {limit_bytes / 2**30:.2f} GiB that it may have, and the kernel killed it; "
    failure = Failure(problems.OUT_OF_MEMORY.slug, f"{detail}nothing of the run was published.", {"limit_bytes": limit_bytes})
    return Outcome("it was killed for want of memory", failure)


class LocalExecutor:
    """Starts workers on this machine. `command` is given the job's directory as its last argument."""

    def __init__(self, command: Sequence[str] = _WORKER, *, groups: Callable[[], ControlGroups] | None = None) -> None:
        """`groups` opens those in which jobs are held to their memory; raises Unlimited where there can be none."""
        self._command = tuple(command)
        self._open = groups
        self._groups: ControlGroups | None = None

    @property
    def outlives(self) -> bool:
        """A worker ends with its trainer."""
        return False

    async def adopt(self, runs: Mapping[str, JobDirectory]) -> Mapping[str, Execution]:  # noqa: ARG002 - the protocol's
        """None: no worker has outlived its trainer."""
        if self._open is not None:
            opening, self._open = self._open, None
            try:
                self._groups = opening()
            except Unlimited as reason:
                _log.info("memory_not_limited", reason=str(reason))
        return {}

    async def close(self) -> None:
        """Nothing is held."""

    async def start(self, directory: JobDirectory) -> LocalExecution:
        """Start a worker. Its standard input stays open as long as this process lives: its end is the worker's, too."""
        assignment = directory.assignment()
        binding = {} if assignment.place is None else assignment.place.environment
        group, command = self._group(assignment), (*self._command, str(directory.root))
        try:
            with directory.log.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    *(command if group is None else group.around(command)),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    env={**os.environ, **binding},
                )
        except BaseException:
            if group is not None:
                group.end()
            raise
        return LocalExecution(process, group)

    def _group(self, assignment: Assignment) -> ControlGroup | None:
        """That of a job on the processor; of one on a GPU it is not known what it needs of the machine's memory."""
        place = assignment.place
        if self._groups is None or place is None or place.computes_on != "cpu":
            return None
        limit_bytes = min(math.ceil(place.memory_bytes * _HEADROOM), jobs_memory_bytes())
        return self._groups.make(assignment.run, limit_bytes)
