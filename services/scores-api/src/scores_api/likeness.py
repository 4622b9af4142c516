"""Likeness: structure, co-assay and combined ranks of fragments, from the sets and rows that a run publishes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.kinds import SimilarityKind

__all__ = ["Likeness", "Lists"]

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
class Likeness:
    """Of all fragments of a run; every answer is in percent."""

    environments: Lists
    """Atom environments as numbers; none where a fragment has no structure."""
    targets: Lists
    coassay: npt.NDArray[np.float32]
    """One for each entry of `targets`: rows of length 1 or 0."""
    ranks: Mapping[SimilarityKind, tuple[Floats, Floats]]
    """Percents, and the share of pairs less alike; none for runs without structures."""

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

    def combined(self, function_N: Floats, structure_N: Floats) -> Floats:
        """The mean share of pairs that are less alike in function and in structure."""
        shares = (
            np.interp(percent_N, *self.ranks[kind])
            for kind, percent_N in ((SimilarityKind.FUNCTION, function_N), (SimilarityKind.STRUCTURE, structure_N))
        )
        combined_N: Floats = np.where(np.isnan(structure_N), np.nan, 50.0 * sum(shares, np.zeros(1)))
        return combined_N

    def matrix(self, ids: Sequence[int], similarity: SimilarityKind) -> Floats:
        """Structure or co-assay of every two of `ids`: symmetric, two decimals, exactly 100 on the diagonal."""
        row_of = self.structure_F if similarity is SimilarityKind.STRUCTURE else self.coassay_F
        percent_NN = np.stack([row_of(place)[list(ids)] for place in ids])
        percent_NN = np.round((percent_NN + percent_NN.T) / 2, 2) + 0.0
        np.fill_diagonal(percent_NN, 100.0)
        return percent_NN
