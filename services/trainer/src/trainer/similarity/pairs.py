"""Likeness: how alike fragments are beyond their factors, as columns of pairs and as what readers compare others by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.sparse

from contracts.kinds import ActivityKind, SimilarityKind
from contracts.tables import TABLES
from similarity.lists import Lists, coassay, of_pairs
from trainer.data.activity import Activity
from trainer.data.leaves import leaf_bags
from trainer.similarity.environments import environment_sets, tanimoto
from trainer.similarity.profiles import coassay_rows_FT
from trainer.similarity.replacements import Exchanges
from trainer.similarity.swaps import Swaps, measured_swaps

__all__ = ["Likeness", "shares"]

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int32]

_PAIRS: Final = 200_000
"""Pairs of shown fragments by which others are ranked: all where there are no more, else drawn evenly."""
_KNOTS: Final = 1025
_STEEPNESS: Final = 16.0
"""Knots lie denser towards both ends, where neighbours are told apart: at shares 1 / (1 + exp(-x)), x up to 8."""
_BLOCK: Final = 16_384
_ANY: Final = 10_000.0
"""Beyond all scores of pairs, in percent."""
_WHOLE: Final = 100.0


@dataclass(frozen=True, eq=False)
class Likeness:
    """Of the fragments of one run."""

    smiles: Sequence[str | None]
    coassay_FT: scipy.sparse.csr_array
    """Unit rows: their inner products say on how far the same targets fragments were measured."""
    directions_FD: npt.NDArray[np.floating]
    """Unit rows whose inner products are the functional similarity."""
    knots: Mapping[SimilarityKind, tuple[Floats, Floats]]
    """Percents and the share of pairs of shown fragments below them; none without structures."""
    exchanges: Exchanges | None = None
    """What replacing fragments by each other did, where that was seen often enough; `knots` then has scores of `combined`."""

    @classmethod
    def of(cls, activity: Activity, directions_FD: npt.NDArray[np.floating]) -> Self:
        """From the facts, and the rows whose inner products are the functional similarity."""
        smiles: list[str | None] = activity.fragments["smiles"].to_pylist()
        coassay_FT = coassay_rows_FT(scipy.sparse.csr_array(activity.membership_FC().T), activity.values_CT())
        knots: dict[SimilarityKind, tuple[Floats, Floats]] = {}
        exchanges = None
        if any(smiles):
            shown = np.flatnonzero(activity.fragments["shown"].to_numpy()).astype(np.int32)
            first_N, second_N = _pairs(shown)
            function_N, structure_N = _products(directions_FD, first_N, second_N), tanimoto(smiles, first_N, second_N)
            knots |= {SimilarityKind.FUNCTION: _knots(function_N), SimilarityKind.STRUCTURE: _knots(structure_N)}
            swaps = _swaps(activity)
            swapped = swaps.first.astype(np.int32), swaps.second.astype(np.int32)
            seen = _ranked(knots, _products(directions_FD, *swapped), tanimoto(smiles, *swapped))
            exchanges = Exchanges.of(swaps, *seen, fragments=len(smiles))
            if exchanges is not None:
                scores_N = exchanges.scores((first_N, second_N), *_ranked(knots, function_N, structure_N))
                knots[SimilarityKind.COMBINED] = _knots(_WHOLE * scores_N, ends=_ANY)
        return cls(smiles=smiles, coassay_FT=coassay_FT, directions_FD=directions_FD, knots=knots, exchanges=exchanges)

    @property
    def pairs(self) -> dict[str, Callable[[Ids, Ids], npt.NDArray[np.floating]]]:
        """Columns of the table `neighbours`: each gives percents of pairs, NaN where nobody knows."""
        known: dict[str, Callable[[Ids, Ids], npt.NDArray[np.floating]]] = {"coassay": self._coassay}
        return {**known, "structure": self._structure, "combined": self._combined} if self.knots else known

    def _coassay(self, first_N: Ids, second_N: Ids) -> Floats:
        rows = self.coassay_FT.tocsr()
        numbers, offsets = rows.indices.astype(np.int32), rows.indptr.astype(np.int64)
        return of_pairs(coassay, Lists(numbers, offsets, rows.data.astype(np.float32)), first_N, second_N)

    def _structure(self, first_N: Ids, second_N: Ids) -> npt.NDArray[np.floating]:
        return tanimoto(self.smiles, first_N, second_N)

    def _combined(self, first_N: Ids, second_N: Ids) -> Floats:
        percents = _products(self.directions_FD, first_N, second_N), self._structure(first_N, second_N)
        function_N, structure_N = _ranked(self.knots, *percents)
        if self.exchanges is None:
            mean_N: Floats = 50.0 * (function_N + structure_N)
            return mean_N
        scores_N = self.exchanges.scores((first_N, second_N), function_N, structure_N)
        ranked_N = _WHOLE * shares(_WHOLE * scores_N, *self.knots[SimilarityKind.COMBINED])
        return np.where((first_N == second_N) & np.isfinite(ranked_N), _WHOLE, ranked_N)

    def tables(self) -> dict[str, pa.Table]:
        """The tables `likeness` and `ranks` of `contracts.tables`."""
        rows = self.coassay_FT.tocsr()
        rows.sort_indices()
        offsets = rows.indptr.astype(np.int32)
        likeness = {
            "fragment": np.arange(rows.shape[0], dtype=np.int32),
            "environments": _lists(environment_sets(self.smiles)),
            "targets": pa.ListArray.from_arrays(offsets, rows.indices.astype(np.int32)),
            "coassay": pa.ListArray.from_arrays(offsets, rows.data.astype(np.float32)),
        }
        weights: dict[SimilarityKind, float] = {}
        if self.exchanges is not None:
            pairs_FF = self.exchanges.pairs_FF
            pairs_FF.sort_indices()
            offsets = pairs_FF.indptr.astype(np.int32)
            likeness |= {
                "ease": self.exchanges.ease_F.astype(np.float32),
                "exchanged": pa.ListArray.from_arrays(offsets, pairs_FF.indices.astype(np.int32)),
                "exchanges": pa.ListArray.from_arrays(offsets, pairs_FF.data.astype(np.float32)),
            }
            weights = {
                SimilarityKind.FUNCTION: self.exchanges.function_weight,
                SimilarityKind.STRUCTURE: self.exchanges.structure_weight,
            }
        ranks = [
            {
                "similarity": kind.value,
                "percents": percents_S.tolist(),
                "shares": shares_S.tolist(),
                "weight": weights.get(kind),
            }
            for kind, (percents_S, shares_S) in self.knots.items()
        ]
        return {
            "likeness": _table(likeness, TABLES["likeness"].schema),
            "ranks": pa.Table.from_pylist(ranks, schema=TABLES["ranks"].schema),
        }


def shares(percents_N: npt.NDArray[np.floating], knots_S: Floats, shares_S: Floats) -> Floats:
    """The share of pairs less alike than these, 0 to 1, equally alike ones counted half; NaN stays."""
    found_N: Floats = np.where(np.isnan(percents_N), np.nan, np.interp(percents_N, knots_S, shares_S))
    return found_N


def _pairs(shown: Ids) -> tuple[Ids, Ids]:
    """Pairs of shown fragments, first id lower."""
    count = len(shown)
    if count * (count - 1) // 2 <= _PAIRS:
        first, second = np.triu_indices(count, 1)
    else:
        generator = np.random.default_rng(0)
        first = generator.integers(0, count, _PAIRS)
        second = (first + generator.integers(1, count, _PAIRS)) % count
    lower, higher = np.minimum(shown[first], shown[second]), np.maximum(shown[first], shown[second])
    return lower.astype(np.int32), higher.astype(np.int32)


def _ranked(
    knots: Mapping[SimilarityKind, tuple[Floats, Floats]], function_N: Floats, structure_N: npt.NDArray[np.floating]
) -> tuple[Floats, Floats]:
    """The shares of pairs less alike in function and in structure."""
    return shares(function_N, *knots[SimilarityKind.FUNCTION]), shares(structure_N, *knots[SimilarityKind.STRUCTURE])


def _swaps(activity: Activity) -> Swaps:
    """Every swap of modelled fragments; none where differences of activity mean nothing."""
    real = activity.kind is ActivityKind.REAL
    cells = activity.cells if real else activity.cells.slice(0, 0)
    compound, target, value = (cells[name].to_numpy() for name in ("compound", "target", "value"))
    bags = leaf_bags(activity.compounds["smiles"].to_pylist(), activity.names) if real else []
    return measured_swaps(bags, (compound.astype(np.int64), target.astype(np.int64), value.astype(np.float64)), least=1)


def _products(rows_FD: npt.NDArray[np.floating], first_N: Ids, second_N: Ids) -> Floats:
    """Percents: 100 x the inner products of pairs of rows."""
    found_N = np.empty(len(first_N))
    for start in range(0, len(first_N), _BLOCK):
        part = slice(start, start + _BLOCK)
        found_N[part] = np.einsum("nd,nd->n", rows_FD[first_N[part]], rows_FD[second_N[part]])
    return _WHOLE * found_N


def _knots(percents_N: npt.NDArray[np.floating], *, ends: float = _WHOLE) -> tuple[Floats, Floats]:
    """Percents, rising from one of the `ends` to the other, and the share of pairs below each, equal ones counted half.

    In single precision, as they are published, so that every reader computes the same.
    """
    percents_S, count_S = np.unique(percents_N[np.isfinite(percents_N)].astype(np.float32), return_counts=True)
    inside = np.abs(percents_S) < ends
    shares_S = (np.cumsum(count_S) - 0.5 * count_S) / max(count_S.sum(), 1)
    percents_S, shares_S = percents_S[inside], shares_S[inside]
    if len(percents_S) > _KNOTS:
        wanted_S = 1.0 / (1.0 + np.exp(-np.linspace(-0.5, 0.5, _KNOTS) * _STEEPNESS))
        places = np.searchsorted(shares_S, wanted_S).clip(0, len(shares_S) - 1)
        kept = np.unique([0, *places, len(shares_S) - 1])
        percents_S, shares_S = percents_S[kept], shares_S[kept]
    percents_S = np.concatenate([[-ends], percents_S, [ends]])
    shares_S = np.concatenate([[0.0], shares_S, [1.0]])
    return percents_S.astype(np.float32).astype(np.float64), shares_S.astype(np.float32).astype(np.float64)


def _table(columns: Mapping[str, object], schema: pa.Schema) -> pa.Table:
    """A table of these columns; those that are not there are null."""
    rows = len(next(iter(columns.values())))  # type: ignore[arg-type]
    return pa.table({field.name: columns.get(field.name, pa.nulls(rows, field.type)) for field in schema}, schema=schema)


def _lists(sets: Sequence[npt.NDArray[np.int32] | None]) -> pa.Array:
    return pa.array(sets, pa.list_(pa.int32()))
