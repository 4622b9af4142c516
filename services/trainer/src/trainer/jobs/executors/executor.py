"""An executor: where a job's process runs. `local` is a subprocess; a cluster's scheduler fits the same two protocols."""

from typing import Protocol

from trainer.jobs.assignment import JobDirectory

__all__ = ["Execution", "Executor"]


class Execution(Protocol):
    """One attempt under way."""

    async def wait(self) -> str:
        """Wait until no process of the attempt is left; says how it ended, for people."""

    async def stop(self) -> None:
        """End every process of the attempt, at once, and wait until none is left."""


class Executor(Protocol):
    """Starts attempts. The job's directory carries the assignment there, and events and log back."""

    async def start(self, directory: JobDirectory) -> Execution:
        """Start the attempt that is assigned in `directory`."""
