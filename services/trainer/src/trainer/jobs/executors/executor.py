"""An executor: where a job's process runs. `local` is a subprocess; a cluster's scheduler fits the same two protocols."""

from typing import Protocol

from trainer.jobs.assignment import JobDirectory

__all__ = ["Execution", "Executor"]


class Execution(Protocol):
    """One attempt under way."""

    async def wait(self) -> str:
        """Wait until no process of the attempt is left; says how it ended, for people."""

    async def stop(self, *, grace_s: float = 0.0) -> None:
        """End every process of the attempt and wait until none is left; it may write a checkpoint for `grace_s` before."""


class Executor(Protocol):
    """Starts attempts. The job's directory carries the assignment there, and events and log back."""

    async def start(self, directory: JobDirectory) -> Execution:
        """Start the attempt that is assigned in `directory`."""
