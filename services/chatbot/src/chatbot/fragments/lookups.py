"""Lookups: what the scores API says about fragments, as plain frozen values."""

from dataclasses import dataclass

__all__ = [
    "AmbiguousName",
    "ComparedFragments",
    "KnownFragment",
    "NothingPublished",
    "ScoresAway",
    "SimilarFragment",
    "SimilarFragments",
    "UnknownFragment",
]


@dataclass(frozen=True)
class KnownFragment:
    """A fragment that exists."""

    name: str
    run: str


@dataclass(frozen=True)
class UnknownFragment:
    """A name that no fragment has, and names that look like it."""

    name: str
    near: tuple[str, ...]


@dataclass(frozen=True)
class AmbiguousName:
    """A name that several fragments may be meant by."""

    name: str
    candidates: tuple[str, ...]


@dataclass(frozen=True)
class SimilarFragment:
    """A fragment and how alike it is to another."""

    name: str
    percent: float
    """`function`: how often activity is kept where it takes the other's place; of counts the cosine of effects."""
    balanced: float | None
    """Of the balanced factors: what the heat map and `/cosine/score` show of counts; None where the run has none."""
    low: float | None
    """Ends of the 90 % interval of `percent`; None where the run states none."""
    high: float | None


@dataclass(frozen=True)
class SimilarFragments:
    """The fragments most like one, the nearest first."""

    run: str
    fragment: str
    items: tuple[SimilarFragment, ...]


@dataclass(frozen=True)
class ComparedFragments:
    """Two fragments."""

    run: str
    one: str
    other: SimilarFragment


class ScoresAway(Exception):
    """The scores API does not answer."""


class NothingPublished(Exception):
    """The scores API has no run yet."""
