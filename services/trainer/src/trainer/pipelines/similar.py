"""What a run publishes of how alike its fragments are: lists, the matrix, and what readers compare others by."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contracts.evidence import MATRIX_FRAGMENTS, NEIGHBOURS
from contracts.kinds import Objective
from contracts.tables import TABLES
from trainer.data.activity import Activity
from trainer.device import Device
from trainer.factorization.counts.trajectory import Trajectory
from trainer.factorization.neighbours import Search, neighbours
from trainer.pipelines.objectives.fitted import still
from trainer.replacements.tables import neighbour_rows, replacement_rows, score_rows, swap_rows
from trainer.settings import Settings
from trainer.similarity.cosines import directions_FK, percents_FF
from trainer.similarity.factors import Factors
from trainer.similarity.neighbourhoods import MAPPED, neighbourhoods
from trainer.similarity.pairs import Likeness

if TYPE_CHECKING:
    from trainer.pipelines.replacing import Replaced
    from trainer.spark.session import SparkSession

__all__ = ["Similar", "similar"]

_SHARED_FRAGMENTS: Final = 20_000
"""Fragments from which a cluster ranks neighbours: fewer take this machine seconds, and a GPU more than as many."""


@dataclass(frozen=True, eq=False)
class Similar:
    """Tables by their names in the store, and what else says how alike fragments are."""

    tables: Mapping[str, pa.Table]
    metrics: Mapping[str, float] = field(default_factory=dict)
    places_FE: npt.NDArray[np.float32] | None = None
    """Of fragments whose replacements were learned: their distances are about expected changes; others lie at 0."""
    trajectory: Trajectory | None = None
    mapped: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Ids of the fragments that the neighbourhood map shows: those with most support of which anything is known; none where
    that is the same of all."""
    map_FD: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 2), dtype=np.float32))
    """Where each of them lies."""


def similar(
    activity: Activity,
    factors: Factors,
    objective: Objective,
    replacing: "Replaced | None",
    device: Device,
    settings: Settings,
    session: Callable[[], "SparkSession"],
    *,
    seed: int,
) -> Similar:
    """By cosines of factors for `counts`, by what replacements change for `activity`; a cluster finds many neighbours.

    The map is of the same: directions of balanced factors, or places whose distances are about expected changes.
    """
    shown_F = activity.fragments["shown"].to_numpy()
    if objective is Objective.COUNTS:
        search = _search(settings, len(activity.fragments), device, session)
        tables = {"neighbours": neighbours(factors, shown_F=shown_F, limit=NEIGHBOURS, device=device.name, search=search)}
        shown = np.flatnonzero(shown_F).astype(np.int32)
        if len(shown) <= MATRIX_FRAGMENTS:
            percents_NN = percents_FF(factors.balanced_fragments_FK[shown]).astype(np.float32)
            tables["scores"] = pa.table({"fragment": shown, "percents": list(percents_NN)}, schema=TABLES["scores"].schema)
        found = Similar(tables)
    elif replacing is None:
        found = Similar({"neighbours": TABLES["neighbours"].schema.empty_table()})
    else:
        found = _replaced(replacing, shown_F)
    likeness = Likeness.of(activity)
    tables = {**found.tables, "neighbours": likeness.beside(found.tables["neighbours"]), **likeness.tables()}
    placed_FK = directions_FK(factors.balanced_fragments_FK) if found.places_FE is None else found.places_FE
    mapped = np.flatnonzero(shown_F & np.any(placed_FK != 0, axis=1))
    support = activity.fragments["support"].to_numpy()[mapped]
    mapped = np.sort(mapped[np.argsort(-support, kind="stable")[:MAPPED]])
    map_FD = neighbourhoods(placed_FK[mapped], seed=seed)
    found = replace(found, tables=tables)
    return found if map_FD is None else replace(found, mapped=mapped, map_FD=map_FD)


def _replaced(replacing: "Replaced", shown_F: npt.NDArray[np.bool_]) -> Similar:
    """What replacements change."""
    stated = replacing.stated
    tables = {
        "neighbours": neighbour_rows(stated, shown_F),
        "replacements": replacement_rows(stated, replacing.events),
        "swaps": swap_rows(stated, replacing.events),
    }
    scores = score_rows(stated, shown_F)
    if scores is not None:
        tables["scores"] = scores
    places_FE = np.zeros((len(shown_F), stated.places_GE.shape[1]), dtype=np.float32)
    known_G = np.flatnonzero(stated.fragment_G >= 0)
    places_FE[stated.fragment_G[known_G]] = stated.places_GE[known_G]
    return Similar(tables, metrics=replacing.metrics, places_FE=places_FE, trajectory=still(places_FE, 1))


def _search(settings: Settings, fragments: int, device: Device, session: Callable[[], "SparkSession"]) -> "Search | None":
    """Where there is a cluster and enough to share out, a search for neighbours on it; what is found is the same without it."""
    if settings.spark_master.startswith("local") or device.name != "cpu" or fragments < _SHARED_FRAGMENTS:
        return None
    from trainer.spark.nearest import nearest  # noqa: PLC0415 - loads pyspark

    return partial(nearest, session(), settings.state / "cache" / "trainer")
