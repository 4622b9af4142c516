"""Neighbours: the exact nearest fragments of every fragment, under both similarities, for any number of fragments."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from contracts.kinds import SimilarityKind
from contracts.tables import TABLES
from trainer.factorization.nearest import TICKS, cosine_ticks, nearest
from trainer.factors import Factors
from trainer.similarity import directions_FK, vectors_FK

__all__ = ["neighbours"]

_DECIMALS: Final = 12
"""To which directions are rounded, so that fragments with the same counts have the same direction to the last bit."""


def neighbours(factors: Factors, *, shown_F: npt.NDArray[np.bool_], limit: int, device: str = "cpu") -> pa.Table:
    """The table `neighbours` of `contracts.tables`, sorted by ranking, fragment and rank.

    Every fragment has a list for each ranking (`balanced`, `function`) of up to `limit` shown fragments other than itself.
    Percents are exact to 1e-4; fragments that are equally near to that are ordered by id.
    """
    unit = {
        kind: torch.from_numpy(np.round(directions_FK(vectors_FK(factors, kind)), _DECIMALS)).to(device)
        for kind in SimilarityKind
    }
    return pa.concat_tables(_ranking(unit, ranking, shown_F, limit) for ranking in sorted(SimilarityKind))


def _ranking(
    unit: dict[SimilarityKind, torch.Tensor], ranking: SimilarityKind, shown_F: npt.NDArray[np.bool_], limit: int
) -> pa.Table:
    """The rows of one ranking."""
    found_FL = nearest(unit[ranking], shown_F, limit=limit)
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
