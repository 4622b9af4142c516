"""The search: the nearest fragments of one, by any similarity, exactly."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contracts.evidence import NEIGHBOURS
from contracts.kinds import RANKINGS, SimilarityKind
from published.form import NEIGHBOUR
from scores_api.published_run import PublishedRun
from scores_api.similarities.kind import Ids, Kind

__all__ = ["is_published", "nearest"]

_DECIMALS: Final = 4
"""Of percents: fragments that are equally near to that are ordered by id."""


def is_published(similarity: SimilarityKind, max_structure: float | None) -> bool:
    """Whether the list lies ready, so that asking for it takes microseconds."""
    return similarity in RANKINGS and max_structure is None


def nearest(
    run: PublishedRun, id_: int, similarity: SimilarityKind, limit: int, *, max_structure: float | None = None
) -> npt.NDArray[np.void]:
    """Up to `limit` shown fragments nearest to one, dtype `NEIGHBOUR`, the nearest first.

    With `max_structure` only those that look no more alike than so many percent.

    Raises:
        SimilarityUnavailable: the run publishes nothing to tell it by.
        FileDamaged: its lists are not as they were written.
    """
    if is_published(similarity, max_structure):
        return run.neighbours[similarity].of(id_, limit)
    if max_structure is not None:
        run.similarity(SimilarityKind.STRUCTURE, [id_])
        listed = run.neighbours[similarity].of(id_, NEIGHBOURS) if similarity in RANKINGS else None
        if listed is not None:
            kept = listed[listed["structure"] <= max_structure]
            if len(kept) >= limit or len(listed) < NEIGHBOURS:
                return kept[:limit]
    percent_F = run.similarity(similarity, [id_]).with_all(id_)
    is_candidate_F = np.array(run.fragments.shown, dtype=bool) & ~np.isnan(percent_F)
    is_candidate_F[id_] = False
    if max_structure is not None:
        is_candidate_F &= run.similarities[SimilarityKind.STRUCTURE].with_all(id_) <= max_structure
    candidates = np.flatnonzero(is_candidate_F)
    order = np.argsort(-percent_F[candidates].round(_DECIMALS), kind="stable")[:limit]
    return _rows(run, id_, candidates[order])


def _rows(run: PublishedRun, id_: int, others: Ids) -> npt.NDArray[np.void]:
    """Everything that is known of one fragment and these others."""
    rows: npt.NDArray[Any] = np.zeros(len(others), dtype=NEIGHBOUR)
    rows["other"] = others
    ids = [id_, *others.tolist()]
    for kind in SimilarityKind:
        known: Kind | None = run.similarities.get(kind)
        rows[kind.value] = known.with_some(id_, others) if known is not None and known.knows(ids) else np.nan
    bounds = run.similarities[SimilarityKind.FUNCTION].bounds_with(id_, others)
    rows["low"], rows["high"] = (np.nan, np.nan) if bounds is None else bounds
    return rows
