"""Events: replacements that were measured, by numbers of the groups, and what they say of each pair of groups."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["Events", "Pairs"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """P pairs of groups, `first < second`, sorted by both."""

    first_P: Ints
    second_P: Ints
    measurements_P: Ints
    """Pairs of compounds that differ by this replacement."""
    change_P: Floats
    """Their mean absolute difference."""
    shift_P: Floats
    """Their mean difference, second - first."""

    def __len__(self) -> int:
        return len(self.first_P)


@dataclass(frozen=True, eq=False)
class Events:
    """N replacements, each at one target, in order of the pair, the compounds and the target."""

    first_N: Ints
    second_N: Ints
    """Numbers of groups, `first < second`."""
    target_N: Ints
    first_compound_N: Ints
    second_compound_N: Ints
    difference_N: Floats
    """Value of the second compound - value of the first, in the unit of the target, or on a common scale (`on`)."""

    def __len__(self) -> int:
        return len(self.first_N)

    @classmethod
    def of(cls, table: pa.Table, names: Iterable[str]) -> Self:
        """From rows of `pairing.EVENTS`, each counted once; `names` are those of the groups, events of others are left out."""
        known = pa.array(list(names), pa.string())
        sides = [
            pc.index_in(table[side], value_set=known).combine_chunks().fill_null(-1).to_numpy() for side in ("first", "second")
        ]
        columns = [side.astype(np.int64) for side in sides]
        columns += [table[name].to_numpy().astype(np.int64) for name in ("first_compound", "second_compound", "target")]
        difference_N = table["second_value"].to_numpy() - table["first_value"].to_numpy()
        swapped_N = columns[0] > columns[1]
        for one, other in ((0, 1), (2, 3)):
            columns[one], columns[other] = (
                np.where(swapped_N, columns[other], columns[one]),
                np.where(swapped_N, columns[one], columns[other]),
            )
        difference_N = np.where(swapped_N, -difference_N, difference_N)
        order_N = np.lexsort(columns[::-1])
        order_N = order_N[(columns[0][order_N] >= 0) & (columns[1][order_N] >= 0)]
        ordered = [column[order_N] for column in columns]
        fresh_N = np.ones(len(order_N), dtype=np.bool_)
        fresh_N[1:] = np.any([np.diff(column) != 0 for column in ordered], axis=0)
        first, second, one, other, target = (column[fresh_N] for column in ordered)
        return cls(first, second, target, one, other, difference_N[order_N][fresh_N])

    def at(self, kept_N: npt.NDArray[Any]) -> "Events":
        """Some of them."""
        return Events(
            self.first_N[kept_N],
            self.second_N[kept_N],
            self.target_N[kept_N],
            self.first_compound_N[kept_N],
            self.second_compound_N[kept_N],
            self.difference_N[kept_N],
        )

    def on(self, one_T: Floats) -> "Events":
        """The same with differences in units of what one is at each target."""
        return replace(self, difference_N=self.difference_N / one_T[self.target_N])

    def among(self, chosen_C: npt.NDArray[np.bool_]) -> "Events":
        """Those between two compounds of these."""
        return self.at(chosen_C[self.first_compound_N] & chosen_C[self.second_compound_N])

    def starts(self) -> Ints:
        """The first event of every pair of groups, and the end."""
        changed_N = (np.diff(self.first_N, prepend=-1) != 0) | (np.diff(self.second_N, prepend=-1) != 0)
        return np.append(np.flatnonzero(changed_N), len(self))

    def pairs(self) -> Pairs:
        """What each pair of groups was seen to change, every pair of compounds counted once."""
        starts = self.starts()
        if not len(self):
            none = np.zeros(0, dtype=np.int64)
            return Pairs(none, none, none, np.zeros(0), np.zeros(0))
        columns = (self.first_N, self.second_N, self.first_compound_N, self.second_compound_N)
        fresh_N = np.any([np.diff(column, prepend=-1) != 0 for column in columns], axis=0)
        matched = np.flatnonzero(fresh_N)
        targets_M = np.diff(np.append(matched, len(self)))
        change_M = np.add.reduceat(np.abs(self.difference_N), matched) / targets_M
        shift_M = np.add.reduceat(self.difference_N, matched) / targets_M
        places = np.searchsorted(matched, starts[:-1])
        measurements_P = np.diff(np.append(places, len(matched)))
        return Pairs(
            first_P=self.first_N[starts[:-1]],
            second_P=self.second_N[starts[:-1]],
            measurements_P=measurements_P,
            change_P=np.add.reduceat(change_M, places) / measurements_P,
            shift_P=np.add.reduceat(shift_M, places) / measurements_P,
        )
