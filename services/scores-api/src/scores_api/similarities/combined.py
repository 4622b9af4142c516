"""`combined`: the share of pairs whose swap is expected to change more, from function, structure and exchanges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.kinds import SimilarityKind
from scores_api.similarities.compared import Structure
from scores_api.similarities.kind import Floats, Ids, Kind
from similarity.lists import Lists

__all__ = ["Combined", "Exchanges"]


@dataclass(frozen=True, eq=False)
class Exchanges:
    """What replacing fragments by each other did, in shares of pairs."""

    function_weight: float
    structure_weight: float
    ease: npt.NDArray[np.float32]
    """How much less than others activity changes when this fragment is replaced."""
    partners: Lists
    """With values: what that pair shows beyond the ease of both."""

    def with_all(self, place: int) -> Floats:
        """What one fragment's score with every one gains."""
        assert self.partners.values is not None  # noqa: S101 - always there
        gain_F = self.ease.astype(np.float64) + float(self.ease[place])
        part = slice(self.partners.offsets[place], self.partners.offsets[place + 1])
        gain_F[self.partners.of(place)] += self.partners.values[part]
        return gain_F


@dataclass(frozen=True, eq=False)
class Combined:
    """A kind (`similarities.kind.Kind`) of the fragments that have a structure."""

    function: Kind
    structure: Structure
    ranks: Mapping[SimilarityKind, tuple[Floats, Floats]]
    """Percents, and the share of pairs less alike."""
    exchanges: Exchanges | None = None
    """With ranks of `combined` scores; None where swaps told nothing."""

    def knows(self, ids: Sequence[int]) -> bool:
        """Whether all of them have a structure."""
        return self.structure.knows(ids)

    def with_all(self, place: int) -> Floats:
        """One fragment with every one; NaN where either has no structure."""
        gain_F = None if self.exchanges is None else self.exchanges.with_all(place)
        combined_F = self._combined(self.function.with_all(place), self.structure.with_all(place), gain_F)
        if not np.isnan(combined_F[place]):
            combined_F[place] = 100.0
        return combined_F

    def with_some(self, place: int, others: Ids) -> Floats:
        """One fragment with some."""
        return self.with_all(place)[others]

    def among(self, ids: Sequence[int]) -> Floats:
        """Every two of `ids`: symmetric, two decimals, exactly 100 on the diagonal."""
        gain_NN = None
        if self.exchanges is not None:
            gain_NN = np.stack([self.exchanges.with_all(place)[list(ids)] for place in ids])
        combined_NN = np.round(self._combined(self.function.among(ids), self.structure.among(ids), gain_NN), 2)
        np.fill_diagonal(combined_NN, 100.0)
        return combined_NN

    def bounds_with(self, place: int, others: Ids) -> None:
        """None: it is a rank."""

    def bounds_among(self, ids: Sequence[int]) -> None:
        """None, as above."""

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
