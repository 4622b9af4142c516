"""The JSON objects of the trainer's API."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from contracts.kinds import Objective
from servicekit.problems import ProblemDocument
from trainer.jobs.job import JobState
from trainer.pipelines.registry import Note, RunName, Tags
from trainer.runs.spec import RunSpec
from trainer.tables.plan import ColumnRole, Role
from trainer.tables.source import Format

__all__ = [
    "PRIORITY_LIMIT",
    "SWEEP_LIMIT",
    "AliasList",
    "AliasResource",
    "AliasTarget",
    "DatasetList",
    "DatasetResource",
    "DeviceJob",
    "DeviceList",
    "DeviceResource",
    "JobNeeds",
    "JobPage",
    "JobRequest",
    "JobResource",
    "JobSpent",
    "OwnerList",
    "OwnerResource",
    "PlanResource",
    "RunEdit",
    "RunList",
    "RunResource",
]

PRIORITY_LIMIT: Final = 100
SWEEP_LIMIT: Final = 200
"""Jobs of one sweep."""


class Wire(BaseModel):
    """A JSON object: unknown members are refused, descriptions come from the docstrings of its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class JobRequest(Wire):
    """A job to be done."""

    spec: RunSpec
    priority: Annotated[int, Field(ge=-PRIORITY_LIMIT, le=PRIORITY_LIMIT)] = 0
    """Greater runs earlier; among equals, the owner's who has had least, then in the order in which they came."""
    preemptible: StrictBool = False
    """May be stopped for a job of greater priority. It waits again then; a chatbot continues where it was, other runs begin
    anew."""
    time_limit_s: Annotated[float | None, Field(gt=0)] = None
    """It fails when its attempts have lasted so many seconds together; no limit where null."""
    memory_bytes: Annotated[int | None, Field(ge=1, lt=2**50)] = None
    """Memory that it needs on the device that it computes on; estimated from its data where null."""
    seconds: Annotated[float | None, Field(gt=0, lt=10**9)] = None
    """How long it will take; estimated where null. Others' expected starts follow from it."""
    sweep: Annotated[dict[str, list[int | float | str]] | None, Field(min_length=1, max_length=4)] = None
    """Parameters of the spec with the values to try: `{"rank": [16, 32, 64]}` is three jobs, and one that stands for them.
    Several parameters are combined, each value with each."""


class JobNeeds(Wire):
    """What a job is taken to need."""

    memory_bytes: int
    seconds: float
    declared: bool
    """Whether its caller said how much memory."""


class JobSpent(Wire):
    """What a job has cost, over all its attempts."""

    seconds: float
    gpu_seconds: float
    """Of a whole GPU: half as many where two jobs share it."""
    cpu_seconds: float
    """Of the cores that were set aside for it."""
    peak_memory_bytes: int | None
    """The most that its processes held of the machine's memory, by the newest attempt that told; null before."""


class JobResource(Wire):
    """A job and where it stands."""

    id: str
    state: JobState
    kind: str
    """Of its spec."""
    spec: RunSpec | None
    """Null where this version of the trainer cannot read what an earlier one took in."""
    priority: int
    owner: str
    """As the caller said by `X-Owner`, else the name of their key, else `nobody`."""
    preemptible: bool
    time_limit_s: float | None
    needs: JobNeeds
    spent: JobSpent
    """To be compared with `needs`."""
    attempts: int
    """How often it was started; twice at most, but for attempts that made way or whose device failed."""
    preemptions: int
    """How often it made way for another."""
    position: int | None
    """Among the jobs that wait, 1 is next; null where it does not wait."""
    estimated_start: datetime | None
    """If the jobs before it take as long as they are taken to; null where it does not wait, or no device is in order."""
    slot: str | None
    """The device that it was given, by its name in `GET /v1/devices`; null while it waits."""
    pending: str | None
    """Why a cluster does not run it yet, which has been given it: its scheduler's or its queue's words; null where it runs, or
    is not in a cluster's hands."""
    parent: str | None
    """The sweep it belongs to."""
    children: int
    """Jobs of this sweep, which `GET /v1/jobs?parent=` lists; 0 for a job that is no sweep."""
    run: str | None
    """The run it makes. Readers of the scores API see it when the job has succeeded."""
    device: str | None
    """What the fit runs on, as its process tells it; null until that is known."""
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


class DeviceJob(Wire):
    """A job on a device."""

    id: str
    owner: str
    memory_bytes: int
    """Its share of the device's memory."""


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
    slots: int
    """Jobs that may compute on it at once."""
    jobs: list[DeviceJob]
    """Those that do."""
    fault: str | None
    """Why it gets no job; null for a device in order."""


class DeviceList(Wire):
    """The devices of this trainer, the CPU first."""

    items: list[DeviceResource]
    unknown: list[str]
    """What could not be learnt about them, in sentences; empty when everything is known."""


class OwnerResource(Wire):
    """What an owner of jobs has had."""

    owner: str
    gpu_seconds: float
    cpu_seconds: float
    running: int
    waiting: int


class OwnerList(Wire):
    """Every owner who has had something or waits for it, in alphabetical order."""

    items: list[OwnerResource]


class RunEdit(Wire):
    """What people say of a run; members that are left out stay as they are."""

    name: RunName | None = None
    """Unique among runs; null takes it away."""
    tags: Tags = Field(default_factory=list)
    """All of them."""
    note: Note = ""
    pinned: StrictBool = False
    """A pinned run cannot be deleted."""


class RunResource(Wire):
    """A published run or bot, and what people say of it. The scores API tells what it learned and how well."""

    id: str
    kind: str
    published: datetime
    name: str | None
    tags: list[str]
    note: str
    pinned: bool
    aliases: list[str]
    """Those that name it; of a bot that is promoted, its language's plain name."""
    decision: str | None
    """Whether it took `current` when it was published, and why; null where nobody decided."""


class RunList(Wire):
    """Every published run and bot, the newest first."""

    items: list[RunResource]


class AliasTarget(Wire):
    """What an alias is to name."""

    run: Annotated[str, Field(min_length=1, max_length=200)]
    """Id, name or another alias of a run."""
    force: StrictBool = False
    """For a bot: even if it is worse than the one that is served, and without measuring."""


class AliasResource(Wire):
    """An alias."""

    alias: str
    run: str | None
    """What it names; null for a language whose shipped bot is served."""
    before: list[str]
    """What it named before, the last first: where a rollback leads. Empty for bots, whose way back is kept elsewhere."""


class AliasList(Wire):
    """Every alias, in alphabetical order."""

    items: list[AliasResource]
