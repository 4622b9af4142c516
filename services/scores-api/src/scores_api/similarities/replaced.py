"""`function` of runs that learned from measured replacements: how often activity is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from replacement.evidence import Expected
from replacement.replacements import Replacements
from scores_api.similarities.kind import Floats, Ids

__all__ = ["Replaced"]


@dataclass(frozen=True, eq=False)
class Replaced:
    """A kind (`similarities.kind.Kind`) of fragments with open ends.

    A search ranks those with as many open ends; a matrix also has the others, as far as what they are tells.
    """

    replacements: Replacements
    group_F: npt.NDArray[np.int64]
    """The group of each fragment; -1 for one without open ends."""

    def knows(self, ids: Sequence[int]) -> bool:
        """Whether all of them have open ends."""
        return bool((self.group_F[list(ids)] >= 0).all())

    def expected_with(self, place: int, others: Ids) -> Expected:
        """What is expected of one fragment and some, all of which it knows."""
        groups_N = self.group_F[others]
        return self.replacements.expected(np.full(len(others), self.group_F[place]), groups_N)

    def with_some(self, place: int, others: Ids) -> Floats:
        """Of 100 replacements those that keep activity."""
        known_N = self.group_F[others] >= 0
        percent_N = np.full(len(others), np.nan)
        percent_N[known_N] = self.expected_with(place, others[known_N]).percent_N
        return percent_N

    def with_all(self, place: int) -> Floats:
        """The same with every fragment that can be compared; NaN for others."""
        group = int(self.group_F[place])
        comparable = np.append(self.replacements.comparable(group), group)
        places = np.flatnonzero(np.isin(self.group_F, comparable))
        percent_F = np.full(len(self.group_F), np.nan)
        percent_F[places] = self.with_some(place, places)
        return percent_F

    def among(self, ids: Sequence[int]) -> Floats:
        """The same of every two, those with other open ends too."""
        return self._symmetric(ids, self._among(ids).percent_N)

    def bounds_with(self, place: int, others: Ids) -> tuple[Floats, Floats]:
        """Between which it lies with 90 %."""
        found = self.expected_with(place, others)
        return self.replacements.percent(found.high_N), self.replacements.percent(found.low_N)

    def bounds_among(self, ids: Sequence[int]) -> tuple[Floats, Floats]:
        """The same of every two."""
        found = self._among(ids)
        low_N, high_N = self.replacements.percent(found.high_N), self.replacements.percent(found.low_N)
        return self._symmetric(ids, low_N), self._symmetric(ids, high_N)

    def _among(self, ids: Sequence[int]) -> Expected:
        first, second = np.triu_indices(len(ids), k=1)
        group_N = self.group_F[list(ids)]
        return self.replacements.expected(group_N[first], group_N[second])

    @staticmethod
    def _symmetric(ids: Sequence[int], percent_N: Floats) -> Floats:
        percent_NN = np.zeros((len(ids), len(ids)))
        percent_NN[np.triu_indices(len(ids), k=1)] = np.round(percent_N, 2)
        percent_NN += percent_NN.T
        np.fill_diagonal(percent_NN, 100.0)
        return percent_NN
