"""Regression trees as arrays: what a boosted model says of rows of features, without the library that taught it.

Rows are not led down the trees one node after the other. All conditions on a feature are looked at together, each that does
not hold rules out leaves, and of the leaves that are left the first is where the row ends (QuickScorer: Lucchese et al.,
SIGIR 2015): fifty thousand rows a second in numpy alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

__all__ = ["MOST_LEAVES", "Trees"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]

MOST_LEAVES: Final = 16
"""Of a tree: one bit each."""
_PARTS: Final = ("feature", "threshold", "tree", "ruled", "value", "about")


@dataclass(frozen=True, eq=False)
class Trees:
    """The mean of several sums of T trees: N conditions in all, by feature and threshold."""

    feature_N: Ints
    threshold_N: Floats
    """A condition holds for features that are not above it."""
    tree_N: Ints
    ruled_N: npt.NDArray[np.uint16]
    """The leaves of its tree that are left where it does not hold, the first in the lowest bit."""
    value_TL: Floats
    """Of the leaves."""
    base: float
    """What they say before the first tree."""
    sums: int
    """How many sums the mean is of."""

    def __call__(self, features_MD: npt.NDArray[np.float32]) -> Floats:
        """Of M rows."""
        T = len(self.value_TL)
        left_MT = np.full((len(features_MD), T), np.uint16(0xFFFF))
        for feature, (threshold_K, left_KT) in self._tables.items():
            left_MT &= left_KT[np.searchsorted(threshold_K, features_MD[:, feature])]
        leaf_MT = _lowest_bits()[left_MT]
        said_M: Floats = self.base + self.value_TL[np.arange(T), leaf_MT].sum(axis=1) / self.sums
        return said_M

    @cached_property
    def _tables(self) -> dict[int, tuple[Floats, npt.NDArray[np.uint16]]]:
        """By feature its thresholds, rising, and the leaves that are left of every tree above so many of them."""
        tables = {}
        for feature in np.unique(self.feature_N).tolist():
            places = np.flatnonzero(self.feature_N == feature)
            threshold_K, rank_N = np.unique(self.threshold_N[places], return_inverse=True)
            left_KT = np.full((len(threshold_K) + 1, len(self.value_TL)), np.uint16(0xFFFF))
            np.bitwise_and.at(left_KT, (rank_N + 1, self.tree_N[places]), self.ruled_N[places])
            tables[feature] = threshold_K, np.bitwise_and.accumulate(left_KT, axis=0)
        return tables

    def arrays(self) -> dict[str, Array]:
        """For a file."""
        about = np.array([self.base, self.sums], dtype=np.float64)
        parts = (self.feature_N, self.threshold_N, self.tree_N, self.ruled_N.astype(np.uint32), self.value_TL, about)
        named: dict[str, Array] = dict(zip((f"trees.{name}" for name in _PARTS), parts, strict=True))
        return named

    @classmethod
    def of(cls, arrays: Mapping[str, Array]) -> Self:
        """From a file."""
        feature_N, threshold_N, tree_N, ruled_N, value_TL, about = (arrays[f"trees.{name}"] for name in _PARTS)
        return cls(feature_N, threshold_N, tree_N, ruled_N.astype(np.uint16), value_TL, float(about[0]), int(about[1]))


@cache
def _lowest_bits() -> npt.NDArray[np.uint8]:
    """Of every number of 16 bits the place of the lowest bit that is set."""
    numbers = np.arange(1 << 16, dtype=np.int64)
    lowest: npt.NDArray[np.uint8] = np.bitwise_count((numbers & -numbers) - 1).astype(np.uint8)
    return lowest
