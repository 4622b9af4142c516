"""A job: a run somebody asked for, and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from trainer.jobs.needs import NOTHING, Needs
from trainer.runs.spec import RunSpec

__all__ = ["ATTEMPTS", "NOBODY", "UNFINISHED", "Failure", "Job", "JobState", "Spent", "Submission"]

ATTEMPTS: Final = 2
"""How often a job is started whose process dies without a verdict."""
NOBODY: Final = "nobody"
"""Who owns the jobs of callers that do not say who they are."""


class JobState(StrEnum):
    """Where a job stands: queued, running, publishing, then one of the final three."""

    QUEUED = "queued"
    RUNNING = "running"
    PUBLISHING = "publishing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Nothing changes any more."""
        return self not in UNFINISHED


UNFINISHED: Final = frozenset({JobState.QUEUED, JobState.RUNNING, JobState.PUBLISHING})
"""States that a job leaves again."""


@dataclass(frozen=True)
class Failure:
    """Why a job failed: a problem type's slug, a sentence, and members of the problem document beside them."""

    slug: str
    detail: str
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Submission:
    """What somebody asks for."""

    spec: RunSpec
    priority: int = 0
    """Greater runs earlier."""
    owner: str = NOBODY
    """Owners of one priority share the devices alike."""
    preemptible: bool = False
    """May be stopped for a job of greater priority; it goes back into the queue, where a chatbot continues its training."""
    time_limit_s: float | None = None
    """It fails when its attempts have lasted so long together."""
    memory_bytes: int | None = None
    """What it needs on its device, as its caller declares; estimated where None."""
    seconds: float | None = None
    """How long it will take, as its caller declares; estimated where None."""
    needs: Needs = NOTHING
    """What it is taken to need."""


@dataclass(frozen=True)
class Spent:
    """What a job has cost, over all its attempts."""

    seconds: float = 0.0
    """From the start of its process to the end."""
    gpu_seconds: float = 0.0
    """Seconds of a whole GPU; half as many where two jobs share it."""
    cpu_seconds: float = 0.0
    """Seconds of a core, of those that were set aside for it."""
    peak_memory_bytes: int | None = None
    """The most its processes held of the machine's memory at once, by the newest attempt that told; None before."""


@dataclass(frozen=True)
class Job:
    """A row of the job table."""

    sequence: int
    """Order of submission, from 1."""
    id: str
    spec: RunSpec | None
    """None where this version cannot read what an earlier one wrote."""
    kind: str
    """Of the spec."""
    priority: int
    state: JobState
    attempts: int
    """How often it was started; an orderly stop of the trainer, and making way for another job, do not count."""
    run: str | None
    """The run of the newest attempt, published only when the job succeeded."""
    device: str | None
    """What the fit runs on, as the process tells it."""
    created: datetime
    started: datetime | None
    """Of the newest attempt."""
    finished: datetime | None
    failure: Failure | None
    owner: str = NOBODY
    preemptible: bool = False
    time_limit_s: float | None = None
    needs: Needs = NOTHING
    spent: Spent = Spent()
    preemptions: int = 0
    """How often it made way."""
    slot: str | None = None
    """Name of the device that it was given; None while it waits."""
    parent: str | None = None
    """The sweep it belongs to."""
    children: int = 0
    """Jobs of this sweep; 0 for a job that is none. A sweep has no process: it ends when they have ended."""
