"""Lists of numbers, one a fragment: the sets and sparse rows by which fragments are compared, in percent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

__all__ = ["Lists", "coassay", "of_pairs", "tanimoto"]

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

_WHOLE: Final = 100.0


@dataclass(frozen=True, eq=False)
class Lists:
    """A list of rising numbers from 0 for each of F fragments, end to end."""

    numbers: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    """Where each begins, and the last one's end: F + 1."""
    values: npt.NDArray[np.float32] | None = None
    """One for each of `numbers`, where they are entries of sparse rows."""

    @classmethod
    def joined(cls, lists: Sequence[npt.NDArray[np.int32] | None]) -> Self:
        """These lists; None is an empty one."""
        sizes = [0 if one is None else len(one) for one in lists]
        numbers = [np.zeros(0, dtype=np.int32), *(one for one in lists if one is not None)]
        return cls(np.concatenate(numbers), np.cumsum([0, *sizes], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, place: int) -> npt.NDArray[np.int32]:
        """The list of a fragment."""
        return self.numbers[self.offsets[place] : self.offsets[place + 1]]

    def at(self, places: Ids) -> "Lists":
        """The lists of these fragments, in this order."""
        starts, sizes = self.offsets[places], self.offsets[places + 1] - self.offsets[places]
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        taken = np.repeat(starts - offsets[:-1], sizes) + np.arange(offsets[-1])
        return Lists(self.numbers[taken], offsets, None if self.values is None else self.values[taken])

    def totals(self, values_N: npt.NDArray[Any]) -> Floats:
        """The sum over each list of `values_N`, one for each of `numbers`."""
        running_N = np.concatenate([[0.0], np.cumsum(values_N, dtype=np.float64)])
        total_F: Floats = running_N[self.offsets[1:]] - running_N[self.offsets[:-1]]
        return total_F

    def spread(self, place: int) -> Floats:
        """The row of a fragment, from 0 to the highest number: its values, or 1 for each number."""
        row = np.zeros(int(self.numbers.max(initial=-1)) + 1)
        row[self.of(place)] = 1.0 if self.values is None else self.values[self.offsets[place] : self.offsets[place + 1]]
        return row


def tanimoto(sets: Lists, place: int, others: Ids | None = None) -> Floats:
    """Tanimoto similarity of one set with those of `others`, or with all; NaN where either is empty."""
    own, compared = len(sets.of(place)), sets if others is None else sets.at(others)
    sizes_F = np.diff(compared.offsets)
    shared_F = compared.totals(sets.spread(place)[compared.numbers])
    known_F = (sizes_F > 0) & (own > 0)
    percent_F: Floats = _WHOLE * np.divide(shared_F, own + sizes_F - shared_F, out=np.full(len(sizes_F), np.nan), where=known_F)
    return percent_F


def of_pairs(
    percents: Callable[[Lists, int, Ids], Floats],
    lists: Lists,
    first_N: npt.NDArray[np.integer],
    second_N: npt.NDArray[np.integer],
) -> Floats:
    """`tanimoto` or `coassay` of each pair, asked once for each first fragment."""
    found_N = np.empty(len(first_N))
    order = np.argsort(first_N, kind="stable")
    starts = np.flatnonzero(np.diff(first_N[order], prepend=-1))
    for pairs in np.split(order, starts[1:]) if len(order) else []:
        found_N[pairs] = percents(lists, int(first_N[pairs[0]]), second_N[pairs].astype(np.int64))
    return found_N


def coassay(rows: Lists, place: int, others: Ids | None = None) -> Floats:
    """How far one fragment and `others`, or all, were measured on the same targets: products of rows of length 1 or 0."""
    compared = rows if others is None else rows.at(others)
    assert compared.values is not None  # noqa: S101 - rows have values
    percent_F: Floats = _WHOLE * np.clip(compared.totals(rows.spread(place)[compared.numbers] * compared.values), 0.0, 1.0)
    return percent_F
