"""Ranking: for every group that is offered the comparable ones by which it is best replaced."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from replacement.replacements import EXACT, SHORTLIST, TICKS, Replacements

__all__ = ["Nearest", "changes", "ranked"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_AT_ONCE: Final = 2 * EXACT
"""Groups of which every pair is looked at once, and not once from either side."""


@dataclass(frozen=True, eq=False)
class Nearest:
    """Lists of groups, the least expected change first."""

    starts_G1: Ints
    other_N: Ints


def ranked(stated: Replacements, offered_G: npt.NDArray[np.bool_]) -> Nearest:
    """For every group that is offered up to `SHORTLIST` others that are; for the rest none: who asks for them looks."""
    none = np.zeros(0, dtype=np.int64)
    lists = [none] * len(stated)
    offered = np.flatnonzero(offered_G)
    if len(offered) <= _AT_ONCE:
        change_OO = changes(stated, offered)
        for row, group in enumerate(offered.tolist()):
            others = stated.comparable(group)
            places = np.searchsorted(offered, others[offered_G[others]])
            order = np.lexsort((places, np.rint(change_OO[row, places] * TICKS)))[:SHORTLIST]
            lists[group] = offered[places[order]]
    else:
        for group in offered.tolist():
            lists[group] = stated.closest(group, offered_G, SHORTLIST)[0]
    return Nearest(np.cumsum([0, *map(len, lists)]), np.concatenate([none, *lists]))


def changes(stated: Replacements, groups_M: Ints) -> Floats:
    """What is expected of every two of these groups, comparable or not, M x M."""
    first, second = np.triu_indices(len(groups_M), k=1)
    change_MM = np.zeros((len(groups_M), len(groups_M)))
    change_MM[first, second] = stated.expected(groups_M[first], groups_M[second]).change_N
    return change_MM + change_MM.T
