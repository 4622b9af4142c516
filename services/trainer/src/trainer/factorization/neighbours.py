"""Neighbours by factors: the exact nearest fragments of every fragment, under both cosines, for any number of fragments."""

from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from contracts.kinds import RANKINGS, SimilarityKind
from contracts.tables import TABLES
from trainer.factorization.nearest import cosine_ticks, nearest
from trainer.similarity.cosines import TICKS, directions_FK, vectors_FK
from trainer.similarity.factors import Factors

__all__ = ["Search", "neighbours"]

Ids = npt.NDArray[np.int32]


class Search(Protocol):
    """Finds the nearest rows elsewhere than in this process; the answer is that of `trainer.factorization.nearest`."""

    def __call__(
        self, unit_FK: npt.NDArray[np.float64], shown_F: npt.NDArray[np.bool_], *, limit: int
    ) -> npt.NDArray[np.int64]:
        """F x `limit` ids, nearest first, filled up with -1."""


_DECIMALS: Final = 12
"""To which directions are rounded, so that fragments with the same counts have the same direction to the last bit."""


def neighbours(
    factors: Factors,
    *,
    shown_F: npt.NDArray[np.bool_],
    limit: int,
    device: str = "cpu",
    search: Search | None = None,
) -> pa.Table:
    """The table `neighbours` of `contracts.tables`, sorted by ranking, fragment and rank.

    Every fragment has a list for each ranking (`balanced`, `function`) of up to `limit` shown fragments other than itself.
    Percents are exact to 1e-4; fragments that are equally near to that are ordered by id. `search` finds them elsewhere,
    such as on a cluster, and changes nothing of the answer.
    """
    rows = {kind: vectors_FK(factors, kind) for kind in RANKINGS}
    unit = {kind: torch.from_numpy(np.round(directions_FK(rows_FK), _DECIMALS)).to(device) for kind, rows_FK in rows.items()}
    rankings = [_ranking(unit, ranking, shown_F, limit, search) for ranking in sorted(RANKINGS)]
    return pa.concat_tables(rankings)


def _ranking(
    unit: dict[SimilarityKind, torch.Tensor],
    ranking: SimilarityKind,
    shown_F: npt.NDArray[np.bool_],
    limit: int,
    search: Search | None,
) -> pa.Table:
    """The rows of one ranking."""
    unit_FK = unit[ranking]
    if search is None:
        found_FL = nearest(unit_FK, shown_F, limit=limit)
    else:
        found_FL = torch.from_numpy(search(unit_FK.cpu().numpy(), shown_F, limit=limit)).to(unit_FK.device)
    ids_F = torch.arange(len(found_FL), device=found_FL.device)
    ticks = {kind: cosine_ticks(unit_FK, ids_F, found_FL.clamp(min=0)).cpu().numpy() for kind, unit_FK in unit.items()}
    others_FL = found_FL.cpu().numpy()
    fragments_N, places_N = np.nonzero(others_FL >= 0)
    columns = {
        "ranking": pa.repeat(ranking.value, len(fragments_N)),
        "fragment": fragments_N.astype(np.int32),
        "rank": (places_N + 1).astype(np.int32),
        "other": others_FL[fragments_N, places_N].astype(np.int32),
        **{kind.value: (ticks_FL[fragments_N, places_N] * 100 / TICKS).astype(np.float32) for kind, ticks_FL in ticks.items()},
    }
    schema = TABLES["neighbours"].schema
    arrays = [
        pa.array(columns[field.name], field.type) if field.name in columns else pa.nulls(len(fragments_N), field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)
