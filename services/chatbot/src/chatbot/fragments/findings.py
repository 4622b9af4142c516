"""Findings: what the scores API told about fragments, as plain frozen values."""

from dataclasses import dataclass

__all__ = ["Ambiguous", "Compared", "Found", "Neighbour", "Neighbours", "NothingPublished", "ScoresAway", "Unknown"]


@dataclass(frozen=True)
class Found:
    """A fragment that exists."""

    name: str
    run: str


@dataclass(frozen=True)
class Unknown:
    """A name that no fragment has, and names that look like it."""

    name: str
    near: tuple[str, ...]


@dataclass(frozen=True)
class Ambiguous:
    """A name that several fragments may be meant by."""

    name: str
    candidates: tuple[str, ...]


@dataclass(frozen=True)
class Neighbour:
    """A fragment and how alike it is to another."""

    name: str
    percent: float
    """Of the effects on all targets: `function`."""
    balanced: float
    """Of the balanced factors: what the heat map and `/cosine/score` show."""
    low: float | None
    """Ends of the 90 % interval of `percent`; None when the run drew none."""
    high: float | None


@dataclass(frozen=True)
class Neighbours:
    """The fragments most like one, the nearest first."""

    run: str
    fragment: str
    items: tuple[Neighbour, ...]


@dataclass(frozen=True)
class Compared:
    """Two fragments."""

    run: str
    one: str
    other: Neighbour


class ScoresAway(Exception):
    """The scores API does not answer."""


class NothingPublished(Exception):
    """The scores API has no run yet."""
