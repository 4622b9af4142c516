"""What the scores API and the trainer tell, as plain frozen values; vectors and matrices are numpy arrays.

Axes: F fragments, K rank, S steps, D at most three plotted columns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.kinds import ChangeUnit, Objective, SimilarityKind

__all__ = [
    "Change",
    "Curve",
    "Floats",
    "Fragment",
    "FragmentPage",
    "Job",
    "Left",
    "Matrix",
    "Neighbour",
    "NeighbourhoodMap",
    "PredictedFragment",
    "Prediction",
    "Relative",
    "Rest",
    "Run",
    "RunDetails",
    "Space",
    "TargetPrediction",
    "Trajectory",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """A published run, in the words of `GET /v1/runs`."""

    id: str
    objective: Objective
    activity_kind: str
    source: str
    name: str | None
    """What people call it."""
    tags: tuple[str, ...]
    note: str
    pinned: bool
    """Whether it cannot be deleted."""
    aliases: tuple[str, ...]
    current: bool
    published: datetime
    seconds: float
    device: str
    fragments: int
    shown_fragments: int
    compounds: int
    targets: int
    rank: int
    similarities: tuple[SimilarityKind, ...]
    """What it tells of its fragments, what pages show first."""
    change_unit: ChangeUnit | None
    """In what it tells changes of activity; None where it tells none."""


@dataclass(frozen=True)
class RunDetails:
    """What never changes of a run beside what lists tell: parameters and measurements."""

    spec: Mapping[str, Any]
    """Parameters as the trainer took them."""
    ingest: Mapping[str, int]
    """Counts of what was read, merged and left out."""
    metrics: Mapping[str, float]
    decision: str | None
    """Whether it took `current` when it was published, and why."""


@dataclass(frozen=True)
class Fragment:
    """A fragment with its evidence, and what its structure is like; None where the data state none."""

    id: int
    name: str
    smiles: str | None
    support: int
    scaffolds: int | None
    shown: bool
    heavy_atoms: int | None = None
    rings: int | None = None
    charge: int | None = None
    logp: float | None = None


@dataclass(frozen=True)
class FragmentPage:
    """Some fragments, and the cursor of those that follow."""

    items: tuple[Fragment, ...]
    next: str | None


@dataclass(frozen=True)
class Change:
    """What a replacement is expected to change of activity, up or down, with its 90 % interval and evidence."""

    expected: float
    low: float
    high: float
    swaps: int
    """Pairs of compounds of the data that differ by this replacement alone."""
    basis: str
    """What the expectation rests on."""


@dataclass(frozen=True)
class Neighbour:
    """A fragment near another, in percent; an optional figure is None where the run has none."""

    rank: int
    name: str
    smiles: str | None
    support: int
    percents: Mapping[SimilarityKind, float | None]
    """Every similarity of the contract."""
    low: float | None
    """With `high` the 90 % interval of `function`."""
    high: float | None
    change: Change | None
    """What putting it in the place of the other is expected to change; None where the run does not tell."""

    def percent(self, similarity: SimilarityKind) -> float | None:
        """The figure of one similarity."""
        return self.percents[similarity]


@dataclass(frozen=True)
class PredictedFragment:
    """A fragment of a compound; `support` is None where the run does not know it."""

    name: str
    support: int | None


@dataclass(frozen=True)
class Relative:
    """A compound that was measured on the target."""

    name: str
    smiles: str
    similarity: float
    """To the predicted one, in percent."""
    value: float


@dataclass(frozen=True)
class Rest:
    """What the whole molecule adds, told by the measured compounds it is most like."""

    value: float
    relatives: tuple[Relative, ...]


@dataclass(frozen=True)
class TargetPrediction:
    """What a run expects of a compound on one target: `mean` + `level` + `added`, the rest and `panel` make `sum`."""

    target: str
    unit: str | None
    """Of the value and of what was measured, where the data say it."""
    value: float
    low: float | None
    high: float | None
    sum: float
    """The value, or for chances the probit behind it."""
    mean: float
    level: float
    added: tuple[float, ...]
    """By each fragment of the compound."""
    excess: float | None = None
    """How far above what is usual on the target; None, as all that follow, in runs that predict by fragments alone."""
    rest: Rest | None = None
    panel: float | None = None
    """What its own measurements on other targets add."""
    measured: float | None = None
    """What the data state of this very compound."""
    domain: str | None = None
    """`near` or `far` from what was measured on the target."""


@dataclass(frozen=True)
class Prediction:
    """What a run expects of a compound."""

    run: str
    scale: str
    """`value`, `chance`, `score` or `sum`."""
    meaning: str
    """The same in a sentence."""
    parent: str | None
    """The standardised molecule that was cut; None for fragments."""
    fragments: tuple[PredictedFragment, ...]
    flags: tuple[str, ...]
    """`unknown-fragments`, `nothing-known`, `fragments-only`."""
    targets: tuple[TargetPrediction, ...]
    """Those first on which the compound stands out most, or the highest where no level is told."""
    matched: str | None = None
    """Name of the compound of the data that this is."""
    nearest: float | None = None
    """Similarity to the most alike compound of the data, in percent."""


@dataclass(frozen=True)
class Left:
    """A compound that was left out of a question."""

    place: int
    """In the question, from 0."""
    value: str
    reason: str


@dataclass(frozen=True)
class Matrix:
    """Similarity of named fragments in percent as the scores API states it: symmetric, diagonal 100."""

    names: tuple[str, ...]
    percent_FF: Floats


@dataclass(frozen=True)
class Space:
    """The shown fragments of a run in id order, and their factors."""

    run: str
    fragments: tuple[Fragment, ...]
    balanced_FK: Floats
    canonical_FK: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of the rows."""
        return tuple(fragment.name for fragment in self.fragments)

    @property
    def count(self) -> int:
        """How many fragments the run shows."""
        return len(self.fragments)

    def most_studied(self, count: int) -> tuple[str, ...]:
        """Names of the fragments in most compounds, at most `count`, in the order of the rows."""
        order = np.argsort([-fragment.support for fragment in self.fragments], kind="stable")[:count]
        return tuple(self.fragments[at].name for at in sorted(order.tolist()))

    def vectors(self, similarity: SimilarityKind) -> Floats:
        """The factors that stand for a similarity: canonical rows for function, balanced rows for any other."""
        return self.canonical_FK if similarity is SimilarityKind.FUNCTION else self.balanced_FK


@dataclass(frozen=True)
class NeighbourhoodMap:
    """Where fragments lie in a plane, those that act alike beside each other."""

    names: tuple[str, ...]
    positions_FD: Floats


@dataclass(frozen=True)
class Curve:
    """Loss by step of a run's fit."""

    steps_S: NDArray[np.int64]
    losses_S: Floats


@dataclass(frozen=True)
class Trajectory:
    """Balanced positions of the shown fragments at recorded steps of the fit."""

    names: tuple[str, ...]
    steps_S: NDArray[np.int64]
    positions_SFD: Floats


@dataclass(frozen=True)
class Job:
    """A job of the trainer; what is None is not known, or not yet."""

    id: str
    state: str
    unfinished: bool
    title: str
    created: datetime
    run: str | None
    stage: str | None
    """What it is doing now, in words."""
    percent: float | None
    """How much of the stage is done."""
    loss: float | None
    rate: float | None
    """Parts of the stage done a second."""
    eta_s: float | None
    problem: str | None
