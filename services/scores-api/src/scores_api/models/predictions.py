"""Predictions: compounds asked about, and what a run expects of them on targets."""

from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from contracts.kinds import Objective
from contracts.predictions import Scale
from scores_api.models.wire import Wire, distinct

__all__ = [
    "COMPOUNDS",
    "PREDICTIONS",
    "CompoundPrediction",
    "CompoundQuestion",
    "Contributions",
    "Flag",
    "PredictedFragment",
    "PredictionQuestion",
    "Predictions",
    "TargetPrediction",
]

COMPOUNDS: Final = 10_000
"""Compounds of one question."""
PREDICTIONS: Final = 100_000
"""Predictions of one answer: compounds times targets."""
_FRAGMENTS: Final = 500
_TARGETS: Final = 10_000


class CompoundQuestion(Wire):
    """A compound: a SMILES, or the names of its fragments."""

    smiles: str | None = None
    """Cut into fragments as the data were."""
    fragments: Annotated[list[str], Field(min_length=1, max_length=_FRAGMENTS), AfterValidator(distinct)] | None = None
    """Names, each once; those that the run does not know are flagged."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if self.smiles is not None and self.fragments is not None:
            raise ValueError("a compound is given by smiles or by fragments, not by both")
        if self.smiles is None and self.fragments is None:
            raise ValueError("a compound needs smiles or fragments")
        return self


class PredictionQuestion(Wire):
    """Which compounds, and on which targets."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"compounds": [{"smiles": "CC(=O)Oc1ccccc1C(=O)O"}], "limit": 3}]}
    )

    compounds: Annotated[list[CompoundQuestion], Field(min_length=1, max_length=COMPOUNDS)]
    targets: Annotated[list[str], Field(min_length=1, max_length=_TARGETS), AfterValidator(distinct)] | None = None
    """Names, each once; all targets when null."""
    limit: Annotated[int, Field(ge=1, le=_TARGETS)] | None = None
    """Only so many targets a compound, those with the highest predictions first; 10 where neither this nor targets is given."""


class Flag(StrEnum):
    """What the run has never seen of a compound."""

    UNKNOWN_FRAGMENTS = "unknown-fragments"
    """Some of its fragments are in too few compounds of the data, or in none: they add nothing, and widen the interval."""
    NOTHING_KNOWN = "nothing-known"
    """Not one of its fragments is known: what is predicted is the level of each target."""


class PredictedFragment(Wire):
    """A fragment of a compound."""

    name: str
    known: bool
    support: int | None
    """Compounds of the data that contain it: the evidence behind its contribution; null for an unknown one."""


class Contributions(Wire):
    """The parts of a sum."""

    mean: float
    """Of all measurements."""
    target: float
    """What the target adds for every compound."""
    fragments: list[float]
    """What each fragment adds, in the order of the compound's `fragments`; 0 for unknown ones."""


class TargetPrediction(Wire):
    """What is expected of a compound on one target."""

    target: str
    value: float
    """On the answer's scale."""
    low: float | None
    """Lower end of the 90 % interval; null where the run has no posterior."""
    high: float | None
    """Upper end of the same interval."""
    sum: float
    """`mean` + `target` + all of `fragments`: the value itself, or for chances the probit behind it."""
    contributions: Contributions


class CompoundPrediction(Wire):
    """One compound."""

    smiles: str | None
    """As asked."""
    parent: str | None
    """The standardised molecule that was cut; null for a compound given by fragments."""
    fragments: list[PredictedFragment]
    flags: list[Flag]
    """Empty when every fragment is known."""
    predictions: list[TargetPrediction]


class Predictions(Wire):
    """What a run expects."""

    run: str
    objective: Objective
    """The model that was fitted."""
    scale: Scale
    """What the numbers are."""
    meaning: str
    """The same in a sentence, with what the model does not look at."""
    compounds: list[CompoundPrediction]
    """In the order of the question."""
