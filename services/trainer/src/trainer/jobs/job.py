"""A job: a run somebody asked for, and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from trainer.runs.spec import RunSpec

__all__ = ["ATTEMPTS", "UNFINISHED", "Failure", "Job", "JobState"]

ATTEMPTS: Final = 2
"""How often a job is started whose process dies without a verdict."""


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
class Job:
    """A row of the job table."""

    sequence: int
    """Order of submission, from 1."""
    id: str
    spec: RunSpec
    priority: int
    """Greater runs earlier; equals run in order of submission."""
    state: JobState
    attempts: int
    """How often it was started; an orderly stop of the trainer does not count."""
    run: str | None
    """The run of the newest attempt, published only when the job succeeded."""
    device: str | None
    created: datetime
    started: datetime | None
    """Of the newest attempt."""
    finished: datetime | None
    failure: Failure | None
