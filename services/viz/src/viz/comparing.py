"""Two runs beside each other, as the scores API compares them."""

from dataclasses import dataclass

from contracts.kinds import SimilarityKind
from scores_client import models
from scores_client.api.runs import compare_runs
from viz.scores import Scores

__all__ = ["Comparison", "Moved", "comparison_of"]


@dataclass(frozen=True)
class Moved:
    """A fragment of which some of the nearest are others."""

    fragment: str
    kept: int
    left: tuple[str, ...]
    came: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What differs between two runs; pairs are of the first and the second."""

    runs: tuple[str, str]
    parameters: tuple[tuple[str, str | None, str | None], ...]
    """Those that differ, as JSON; None where a run has none of this name."""
    is_same_data: bool
    sources: tuple[str, str]
    counts: tuple[tuple[str, int, int], ...]
    shared_fragments: int
    only: tuple[int, int]
    """Fragments that one of them alone has."""
    metrics: tuple[tuple[str, float | None, float | None], ...]
    similarity: SimilarityKind | None
    """What the nearest are nearest by; None where the runs have no lists of the same kind."""
    nearest: int
    """How many of the nearest are compared."""
    compared: int
    """Fragments that both show."""
    kept: float | None
    """The mean share of the nearest that stayed."""
    moved: tuple[Moved, ...]
    """Those that changed most first."""


async def comparison_of(scores: Scores, one: str, other: str, *, moved: int) -> Comparison:
    """Compare two runs, with at most so many fragments that moved.

    Raises:
        NotInRun: there is no such run.
    """
    told = await scores.answer(
        lambda client: compare_runs.asyncio(client=client, a=one, b=other, limit=moved), models.RunComparison
    )
    data = told.data
    return Comparison(
        runs=(told.a, told.b),
        parameters=tuple((each.name, each.a, each.b) for each in told.parameters),
        is_same_data=data.same,
        sources=(data.source_a, data.source_b),
        counts=tuple((each.name, each.a, each.b) for each in data.counts),
        shared_fragments=data.shared_fragments,
        only=(data.only_a, data.only_b),
        metrics=tuple((each.name, each.a, each.b) for each in told.metrics),
        similarity=None if told.similarity is None else SimilarityKind(str(told.similarity)),
        nearest=told.nearest,
        compared=told.compared,
        kept=told.kept,
        moved=tuple(Moved(each.fragment, each.kept, tuple(each.left), tuple(each.came)) for each in told.moved),
    )
