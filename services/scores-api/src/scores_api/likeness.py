"""Likeness: structure, co-assay and combined ranks of fragments, from the sets and rows that a run publishes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.kinds import SimilarityKind

__all__ = ["Exchanges", "Likeness", "Lists"]

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Lists:
    """A list of numbers for each fragment, end to end."""

    numbers: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    """Where each begins, and the last one's end."""

    def of(self, place: int) -> npt.NDArray[np.int32]:
        """The list of a fragment."""
        return self.numbers[self.offsets[place] : self.offsets[place + 1]]

    def totals(self, values_N: npt.NDArray[Any]) -> Floats:
        """The sum over each fragment's list of `values_N`, one for each of `numbers`."""
        running_N = np.concatenate([[0.0], np.cumsum(values_N, dtype=np.float64)])
        total_F: Floats = running_N[self.offsets[1:]] - running_N[self.offsets[:-1]]
        return total_F


@dataclass(frozen=True, eq=False)
class Exchanges:
    """What replacing fragments by each other did, in shares of pairs."""

    function_weight: float
    structure_weight: float
    ease: npt.NDArray[np.float32]
    """How much less than others activity changes when this fragment is replaced."""
    partners: Lists
    values: npt.NDArray[np.float32]
    """One for each entry of `partners`: what that pair shows beyond the ease of both."""

    def with_all(self, place: int) -> Floats:
        """What one fragment's score with every one gains."""
        gain_F = self.ease.astype(np.float64) + float(self.ease[place])
        gain_F[self.partners.of(place)] += self.values[self.partners.offsets[place] : self.partners.offsets[place + 1]]
        return gain_F


@dataclass(frozen=True, eq=False)
class Likeness:
    """Of all fragments of a run; every answer is in percent."""

    environments: Lists
    """Atom environments as numbers; none where a fragment has no structure."""
    targets: Lists
    coassay: npt.NDArray[np.float32]
    """One for each entry of `targets`: rows of length 1 or 0."""
    ranks: Mapping[SimilarityKind, tuple[Floats, Floats]]
    """Percents, and the share of pairs less alike; none for runs without structures."""
    exchanges: Exchanges | None = None
    """With ranks of `combined` scores; None where swaps told nothing."""

    def structure_F(self, place: int) -> Floats:
        """Tanimoto similarity of one fragment with every one; NaN where either has no structure."""
        own, sizes_F = self.environments.of(place), np.diff(self.environments.offsets)
        mark = np.zeros(int(self.environments.numbers.max(initial=-1)) + 1, dtype=bool)
        mark[own] = True
        shared_F = self.environments.totals(mark[self.environments.numbers])
        either_F = len(own) + sizes_F - shared_F
        known_F = (sizes_F > 0) & (len(own) > 0)
        percent_F: Floats = 100.0 * np.divide(shared_F, either_F, out=np.full(len(sizes_F), np.nan), where=known_F)
        return percent_F

    def coassay_F(self, place: int) -> Floats:
        """How far one fragment and every one were measured on the same targets."""
        row = np.zeros(int(self.targets.numbers.max(initial=-1)) + 1)
        row[self.targets.of(place)] = self.coassay[self.targets.offsets[place] : self.targets.offsets[place + 1]]
        percent_F: Floats = 100.0 * np.clip(self.targets.totals(row[self.targets.numbers] * self.coassay), 0.0, 1.0)
        return percent_F

    def combined_F(self, place: int, function_F: Floats) -> Floats:
        """One fragment with every one, given how alike they are in function; NaN where either has no structure."""
        gain_F = None if self.exchanges is None else self.exchanges.with_all(place)
        combined_F = self._combined(function_F, self.structure_F(place), gain_F)
        if not np.isnan(combined_F[place]):
            combined_F[place] = 100.0
        return combined_F

    def combined_matrix(self, ids: Sequence[int], function_NN: Floats) -> Floats:
        """Every two of `ids`, given how alike they are in function: symmetric, two decimals, exactly 100 on the diagonal."""
        gain_NN = None
        if self.exchanges is not None:
            gain_NN = np.stack([self.exchanges.with_all(place)[list(ids)] for place in ids])
        combined_NN = np.round(self._combined(function_NN, self.matrix(ids, SimilarityKind.STRUCTURE), gain_NN), 2)
        np.fill_diagonal(combined_NN, 100.0)
        return combined_NN

    def _combined(self, function_N: Floats, structure_N: Floats, gain_N: Floats | None) -> Floats:
        """The mean share of pairs less alike in function and in structure; where swaps told something, that of lower scores."""
        function_N, structure_N = (
            np.where(np.isnan(percent_N), np.nan, np.interp(percent_N, *self.ranks[kind]))
            for kind, percent_N in ((SimilarityKind.FUNCTION, function_N), (SimilarityKind.STRUCTURE, structure_N))
        )
        if self.exchanges is None or gain_N is None:
            return 50.0 * (function_N + structure_N)
        scores_N = self.exchanges.function_weight * function_N + self.exchanges.structure_weight * structure_N + gain_N
        share_N = np.interp(100.0 * scores_N, *self.ranks[SimilarityKind.COMBINED])
        combined_N: Floats = np.where(np.isnan(scores_N), np.nan, 100.0 * share_N)
        return combined_N

    def matrix(self, ids: Sequence[int], similarity: SimilarityKind) -> Floats:
        """Structure or co-assay of every two of `ids`: symmetric, two decimals, exactly 100 on the diagonal."""
        row_of = self.structure_F if similarity is SimilarityKind.STRUCTURE else self.coassay_F
        percent_NN = np.stack([row_of(place)[list(ids)] for place in ids])
        percent_NN = np.round((percent_NN + percent_NN.T) / 2, 2) + 0.0
        np.fill_diagonal(percent_NN, 100.0)
        return percent_NN
