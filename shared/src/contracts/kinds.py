"""The closed vocabularies of the product: kinds of activity, objectives, similarities and runs."""

from enum import StrEnum
from typing import Final

__all__ = ["JUDGED_BY", "RANKINGS", "ActivityKind", "ChangeUnit", "Holdout", "Objective", "RunKind", "SimilarityKind"]


class ActivityKind(StrEnum):
    """What the cells of an activity table state."""

    REAL = "real"
    """A measured potency, pX = -log10 of a molar concentration. Not measured is never 0."""
    BINARY = "binary"
    """1 is active, 0 is inactive. Not measured is never 0."""
    POSITIVES = "positives"
    """Only what is known to act; every other cell is unknown."""
    SIGNED = "signed"
    """The seed's complete table of -1, 0 and 1 (or other numbers), in which 0 is a statement."""


class Objective(StrEnum):
    """What a factor run minimises."""

    COUNTS = "counts"
    """Mean squared error of P Q^T against the fragment x target sums A B."""
    ACTIVITY = "activity"
    """The posterior of a model that predicts activity: a compound is the sum of its fragments and a rest of its own."""


class Holdout(StrEnum):
    """Which cells an `activity` fit is judged by, before the fit that is published learns from all of them."""

    NONE = "none"
    RANDOM = "random"
    """A tenth of the cells, without regard to their compounds."""
    SCAFFOLD = "scaffold"
    """A tenth of the cells, those of whole Murcko scaffolds: compounds unlike any that was learned from."""
    TIME = "time"
    """The cells that the files named for it state: what was measured later than the rest, say."""


JUDGED_BY: Final = ("holdout", "later", "seed", "objective")
"""Members of a spec that choose the cells which judge a run, of the same data."""


class SimilarityKind(StrEnum):
    """A way in which two fragments are alike; each is published in percent, -100 to 100."""

    FUNCTION = "function"
    """How often activity is kept where one takes the other's place: of 100 replacements, those that change it by no more than
    0.5 of a `ChangeUnit` (threefold, of log units). In runs of `counts` the cosine of effects on all targets: rows of P Q^T,
    whatever the gauge."""
    BALANCED = "balanced"
    """Cosine of rows of U sqrt(S), where P Q^T = U S V^T: what `GET /cosine/score` serves of runs of `counts`, which alone
    have it."""
    STRUCTURE = "structure"
    """Tanimoto similarity of atom environments (ECFP4): how alike they look, whatever they do. From 0."""
    COASSAY = "coassay"
    """On how far the same targets they were measured, whatever came out: what was studied together. From 0."""


RANKINGS: Final = (SimilarityKind.BALANCED, SimilarityKind.FUNCTION)
"""Those whose nearest fragments a run publishes as lists, where it tells them; in runs of counts cosines of factors."""


class ChangeUnit(StrEnum):
    """In what changes of activity are told, so that those of all targets of a run can be compared."""

    LOG = "log units"
    """Where values are logarithms of concentrations: pIC50, pX."""
    SPREAD = "standard deviations"
    """Where they are not: of what each target's values are spread by."""
    BOTH = "log units or standard deviations"
    """Log units at targets whose values are logarithms, standard deviations at the others."""
    CHANCE = "chance"
    """For actives and inactives: that the one becomes the other."""


class RunKind(StrEnum):
    """What a run trained."""

    FACTORS = "factors"
    """Factor vectors of fragments."""
    DIALOGUE = "dialogue"
    """A chatbot: one artifact, no tables."""
