"""What a run publishes of how alike its fragments are: lists, the matrix, and what readers compare others by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.evidence import MATRIX_FRAGMENTS, NEIGHBOURS
from contracts.kinds import Objective
from contracts.tables import TABLES
from trainer.data.activity import Activity
from trainer.factorization.counts.trajectory import Trajectory
from trainer.factorization.neighbours import Search, neighbours, with_evidence
from trainer.pipelines.objectives.fitted import still
from trainer.replacements.tables import neighbour_rows, replacement_rows, score_rows, swap_rows
from trainer.similarity.cosines import percents_FF
from trainer.similarity.factors import Factors
from trainer.similarity.neighbourhoods import MAPPED, neighbourhoods
from trainer.similarity.pairs import Likeness
from trainer.store.results import vectors

if TYPE_CHECKING:
    from trainer.pipelines.replacing import Replaced

__all__ = ["Similar", "similar"]


@dataclass(frozen=True, eq=False)
class Similar:
    """Tables by their names in the store, and what else says how alike fragments are."""

    tables: Mapping[str, pa.Table]
    metrics: Mapping[str, float] = field(default_factory=dict)
    places_FE: npt.NDArray[np.float32] | None = None
    """Of fragments whose replacements were learned: their distances are about expected changes; others lie at 0."""
    trajectory: Trajectory | None = None
    mapped: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Ids of the fragments that the neighbourhood map shows."""
    map_FD: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.float32))
    """Where each of them lies."""

    @classmethod
    def placed(cls, vectors_FK: npt.NDArray[np.floating], activity: Activity, seed: int, **told: Any) -> "Similar":
        """With a map of the shown fragments of which the vectors say anything, at most MAPPED, those with most support."""
        shown = np.flatnonzero(activity.fragments["shown"].to_numpy() & np.any(vectors_FK != 0, axis=1))
        support = activity.fragments["support"].to_numpy()[shown]
        mapped = np.sort(shown[np.argsort(-support, kind="stable")[:MAPPED]])
        return cls(**told, mapped=mapped, map_FD=neighbourhoods(vectors_FK[mapped], seed=seed))


def similar(
    activity: Activity,
    factors: Factors,
    objective: Objective,
    replacing: "Replaced | None",
    *,
    device: str,
    search: Search | None,
    seed: int,
) -> Similar:
    """By cosines of factors for `counts`, by what replacements change for `activity`; `search` finds cosines elsewhere.

    The map is of the same: directions of balanced factors, or places whose distances are about expected changes.
    """
    likeness = Likeness.of(activity)
    shown_F = activity.fragments["shown"].to_numpy()
    if objective is Objective.COUNTS:
        rows = neighbours(factors, shown_F=shown_F, limit=NEIGHBOURS, evidence=likeness.pairs, device=device, search=search)
        scores = _balanced(factors, np.flatnonzero(shown_F).astype(np.int32))
        tables = {"neighbours": rows, **({} if scores is None else {"scores": scores}), **likeness.tables()}
        return Similar.placed(_directions(factors.balanced_fragments_FK), activity, seed, tables=tables)
    if replacing is None:
        tables = {"neighbours": TABLES["neighbours"].schema.empty_table(), **likeness.tables()}
        return Similar.placed(_directions(factors.balanced_fragments_FK), activity, seed, tables=tables)
    stated = replacing.stated
    tables = {
        "neighbours": with_evidence(neighbour_rows(stated, shown_F), likeness.pairs),
        "replacements": replacement_rows(stated, replacing.events),
        "swaps": swap_rows(stated, replacing.events),
        **likeness.tables(),
    }
    scores = score_rows(stated, shown_F)
    places_FE = np.zeros((len(activity.fragments), stated.places_GE.shape[1]), dtype=np.float32)
    known_G = np.flatnonzero(stated.fragment_G >= 0)
    places_FE[stated.fragment_G[known_G]] = stated.places_GE[known_G]
    return Similar.placed(
        places_FE,
        activity,
        seed,
        tables=tables | ({} if scores is None else {"scores": scores}),
        metrics=replacing.metrics,
        places_FE=places_FE,
        trajectory=still(places_FE, 1),
    )


def _directions(vectors_FK: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Rows of length 1, whose distances tell their cosines; rows of zeros stay."""
    length_F = np.linalg.norm(vectors_FK, axis=1, keepdims=True)
    unit_FK: npt.NDArray[np.floating] = np.divide(vectors_FK, length_F, out=np.zeros_like(vectors_FK), where=length_F > 0)
    return unit_FK


def _balanced(factors: Factors, shown: npt.NDArray[np.int32]) -> pa.Table | None:
    """The table `scores`: balanced percents of the `shown` fragments, in order of id; None where they are too many."""
    if len(shown) > MATRIX_FRAGMENTS:
        return None
    percents = percents_FF(factors.balanced_fragments_FK[shown])
    return pa.table({"fragment": shown, "percents": vectors(percents)}, schema=TABLES["scores"].schema)
