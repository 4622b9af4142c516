"""An executor: where a job's processes run, here or as Jobs of a cluster; both keep one protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from trainer.jobs.assignment import JobDirectory
from trainer.jobs.job import Failure

__all__ = ["Away", "Execution", "Executor", "Outcome"]


class Away(OSError):
    """What starts and knows attempts does not answer now; nothing is known of them, and no fault of theirs."""


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended, as far as the place where it ran can tell; its events may tell more."""

    reason: str
    """For people, to follow a comma: `its process was killed by SIGKILL`."""
    failure: Failure | None = None
    """The problem that it is, where the place knows: out of memory, no image."""
    counted: bool = True
    """False where the place failed and not the job: the attempt is forgotten."""
    is_left: bool = False
    """Whether a process of it may still run where nobody can see or end it."""


class Execution(Protocol):
    """One attempt under way."""

    @property
    def pending(self) -> str | None:
        """Why no process of it runs yet, for people; None from its start on."""

    async def wait(self) -> Outcome:
        """Wait until no process of the attempt is left, or somebody let go of it."""

    async def stop(self, *, grace_s: float = 0.0) -> None:
        """End every process of the attempt and wait until none is left; it may write a checkpoint for `grace_s` before."""

    async def leave(self) -> None:
        """Let go of it, which is its end where an attempt does not outlive the trainer."""


class Executor(Protocol):
    """Starts attempts. The job's directory carries the assignment there, and events and log back."""

    @property
    def outlives(self) -> bool:
        """Whether attempts go on without this trainer, and the next one adopts them."""

    async def start(self, directory: JobDirectory) -> Execution:
        """Start the attempt that is assigned in `directory`."""

    async def adopt(self, runs: Mapping[str, JobDirectory]) -> Mapping[str, Execution]:
        """Those of `runs` that are still made, or have been since, each with its attempt; every other attempt is ended.

        Raises:
            Away: It is not known now which there are.
        """

    async def close(self) -> None:
        """Let go of what it asks."""
