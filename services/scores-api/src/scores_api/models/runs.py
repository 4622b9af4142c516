"""Runs: what was trained, from which data, how, and how its loss fell."""

from datetime import datetime
from typing import Any

from contracts.kinds import ActivityKind, ChangeUnit, Objective, RunKind, SimilarityKind
from scores_api.models.wire import Cursor, Wire

__all__ = ["Curve", "NeighbourhoodMap", "Reject", "RejectPage", "RunDetail", "RunPage", "RunSummary", "Trajectory"]


class RunSummary(Wire):
    """A published run."""

    id: str
    kind: RunKind
    objective: Objective
    activity_kind: ActivityKind
    source: str
    """What the user named: `built-in` or a file."""
    data: str
    """Digest of the ingested data; runs with the same digest share fragments, compounds and targets."""
    name: str | None
    """What people call it, unique among runs."""
    tags: list[str]
    note: str
    pinned: bool
    """Whether it cannot be deleted."""
    aliases: list[str]
    """Those that name it. Whoever asks for a run may ask by an alias or a name as well."""
    current: bool
    """Whether every read answers from it by default: the alias `current` names it."""
    published: datetime
    started: datetime
    finished: datetime
    seconds: float
    """Time of the fit."""
    device: str
    code_version: str
    fragments: int
    """Modelled fragments."""
    shown_fragments: int
    """Those with enough evidence to be listed by default and offered as neighbours."""
    compounds: int
    targets: int
    rank: int
    """Columns of the factors."""
    similarities: list[SimilarityKind]
    """What it tells of its fragments, what its pages show first: function needs measured replacements, structure SMILES."""
    change_unit: ChangeUnit | None
    """In what it tells changes of activity, and of what `function` takes half for a change: null where it tells none."""


class RunDetail(RunSummary):
    """A published run with its parameters and measurements."""

    spec: dict[str, Any]
    """Parameters as they were validated."""
    ingest: dict[str, int]
    """Counts of what was read, merged and rejected."""
    plan: dict[str, Any] | None = None
    """What every column of the data was taken for, and why; null where they have no columns."""
    metrics: dict[str, float]
    """Name to number."""
    decision: str | None = None
    """Whether it took `current` when it was published, and why; null where nobody decided."""


class RunPage(Wire):
    """Runs, the newest first."""

    items: list[RunSummary]
    next: Cursor


class Reject(Wire):
    """A row or a cell of the data that was left out."""

    file: str
    row: int | None
    """1 is the first data row."""
    column: str | None
    value: str | None
    reason: str


class RejectPage(Wire):
    """What a run left out, in the order of files and rows."""

    run: str
    total: int
    items: list[Reject]
    next: Cursor


class Curve(Wire):
    """The training curve: `losses[i]` was measured after `steps[i]` steps."""

    run: str
    steps: list[int]
    losses: list[float]


class Trajectory(Wire):
    """How the fragments' balanced factors moved during training."""

    run: str
    fragments: list[str]
    """Names, in the order of the second axis of `positions`."""
    steps: list[int]
    """The first axis of `positions`."""
    positions: list[list[list[float]]]
    """Step, fragment, at most three coordinates. Empty when the run recorded none."""


class NeighbourhoodMap(Wire):
    """Fragments in a plane, those that act alike beside each other; distances of what lies far apart mean little."""

    run: str
    fragments: list[str]
    """Names of the shown fragments of which the run tells anything, of more than 10,000 those with most support; none where
    it tells the same of all."""
    positions: list[list[float]]
    """Two coordinates each, within a circle of radius 1."""
