"""Replacements: the file in which a run states what one fragment in the place of another is expected to change.

The fragments of the file are called groups: those of the run, and those that only single cuts give, hydrogen among them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from contracts.kinds import ChangeUnit
from prediction.model_file import arrays_in, map_arrays, small
from replacement.evidence import Expected, updated
from replacement.features import ENDS, Descriptions, pair_features
from replacement.signed import Reading
from replacement.trees import Trees

__all__ = ["EXACT", "FILE", "SCHEMA", "SHORTLIST", "TICKS", "Replacements", "Swaps", "swap_columns"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FILE: Final = "replacements.safetensors"
"""In a run's artifact."""
SCHEMA: Final = "ntdemo-replacements-2"
_NAMES: Final = frozenset(
    {
        *(f"groups.{part}" for part in ("text", "ends", "fragment", "support", "listed", "numbers", "bits", "place")),
        *(f"pairs.{part}" for part in ("key", "measurements", "change", "shift", "starts")),
        *(f"swaps.{part}" for part in ("target", "first", "second")),
        "targets.one",
        *(f"nearest.{part}" for part in ("starts", "other")),
        *(f"curve.{part}" for part in ("change", "percent")),
        *(f"trees.{part}" for part in ("feature", "threshold", "tree", "ruled", "value", "about")),
    }
)
EXACT: Final = 2000
"""Comparable groups of which all are looked at."""
SHORTLIST: Final = 200
"""Of more."""
TICKS: Final = 1e6
"""Changes that are equal in millionths are ordered by number."""
_BLOCK: Final = 512
"""Pairs at a time: their features fit beside the processor."""


@dataclass(frozen=True, eq=False)
class Swaps:
    """N measured replacements of one group by another."""

    target_N: Ints
    from_N: Ints
    to_N: Ints
    """Ids of the compounds that contain the one and the other."""


