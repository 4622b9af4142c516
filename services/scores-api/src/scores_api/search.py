"""The search: the nearest fragments of one, by any similarity, exactly."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contracts.evidence import NEIGHBOURS
from contracts.kinds import RANKINGS, SimilarityKind
from scores_api.layout import NEIGHBOUR
from scores_api.projection import Projection

__all__ = ["is_published", "nearest"]

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

_DECIMALS: Final = 4
"""Of percents: fragments that are equally near to that are ordered by id."""


def is_published(similarity: SimilarityKind, max_structure: float | None) -> bool:
    """Whether the list lies ready, so that asking for it takes microseconds."""
    return similarity in RANKINGS and max_structure is None


def nearest(
    projection: Projection, id_: int, similarity: SimilarityKind, limit: int, *, max_structure: float | None = None
) -> npt.NDArray[np.void]:
    """Up to `limit` shown fragments nearest to one, dtype `NEIGHBOUR`, the nearest first.

    With `max_structure` only those that look no more alike than so many percent.

    Raises:
        SimilarityUnavailable: the run publishes nothing to tell it by.
    """
    if is_published(similarity, max_structure):
        return projection.neighbours[similarity].of(id_, limit)
    if max_structure is not None:
        projection.require(SimilarityKind.STRUCTURE, [id_])
    if similarity in RANKINGS:
        listed = projection.neighbours[similarity].of(id_, NEIGHBOURS)
        kept = listed[listed["structure"] <= max_structure]
        if len(kept) >= limit or len(listed) < NEIGHBOURS:
            return kept[:limit]
    return _searched(projection, id_, similarity, limit, max_structure)


def _searched(
    projection: Projection, id_: int, similarity: SimilarityKind, limit: int, max_structure: float | None
) -> npt.NDArray[np.void]:
    percent_F = projection.percents_with_all(id_, similarity)
    is_candidate_F = np.array(projection.fragments.shown, dtype=bool) & ~np.isnan(percent_F)
    is_candidate_F[id_] = False
    if max_structure is not None:
        is_candidate_F &= projection.percents_with_all(id_, SimilarityKind.STRUCTURE) <= max_structure
    candidates = np.flatnonzero(is_candidate_F)
    order = np.argsort(-percent_F[candidates].round(_DECIMALS), kind="stable")[:limit]
    return _rows(projection, id_, candidates[order])


def _rows(projection: Projection, id_: int, others: Ids) -> npt.NDArray[np.void]:
    """Everything that is known of one fragment and these others."""
    rows: npt.NDArray[Any] = np.zeros(len(others), dtype=NEIGHBOUR)
    rows["other"] = others
    for name in ("low", "high", "structure", "coassay", "combined"):
        rows[name] = np.nan
    ids = [id_, *others.tolist()]
    for kind in RANKINGS:
        rows[kind.value] = projection.pair_percents(id_, others, kind)
    if (bounds := projection.pair_bounds(id_, others)) is not None:
        rows["low"], rows["high"] = bounds
    for kind in (SimilarityKind.STRUCTURE, SimilarityKind.COASSAY, SimilarityKind.COMBINED):
        if projection.knows(kind, ids):
            rows[kind.value] = projection.percents_with_all(id_, kind)[others]
    return rows
