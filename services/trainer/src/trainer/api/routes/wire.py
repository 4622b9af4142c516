"""The JSON objects of the trainer's API."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from servicekit.problems import ProblemDocument
from trainer.jobs.job import JobState
from trainer.runs.spec import RunSpec

__all__ = [
    "PRIORITY_LIMIT",
    "DatasetList",
    "DatasetResource",
    "DeviceList",
    "DeviceResource",
    "JobPage",
    "JobRequest",
    "JobResource",
]

PRIORITY_LIMIT: Final = 100


class Wire(BaseModel):
    """A JSON object: unknown members are refused, descriptions come from the docstrings of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class JobRequest(Wire):
    """A job to be done."""

    spec: RunSpec
    priority: Annotated[int, Field(ge=-PRIORITY_LIMIT, le=PRIORITY_LIMIT)] = 0
    """Greater runs earlier; equals run in the order in which they came."""


class JobResource(Wire):
    """A job and where it stands."""

    id: str
    state: JobState
    spec: RunSpec
    priority: int
    attempts: int
    """How often it was started; twice at most."""
    run: str | None
    """The run it makes. Readers of the scores API see it when the job has succeeded."""
    device: str | None
    """What the fit runs on; null until that is known."""
    created: datetime
    started: datetime | None
    finished: datetime | None
    problem: ProblemDocument | None
    """Why it failed."""


class JobPage(Wire):
    """Jobs, the newest first."""

    items: list[JobResource]
    next: str | None
    """`cursor` of the next page; null on the last."""


class DatasetResource(Wire):
    """An uploaded file. A job names it as its source: `dataset:<sha256>`."""

    sha256: str
    source: str
    """What a job's `sources` call it."""
    name: str
    size_bytes: int
    created: datetime


class DatasetList(Wire):
    """Every uploaded file, the newest first."""

    items: list[DatasetResource]


class DeviceResource(Wire):
    """A processor that a job can compute on."""

    name: str
    """What a spec's `device` calls it: `cpu`, `cuda:0`, ..."""
    model: str
    memory_bytes: int
    memory_used_bytes: int | None
    """Null where the machine does not tell."""
    utilisation_percent: float | None
    """Of a GPU: the time it computed in the last second. Of the CPU: the load a core in the last minute, 100 at most."""
    job: str | None
    """The job that computes on it."""


class DeviceList(Wire):
    """The devices of this trainer, the CPU first."""

    items: list[DeviceResource]