class Replacements:
    """What a file states; safe in threads."""

    def __init__(self, arrays: dict[str, Array], about: dict[str, str]) -> None:
        if about.get("schema") != SCHEMA:
            raise ValueError(f"the replacements have the schema {about.get('schema')!r}, expected {SCHEMA!r}")
        if missing := sorted(_NAMES - arrays.keys()):
            raise ValueError(f"the replacements have no {missing[0]}")
        self._of = arrays
        self.noise = float(about["noise"])
        """Variance of what one pair of compounds shows of a change."""
        self.reading = Reading(
            ChangeUnit(about["unit"]),
            arrays["targets.one"].astype(np.float64),
            slope=float(about["slope"]),
            width=float(about["width"]),
            differences=int(about["differences"]),
        )
        self._descriptions = Descriptions(arrays["groups.numbers"], arrays["groups.bits"])
        self._trees = Trees.of(arrays)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map a file; raises InvalidModelFile or ValueError for another file."""
        return cls(*map_arrays(path))

    @classmethod
    def read(cls, content: bytes, name: str) -> Self:
        """What the bytes of a file of this name state; raises as `open`."""
        return cls(*arrays_in(content, name))

    def __len__(self) -> int:
        return len(self._of["groups.ends"])

    @cached_property
    def names(self) -> list[str]:
        """Of the groups, in order of number."""
        text = self._of["groups.text"].tobytes()
        ends = self._of["groups.ends"].tolist()
        return [text[start:stop].decode() for start, stop in zip([0, *ends[:-1]], ends, strict=True)]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    def find(self, name: str) -> int | None:
        """The number of a group."""
        return self._numbers.get(name)

    @property
    def fragment_G(self) -> npt.NDArray[np.int32]:
        """The run's id of each group; -1 for one that is no fragment of the run."""
        fragment_G: npt.NDArray[np.int32] = self._of["groups.fragment"]
        return fragment_G

    @cached_property
    def group_of_F(self) -> Ints:
        """The number of each fragment of the run; -1 for one that was not described."""
        known_G = np.flatnonzero(self.fragment_G >= 0)
        group_F = np.full(int(self.fragment_G.max(initial=-1)) + 1, -1, dtype=np.int64)
        group_F[self.fragment_G[known_G]] = known_G
        return group_F

    @property
    def support_G(self) -> npt.NDArray[np.uint32]:
        """Compounds that have each group."""
        support_G: npt.NDArray[np.uint32] = self._of["groups.support"]
        return support_G

    @property
    def places_GE(self) -> npt.NDArray[np.float32]:
        """Where each group lies among the others: distances are about what replacements are expected to change."""
        places_GE: npt.NDArray[np.float32] = self._of["groups.place"]
        return places_GE

    @cached_property
    def ends_G2(self) -> Ints:
        """How many open ends each group has, and how many of these are of a double bond: equal for what can be compared."""
        numbers_GD = self._of["groups.numbers"]
        ends_G2: Ints = numbers_GD[:, ENDS].astype(np.int64)
        return ends_G2

    @property
    def listed_G(self) -> npt.NDArray[np.bool_]:
        """Of which groups there is enough evidence for them to be offered."""
        listed_G: npt.NDArray[np.bool_] = self._of["groups.listed"].astype(np.bool_)
        return listed_G

    def comparable(self, group: int) -> Ints:
        """The other groups with as many open ends of the same kind, rising."""
        same_G = (self.ends_G2 == self.ends_G2[group]).all(axis=1)
        same_G[group] = False
        return np.flatnonzero(same_G)

    def prior(self, first_N: Ints, second_N: Ints) -> Floats:
        """What is expected of pairs beside their own measurements."""
        parts = [
            self._trees(pair_features(self._descriptions, first_N[part], self._descriptions, second_N[part]))
            for part in _blocks(len(first_N))
        ]
        prior_N: Floats = np.maximum(np.concatenate([np.zeros(0), *parts]), 0.0)
        return prior_N

    def expected(self, first_N: Ints, second_N: Ints) -> Expected:
        """Of pairs of groups. One with itself changes nothing, with certainty."""
        place_N, found_N = self._places(first_N, second_N)
        if len(self._of["pairs.key"]):
            measurements_N = np.where(found_N, self._of["pairs.measurements"][place_N], 0).astype(np.int64)
            measured_N = np.where(found_N, self._of["pairs.change"][place_N], 0.0).astype(np.float64)
        else:
            measurements_N, measured_N = np.zeros(len(first_N), dtype=np.int64), np.zeros(len(first_N))
        change_N, half_N = updated(self.prior(first_N, second_N), measured_N, measurements_N, self.noise)
        low_N, high_N, percent_N = np.maximum(change_N - half_N, 0.0), change_N + half_N, self.percent(change_N)
        itself_N = first_N == second_N
        for part_N, value in ((change_N, 0.0), (low_N, 0.0), (high_N, 0.0), (percent_N, 100.0)):
            part_N[itself_N] = value
        return Expected(change_N, low_N, high_N, percent_N, measurements_N)

    def percent(self, change_N: Floats) -> Floats:
        """How often activity is kept where so much change is expected."""
        percent_N: Floats = np.interp(change_N, self._of["curve.change"], self._of["curve.percent"])
        return percent_N

    def closest(self, group: int, offered_G: npt.NDArray[np.bool_], limit: int) -> tuple[Ints, Expected]:
        """The comparable groups of those offered with the least expected change, least first; equal ones by number.

        Of more than `EXACT` the `SHORTLIST` nearest by their places are looked at.
        """
        others_N = self.comparable(group)
        others_N = others_N[offered_G[others_N]]
        if len(others_N) > EXACT and self.places_GE.shape[1]:
            apart_N = ((self.places_GE[others_N] - self.places_GE[group]) ** 2).sum(axis=1)
            others_N = np.sort(others_N[np.argpartition(apart_N, SHORTLIST)[:SHORTLIST]])
        found = self.expected(np.full(len(others_N), group), others_N)
        order_N = np.lexsort((others_N, np.rint(found.change_N * TICKS)))[:limit]
        return others_N[order_N], found.at(order_N)

    def nearest(self, group: int) -> Ints:
        """The comparable groups with the least expected change, least first: those that the file lists."""
        start, stop = self._of["nearest.starts"][group : group + 2].tolist()
        nearest: Ints = self._of["nearest.other"][start:stop].astype(np.int64)
        return nearest

    def compounds_with(self, group: int) -> Ints:
        """Compounds in which the group was seen to be replaced, rising."""
        key_P, count = self._of["pairs.key"], max(len(self), 1)
        found = [np.zeros(0, dtype=np.int64)]
        starts = self._of["pairs.starts"]
        for side, is_this_P in (("first", key_P // np.uint64(count) == group), ("second", key_P % np.uint64(count) == group)):
            places = np.flatnonzero(is_this_P).tolist()
            found += [self._of[f"swaps.{side}"][starts[place] : starts[place + 1]].astype(np.int64) for place in places]
        return np.unique(np.concatenate(found))

    def shift(self, first: int, second: int) -> tuple[float, int]:
        """The mean of what the replacement of the first by the second added, and of how many pairs of compounds."""
        place_1, found_1 = self._places(np.array([first]), np.array([second]))
        if not found_1[0]:
            return 0.0, 0
        sign = 1.0 if first < second else -1.0
        return sign * float(self._of["pairs.shift"][place_1[0]]), int(self._of["pairs.measurements"][place_1[0]])

    def swaps(self, first: int, second: int) -> Swaps:
        """What was measured of the replacement of the first by the second."""
        place_1, found_1 = self._places(np.array([first]), np.array([second]))
        place = int(place_1[0])
        part = slice(*(self._of["pairs.starts"][place : place + 2].tolist() if found_1[0] else (0, 0)))
        one, other = (self._of[f"swaps.{side}"][part].astype(np.int64) for side in ("first", "second"))
        if first > second:
            one, other = other, one
        return Swaps(self._of["swaps.target"][part].astype(np.int64), one, other)

    def _places(self, first_N: Ints, second_N: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Where the measurements of pairs stand, and whether there are any."""
        key_P = self._of["pairs.key"]
        key_N = (np.minimum(first_N, second_N) * len(self) + np.maximum(first_N, second_N)).astype(np.uint64)
        place_N = np.minimum(np.searchsorted(key_P, key_N), max(len(key_P) - 1, 0))
        found_N = key_P[place_N] == key_N if len(key_P) else np.zeros(len(key_N), dtype=np.bool_)
        return place_N, found_N


def swap_columns(target_N: Ints, first_N: Ints, second_N: Ints) -> dict[str, Array]:
    """The arrays of measured replacements for a file."""
    return {
        "swaps.target": small(target_N),
        "swaps.first": small(first_N),
        "swaps.second": small(second_N),
    }


def _blocks(count: int) -> Sequence[slice]:
    return [slice(start, start + _BLOCK) for start in range(0, count, _BLOCK)]
