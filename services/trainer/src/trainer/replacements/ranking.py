"""Ranking: for every group the comparable ones by which it is best replaced."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from contracts.evidence import NEIGHBOURS
from replacement.replacements import Replacements

__all__ = ["EXACT", "Nearest", "ranked"]

Ints = npt.NDArray[np.int64]

EXACT: Final = 2000
"""Comparable groups up to which every pair of them is looked at."""
_SHORTLIST: Final = 200
"""Of more, and for groups that are not offered, the nearest by their places: these hold the ten nearest of 99 in 100."""
_TICKS: Final = 1e6
"""Changes that are equal in millionths are ordered by number."""
_ROWS: Final = 256


@dataclass(frozen=True, eq=False)
class Nearest:
    """Lists of groups, the least expected change first."""

    starts_G1: npt.NDArray[np.int64]
    other_N: Ints


def ranked(stated: Replacements, listed_G: npt.NDArray[np.bool_], places_GE: npt.NDArray[np.float32]) -> Nearest:
    """For every group up to `NEIGHBOURS` listed ones."""
    lists: list[Ints] = [np.zeros(0, dtype=np.int64)] * len(stated)
    _, kind_G = np.unique(stated.ends_G2, axis=0, return_inverse=True)
    for kind in range(int(kind_G.max(initial=-1)) + 1):
        members = np.flatnonzero(kind_G == kind)
        offered = members[listed_G[members]]
        if len(offered) <= EXACT:
            _rank_all(stated, offered, lists)
            members = members[~listed_G[members]]
        _rank_near(stated, members, offered, places_GE, lists)
    return Nearest(np.cumsum([0, *map(len, lists)]), np.concatenate([np.zeros(0, dtype=np.int64), *lists]))


def _rank_all(stated: Replacements, offered: Ints, lists: list[Ints]) -> None:
    """Every pair once, for it is the same in both orders."""
    first_N, second_N = np.triu_indices(len(offered), k=1)
    change_OO = np.full((len(offered), len(offered)), np.inf)
    change_OO[first_N, second_N] = stated.expected(offered[first_N], offered[second_N]).change_N
    change_OO = np.minimum(change_OO, change_OO.T)
    for row, group in enumerate(offered.tolist()):
        lists[group] = _first(change_OO[row], offered, group)


def _rank_near(stated: Replacements, members: Ints, offered: Ints, places_GE: npt.NDArray[Any], lists: list[Ints]) -> None:
    """The nearest by their places, then by what is expected of them with the evidence."""
    near_E = places_GE[offered].astype(np.float64)
    size_O = (near_E**2).sum(axis=1)
    for start in range(0, len(members) if len(offered) else 0, _ROWS):
        rows = members[start : start + _ROWS]
        apart_RO = size_O - 2.0 * places_GE[rows].astype(np.float64) @ near_E.T
        count = min(_SHORTLIST, len(offered))
        chosen_RS = np.argpartition(apart_RO, count - 1, axis=1)[:, :count] if count < len(offered) else np.arange(count)[None]
        others_RS = np.broadcast_to(np.sort(offered[chosen_RS], axis=1), (len(rows), count))
        change_RS = stated.expected(np.repeat(rows, count), others_RS.ravel()).change_N.reshape(len(rows), count)
        for row, group in enumerate(rows.tolist()):
            lists[group] = _first(change_RS[row], others_RS[row], group)


def _first(change_N: npt.NDArray[np.float64], other_N: Ints, group: int) -> Ints:
    kept = other_N != group
    ticks_N = np.rint(change_N[kept] * _TICKS)
    return other_N[kept][np.lexsort((other_N[kept], ticks_N))[:NEIGHBOURS]]
