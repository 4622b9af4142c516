"""`structure` and `coassay`: what fragments look like, and on what they were measured."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scores_api.similarities.kind import Floats, Ids
from similarity.lists import Lists, coassay, tanimoto

__all__ = ["Coassay", "Structure"]


@dataclass(frozen=True, eq=False)
class _Compared:
    lists: Lists

    def with_all(self, place: int) -> Floats:
        """One fragment with every one."""
        return self._percents(place, None)

    def with_some(self, place: int, others: Ids) -> Floats:
        """One fragment with some."""
        return self._percents(place, others)

    def among(self, ids: Sequence[int]) -> Floats:
        """Every two of `ids`: symmetric, two decimals, exactly 100 on the diagonal."""
        chosen = np.array(ids, dtype=np.int64)
        percent_NN = np.stack([self._percents(place, chosen) for place in ids])
        percent_NN = np.round((percent_NN + percent_NN.T) / 2, 2) + 0.0
        np.fill_diagonal(percent_NN, 100.0)
        return percent_NN

    def bounds_with(self, place: int, others: Ids) -> None:
        """None: it is known exactly."""

    def bounds_among(self, ids: Sequence[int]) -> None:
        """None, as above."""

    def _percents(self, place: int, others: Ids | None) -> Floats:
        raise NotImplementedError


class Structure(_Compared):
    """Tanimoto similarity of atom environments: a kind (`similarities.kind.Kind`)."""

    def knows(self, ids: Sequence[int]) -> bool:
        """Whether all of them have a structure."""
        return all(len(self.lists.of(place)) for place in ids)

    def _percents(self, place: int, others: Ids | None) -> Floats:
        return tanimoto(self.lists, place, others)


class Coassay(_Compared):
    """On how far the same targets fragments were measured: a kind (`similarities.kind.Kind`)."""

    def knows(self, ids: Sequence[int]) -> bool:  # noqa: ARG002 - of all
        """Always."""
        return True

    def _percents(self, place: int, others: Ids | None) -> Floats:
        return coassay(self.lists, place, others)
