"""Lookups: what the scores API says about fragments, as plain frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "AmbiguousName",
    "Compared",
    "Drawing",
    "Function",
    "KnownFragment",
    "MoleculeUnreadable",
    "NotAllowed",
    "NothingPublished",
    "Predicted",
    "PredictedTarget",
    "Relative",
    "RunFacts",
    "ScoresAway",
    "ScoresFail",
    "ScoresRefuse",
    "Told",
    "TooManyQuestions",
    "Unanswered",
    "UnknownFragment",
    "UnreadableStructure",
]

Figures = Mapping[str, float | str | None]
"""What the API states of two fragments, named as of a neighbour in its contract: `function` and `swaps` for example."""


class Function(StrEnum):
    """What a run means by `function`."""

    KEPT = "kept"
    """How often activity stays within threefold where one fragment takes the other's place."""
    SPREAD = "spread"
    """How often it stays within half a standard deviation of the target's values, where these are no logarithms."""
    MIXED = "mixed"
    """The one or the other, of a run that has targets of both kinds."""
    OUTCOME = "outcome"
    """How often active or inactive stays what it is where one takes the other's place."""
    COSINE = "cosine"
    """The cosine of the effects of both on all targets: of runs of counts."""


@dataclass(frozen=True)
class Told:
    """What a run tells of two fragments."""

    kinds: tuple[str, ...]
    """Of similarity, the recommended one first."""
    function: Function

    @property
    def first(self) -> str:
        """The kind that is told where none is asked for.

        Raises:
            ScoresRefuse: the run tells none.
        """
        if not self.kinds:
            raise ScoresRefuse("it tells no similarity of its fragments", "similarity-unavailable")
        return self.kinds[0]


@dataclass(frozen=True)
class KnownFragment:
    """A fragment that the run has."""

    name: str
    run: str
    smiles: str | None
    support: int
    """Compounds that contain it."""
    shown: bool
    """With enough evidence to be listed."""
    forms: tuple[str, ...] = ()
    """Other fragments of the run that the same name may mean."""
    is_listed: bool = True
    """Else no fragment of the run, but something that took the place of fragments in its compounds: `*C` and `*[H]`."""


@dataclass(frozen=True)
class UnknownFragment:
    """A name that no fragment of the run has, and names that look like it."""

    name: str
    near: tuple[str, ...]
    smiles: str | None = None
    """What the name means, where that is known."""


@dataclass(frozen=True)
class UnreadableStructure:
    """A SMILES of no possible molecule."""

    name: str
    reason: str


@dataclass(frozen=True)
class AmbiguousName:
    """A name that several fragments may be meant by."""

    name: str
    candidates: tuple[str, ...]


@dataclass(frozen=True)
class Relative:
    """Another fragment beside one that was asked about."""

    name: str
    smiles: str | None
    support: int
    figures: Figures


@dataclass(frozen=True)
class Compared:
    """Two fragments."""

    one: KnownFragment
    two: KnownFragment
    figures: Figures


@dataclass(frozen=True)
class RunFacts:
    """The run that answers, and how many there are."""

    run: str
    source: str
    objective: str
    fragments: int
    shown: int
    compounds: int
    targets: int
    runs: int
    runs_are_all: bool
    """Else there are more runs than were counted."""
    told: Told


@dataclass(frozen=True)
class PredictedTarget:
    """What is expected on one target."""

    target: str
    value: float
    low: float | None
    high: float | None
    level: float | None
    """What is usual on the target."""
    measured: float | None
    shares: Mapping[str, float]
    """What each fragment adds."""
    rest: float | None
    """What the whole molecule adds, by the measured compounds it is like."""
    relatives: tuple[tuple[str, float, float], ...]
    """SMILES, percent of similarity and measured value of the most alike compounds."""


@dataclass(frozen=True)
class Predicted:
    """What a run expects of a compound."""

    run: str
    asked: str
    meaning: str
    scale: str
    fragments: tuple[str, ...]
    unknown: tuple[str, ...]
    """Fragments that the run does not know."""
    is_chosen: bool
    """The targets are those that were named, in that order."""
    targets: tuple[PredictedTarget, ...] = field(default=())


@dataclass(frozen=True)
class Drawing:
    """A structure as SVG."""

    svg: bytes | None
    """None where what the asker holds is still the drawing."""
    headers: Mapping[str, str]
    """What browsers are told of it."""


class Unanswered(Exception):
    """The scores API did not answer a question; `str` says why."""


class ScoresAway(Unanswered):
    """It does not answer."""


class ScoresFail(Unanswered):
    """It failed at the question."""


class NotAllowed(Unanswered):
    """It does not let the chatbot ask this."""


class TooManyQuestions(Unanswered):
    """It was asked too often."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many questions, again in {wait_s} s")
        self.wait_s = wait_s
        """After which it may be asked again."""


class MoleculeUnreadable(Unanswered):
    """It was asked to predict what is no molecule; `str` says why."""

    def __init__(self, smiles: str, reason: str) -> None:
        super().__init__(reason)
        self.smiles = smiles


class NothingPublished(Unanswered):
    """It has no run yet."""


class ScoresRefuse(Unanswered):
    """It cannot answer this question of this run."""

    def __init__(self, reason: str, slug: str) -> None:
        super().__init__(reason)
        self.slug = slug
        """Of its problem's type."""
