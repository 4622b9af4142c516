"""The JSON objects of the trainer's API."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from contracts.kinds import Objective
from servicekit.problems import ProblemDocument
from trainer.jobs.job import JobState
from trainer.runs.spec import RunSpec
from trainer.tables.plan import ColumnRole, Role
from trainer.tables.source import Format

__all__ = [
    "PRIORITY_LIMIT",
    "DatasetList",
    "DatasetResource",
    "DeviceList",
    "DeviceResource",
    "JobPage",
    "JobRequest",
    "JobResource",
    "PlanResource",
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


class PlannedColumn(Wire):
    """A column of a table, and what it is taken for."""

    name: str
    role: ColumnRole
    reason: str
    target: str | None
    """What a column of a wide table was measured on."""
    endpoint: str | None
    unit: str | None
    """`nM`, … where its numbers are converted, `pX` where they are pX already, null where nothing says."""


class PlannedFile(Wire):
    """A file of a data set, and how it is read."""

    name: str
    format: Format
    states: Role
    """What its rows state."""
    layout: str | None
    """The known layout that it has: `BindingDB`, …"""
    columns: list[PlannedColumn]
    doubts: list[str]
    """What is read as it stands but looks wrong, in sentences."""


class InspectedTarget(Wire):
    """The values of a target among the rows that were looked at."""

    target: str
    title: str
    endpoints: list[str]
    values: int
    bounds: int
    low: float | None
    median: float | None
    high: float | None


class RejectedPlace(Wire):
    """A row or cell that cannot be used."""

    file: str
    row: int | None
    column: str | None
    value: str | None
    reason: str


class InspectedRows(Wire):
    """What the first rows would become."""

    rows: int
    whole: bool
    """Whether those are all rows."""
    used: int
    rejected: int
    fates: dict[str, int]
    """Why rows and cells cannot be used, and how many; `used`."""
    endpoints: dict[str, int]
    bounds: dict[str, int]
    """`<`, `>` and `~`, of pX, to how many."""
    units: dict[str, int]
    """Units to columns of values."""
    targets: list[InspectedTarget]
    """The first 20, those with most values first."""
    targets_found: int
    duplicates: int
    """Compounds and targets with more than one value."""
    spread: float | None
    """Median range of their values."""
    conflicts: list[str]
    questions: list[str]
    """What is asked before anything is fitted, with the options that answer it."""
    rejects: list[RejectedPlace]
    """The first 20."""


class PlanResource(Wire):
    """How a data set would be read, before anything is trained."""

    lines: list[str]
    """The plan in ten lines."""
    objective: Objective
    """What is fitted where nobody says."""
    files: list[PlannedFile]
    """None where the data are in the demonstration's format, which leaves no choice."""
    rows: InspectedRows | None


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
    unknown: list[str]
    """What could not be learnt about them, in sentences; empty when everything is known."""
