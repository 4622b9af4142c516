"""The search: the nearest fragments of one, by any similarity, exactly."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contracts.evidence import NEIGHBOURS
from contracts.kinds import SimilarityKind
from published.form import NEIGHBOUR
from scores_api.published_run import PublishedRun
from scores_api.similarities.kind import Ids, Kind
from scores_api.similarities.replaced import Replaced

__all__ = ["is_published", "nearest"]

_DECIMALS: Final = 4
"""Of percents: fragments that are equally near to that are ordered by id."""


def is_published(run: PublishedRun, id_: int, similarity: SimilarityKind, max_structure: float | None) -> bool:
    """Whether the list lies ready, so that asking for it takes microseconds."""
    if similarity not in run.neighbours or max_structure is not None:
        return False
    return run.replacements is None or run.fragments.shown[id_]  # by replacements, lists are published of what is shown


def nearest(
    run: PublishedRun, id_: int, similarity: SimilarityKind, limit: int, *, max_structure: float | None = None
) -> npt.NDArray[np.void]:
    """Up to `limit` shown fragments nearest to one, dtype `NEIGHBOUR`, the nearest first.

    With `max_structure` only those that look no more alike than so many percent.

    Raises:
        SimilarityUnavailable: the run publishes nothing to tell it by.
        FileDamaged: its lists are not as they were written.
    """
    if is_published(run, id_, similarity, max_structure):
        return run.neighbours[similarity].of(id_, limit)
    if max_structure is not None:
        run.similarity(SimilarityKind.STRUCTURE, [id_])
        has_list = is_published(run, id_, similarity, None)
        listed = run.neighbours[similarity].of(id_, NEIGHBOURS) if has_list else None
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
    """Everything that is known of one fragment and these others; what is not known of one of them is NaN there alone."""
    rows: npt.NDArray[Any] = np.zeros(len(others), dtype=NEIGHBOUR)
    rows["other"] = others
    for kind in SimilarityKind:
        rows[kind.value] = np.nan
        if (known := run.similarities.get(kind)) is not None:
            told = _told(known, id_, others)
            rows[kind.value][told] = known.with_some(id_, others[told])
    for column in ("low", "high", "change", "change_low", "change_high", "swaps"):
        rows[column] = np.nan
    function = run.similarities.get(SimilarityKind.FUNCTION)
    if isinstance(function, Replaced):
        told = _told(function, id_, others)
        rows["low"][told], rows["high"][told] = function.bounds_with(id_, others[told])
        found = function.expected_with(id_, others[told])
        rows["change"][told], rows["change_low"][told], rows["change_high"][told] = found.change_N, found.low_N, found.high_N
        rows["swaps"][told] = found.measurements_N
    return rows


def _told(kind: Kind, id_: int, others: Ids) -> Ids:
    """The places of those others of which a kind tells how alike they are to the fragment."""
    return np.flatnonzero([kind.knows([id_, other]) for other in others.tolist()])
