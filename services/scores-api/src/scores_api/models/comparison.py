"""Comparison: two runs beside each other."""

from contracts.kinds import SimilarityKind
from scores_api.models.wire import Wire

__all__ = ["ComparedCount", "ComparedData", "ComparedMetric", "ComparedNeighbours", "ComparedParameter", "RunComparison"]


class ComparedParameter(Wire):
    """A parameter that differs."""

    name: str
    """As in `spec`; `ingest.unit` is how tables were read."""
    a: str | None
    """As JSON; null where the run has none of this name."""
    b: str | None


class ComparedCount(Wire):
    """How many there are of something in the data."""

    name: str
    a: int
    b: int


class ComparedData(Wire):
    """What the runs learned from."""

    same: bool
    """Whether they share fragments, compounds, targets and values."""
    source_a: str
    source_b: str
    counts: list[ComparedCount]
    shared_fragments: int
    """By their names."""
    only_a: int
    only_b: int


class ComparedMetric(Wire):
    """A measurement; only judged on the same held-out cells it tells which run is better."""

    name: str
    a: float | None
    b: float | None


class ComparedNeighbours(Wire):
    """A fragment, and which of its nearest are others."""

    fragment: str
    kept: int
    """Of its nearest in `a`, those that are among the nearest in `b`."""
    left: list[str]
    """The others, the nearest first."""
    came: list[str]
    """Those in their place, the nearest first."""


class RunComparison(Wire):
    """What differs between two runs."""

    a: str
    b: str
    parameters: list[ComparedParameter]
    data: ComparedData
    metrics: list[ComparedMetric]
    similarity: SimilarityKind | None
    """What neighbours are nearest by; null where the runs publish no lists of the same kind."""
    nearest: int
    """How many of the nearest are compared."""
    compared: int
    """Fragments that both runs show."""
    kept: float | None
    """The mean share of the nearest that stayed; null where nothing could be compared."""
    moved: list[ComparedNeighbours]
    """The fragments whose nearest changed, those that changed most first."""
