"""Ranking: for every group that is offered the comparable ones by which it is best replaced."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contracts.evidence import NEIGHBOURS
from replacement.replacements import Replacements

__all__ = ["Nearest", "ranked"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Nearest:
    """Lists of groups, the least expected change first."""

    starts_G1: Ints
    other_N: Ints


def ranked(stated: Replacements, offered_G: npt.NDArray[np.bool_], *, limit: int = NEIGHBOURS) -> Nearest:
    """For every group that is offered up to `limit` others that are; for the rest none: who asks for them looks."""
    none = np.zeros(0, dtype=np.int64)
    lists = [
        stated.closest(group, offered_G, limit)[0] if offered else none for group, offered in enumerate(offered_G.tolist())
    ]
    return Nearest(np.cumsum([0, *map(len, lists)]), np.concatenate([none, *lists]))
