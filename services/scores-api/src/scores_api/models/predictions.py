"""Predictions: compounds asked about, and what a run expects of them on targets."""

from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from contracts.kinds import Objective
from contracts.predictions import Scale
from scores_api.models.wire import Wire, distinct

__all__ = [
    "COMPOUNDS",
    "FAR_PERCENT",
    "PREDICTIONS",
    "RELATIVES",
    "CompoundPrediction",
    "CompoundQuestion",
    "Contributions",
    "Domain",
    "Flag",
    "MatchedCompound",
    "Order",
    "PredictedFragment",
    "PredictionQuestion",
    "Predictions",
    "Relative",
    "Rest",
    "TargetPrediction",
]

COMPOUNDS: Final = 10_000
"""Compounds of one question."""
PREDICTIONS: Final = 100_000
"""Predictions of one answer: compounds times targets."""
RELATIVES: Final = 3
"""Measured compounds that are named beside a rest, at most."""
FAR_PERCENT: Final = 30.0
"""A compound that is less like every compound a target was measured on is far from what the run knows of it."""
_FRAGMENTS: Final = 500
_TITLE: Final = 200
_TARGETS: Final = 10_000


class CompoundQuestion(Wire):
    """A compound: a SMILES, or the names of its fragments."""

    smiles: str | None = None
    """Cut into fragments as the data were."""
    fragments: Annotated[list[str], Field(min_length=1, max_length=_FRAGMENTS), AfterValidator(distinct)] | None = None
    """Names, each once; those that the run does not know are flagged."""
    name: Annotated[str, Field(max_length=_TITLE, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None
    """What the caller calls it; the title of its record in an SD file."""

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if self.smiles is not None and self.fragments is not None:
            raise ValueError("a compound is given by smiles or by fragments, not by both")
        if self.smiles is None and self.fragments is None:
            raise ValueError("a compound needs smiles or fragments")
        return self


class Order(StrEnum):
    """Which targets of a compound come first."""

    EXCESS = "excess"
    """Those on which the compound stands out most among compounds of the data."""
    PREDICTION = "prediction"
    """Those with the highest `value`."""
    CERTAINTY = "certainty"
    """Those with the narrowest interval, measured by how widely the target's values spread."""


class PredictionQuestion(Wire):
    """Which compounds, and on which targets."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"compounds": [{"smiles": "CC(=O)Oc1ccccc1C(=O)O"}], "limit": 3}]}
    )

    compounds: Annotated[list[CompoundQuestion], Field(min_length=1, max_length=COMPOUNDS)]
    targets: Annotated[list[str], Field(min_length=1, max_length=_TARGETS), AfterValidator(distinct)] | None = None
    """Names, each once; all targets when null."""
    limit: Annotated[int, Field(ge=1, le=_TARGETS)] | None = None
    """Only so many targets a compound, the first ones in the order; 10 where neither this nor targets is given."""
    order: Order | None = None
    """Which targets come first. `excess`: those on which the compound stands out most among compounds of the data. Compared is
    how surely `sum` is above `contributions.target`, in standard deviations as the nearest measured compound alone tells them,
    with the median and the highest tenth of a sample of compounds on the target. `prediction`: those with the highest `value`.
    `certainty`: those with the narrowest interval, measured by how widely the target's values spread. When null: as named where
    targets are named without a limit; else by `excess`, and by `prediction` in runs that predict by fragments alone, which know
    no other order."""


class Flag(StrEnum):
    """What the run has never seen of a compound."""

    UNKNOWN_FRAGMENTS = "unknown-fragments"
    """Some of its fragments are in too few compounds of the data, or in none: they add nothing, and in runs that predict by
    fragments alone they widen the interval."""
    NOTHING_KNOWN = "nothing-known"
    """Not one of its fragments is known: what is predicted is the level of each target, and the rest where there is one."""
    FRAGMENTS_ONLY = "fragments-only"
    """Nothing compares the whole molecule, because it was given by fragments or the data state no structures: the rest is 0,
    and intervals are wide."""


class PredictedFragment(Wire):
    """A fragment of a compound."""

    name: str
    known: bool
    support: int | None
    """Compounds of the data that contain it: the evidence behind its contribution; null for an unknown one."""


class Contributions(Wire):
    """The parts of a sum."""

    mean: float
    """Of all measurements; 0 where the level of each target is told on its own."""
    target: float
    """What the target adds for every compound: its level."""
    fragments: list[float]
    """What each fragment adds, in the order of the compound's `fragments`; 0 for unknown ones."""


class Relative(Wire):
    """A compound that was measured on the target."""

    name: str
    smiles: str
    similarity: Annotated[float, Field(ge=0, le=100)]
    """To the compound asked about, in percent: the mean Tanimoto similarity of counts of circular environments (ECFP4), atom
    pairs and torsions; rounded to one decimal."""
    value: float
    """What was measured, in the unit of the data."""


class Rest(Wire):
    """What the whole molecule adds beyond its known fragments, told by the measured compounds that it is like."""

    value: float
    """On the scale of `sum`; 0 where nothing compares the whole molecule."""
    relatives: Annotated[list[Relative], Field(max_length=RELATIVES)]
    """The most alike of all compounds measured on the target, the most alike first; the compound itself among them."""


class Domain(StrEnum):
    """How near the compound is to what was measured on the target."""

    NEAR = "near"
    """At least one compound measured on the target is 30 % alike or more."""
    FAR = "far"
    """None is: what is predicted is little more than the level of the target and what fragments add."""


class MatchedCompound(Wire):
    """A compound of the data."""

    id: int
    name: str


class TargetPrediction(Wire):
    """What is expected of a compound on one target."""

    target: str
    title: str | None
    """What the data call a target that they name by an id; null in runs that predict by fragments alone."""
    unit: str | None
    """Of `value`, `low`, `high`, `level`, `excess` and `measured`, as the data say: `pIC50`, …, `pX` of several or unnamed
    endpoints, `%`. Null where they do not say, and where the scale is not `value`."""
    value: float
    """On the answer's scale."""
    low: float | None
    """Lower end of the 90 % interval; null where the run has no posterior."""
    high: float | None
    """Upper end of the same interval."""
    sum: float
    """`mean` + `target` + all of `fragments` + the value of `rest` + `panel`, digit by digit: the value itself, or for
    chances what the chance follows from (the probit, in runs that predict by fragments alone)."""
    level: float | None
    """What is usual on the target, on the answer's scale; null in runs that predict by fragments alone, as all that follow but
    the contributions."""
    excess: float | None
    """`value` - `level`: how far above what is usual on the target."""
    contributions: Contributions
    rest: Rest | None
    panel: float | None
    """What the compound's own measurements on other targets add (`matched`); 0 on those it was measured on, where the
    prediction has learned from the measurement, and for a compound that is new."""
    measured: float | None
    """What the data state of this very compound (`matched`) on the target; null where it was not measured."""
    similarity: Annotated[float, Field(ge=0, le=100)] | None
    """To the most alike compound measured on the target, in percent."""
    domain: Domain | None
    """Null where nothing compares the whole molecule, too."""


class CompoundPrediction(Wire):
    """One compound."""

    smiles: str | None
    """As asked."""
    parent: str | None
    """The standardised molecule that was cut; null for a compound given by fragments."""
    fragments: list[PredictedFragment]
    flags: list[Flag]
    """Empty when every fragment is known."""
    matched: MatchedCompound | None
    """The compound of the data that has the same parent; null where there is none, or the run predicts by fragments alone."""
    nearest_similarity: Annotated[float, Field(ge=0, le=100)] | None
    """To the most alike compound of the data, in percent; null where nothing compares whole molecules."""
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
