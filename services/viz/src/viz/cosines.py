"""Cosines of many vectors in percent: whole small matrices, one row, a histogram of all pairs, the pairs within a range.

The all-pairs functions work in blocks of rows, so memory stays small for any number of fragments.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from viz.answers import Floats

__all__ = ["FINE_BINS", "Pair", "Pairs", "counts_of_pairs", "pairs_within", "percent_matrix", "percent_row"]

FINE_BINS: Final = 4000
"""Bins of the fine histogram, 0.05 percent wide; every offered bin width is a whole number of them."""
_BLOCK: Final = 512


@dataclass(frozen=True)
class Pair:
    """Two fragments by row, and their cosine in percent."""

    first: int
    second: int
    percent: float


@dataclass(frozen=True)
class Pairs:
    """The first pairs of a range, highest first, and how many there are in all."""

    items: tuple[Pair, ...]
    total: int


def percent_matrix(vectors_FK: Floats) -> Floats:
    """All cosines, F x F in percent: diagonal exactly 100, a zero vector has 0 to every other."""
    unit_FK = _unit(vectors_FK)
    percent_FF = np.clip(100.0 * (unit_FK @ unit_FK.T), -100.0, 100.0)
    np.fill_diagonal(percent_FF, 100.0)
    return percent_FF


def percent_row(vectors_FK: Floats, row: int) -> Floats:
    """Cosines of one row with every row, in percent; its own is exactly 100."""
    unit_FK = _unit(vectors_FK)
    percent_F: Floats = np.clip(100.0 * (unit_FK @ unit_FK[row]), -100.0, 100.0)
    percent_F[row] = 100.0
    return percent_F


def counts_of_pairs(vectors_FK: Floats) -> NDArray[np.int64]:
    """How many of the F (F - 1) / 2 pairs fall into each of `FINE_BINS` equal bins of [-100, 100]."""
    counts: NDArray[np.int64] = np.zeros(FINE_BINS, dtype=np.int64)
    for _, _, percent in _upper_blocks(vectors_FK):
        place = np.minimum(((percent + 100.0) * (FINE_BINS / 200.0)).astype(np.int64), FINE_BINS - 1)
        counts += np.bincount(place, minlength=FINE_BINS)
    return counts


def pairs_within(vectors_FK: Floats, low: float, high: float, limit: int) -> Pairs:
    """Pairs with low <= percent <= high, the `limit` highest of them."""
    best: list[Pair] = []
    total = 0
    for first, second, percent in _upper_blocks(vectors_FK):
        inside = np.flatnonzero((percent >= low) & (percent <= high))
        total += inside.size
        if inside.size > limit:
            inside = inside[np.argpartition(percent[inside], -limit)[-limit:]]
        best += [Pair(int(first[at]), int(second[at]), float(percent[at])) for at in inside]
        best.sort(key=lambda pair: (-pair.percent, pair.first, pair.second))
        del best[limit:]
    return Pairs(items=tuple(best), total=total)


def _upper_blocks(vectors_FK: Floats) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], Floats]]:
    """Row, column and percent of the pairs above the diagonal, a block of rows at a time."""
    unit_FK = _unit(vectors_FK)
    fragments = len(unit_FK)
    for start in range(0, fragments, _BLOCK):
        percent_BF = np.clip(100.0 * (unit_FK[start : start + _BLOCK] @ unit_FK[start:].T), -100.0, 100.0)
        row, column = np.triu_indices(n=percent_BF.shape[0], k=1, m=percent_BF.shape[1])
        yield row + start, column + start, percent_BF[row, column]


def _unit(vectors_FK: Floats) -> Floats:
    length_F = np.linalg.norm(vectors_FK, axis=1, keepdims=True)
    unit_FK: Floats = np.divide(vectors_FK, length_F, out=np.zeros(vectors_FK.shape), where=length_F > 0)
    return unit_FK
