"""The order of a heat map: similar fragments stand beside each other, as leaves of a tree."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from viz.answers import Floats

__all__ = ["OPTIMAL_LEAVES", "Ordering", "cluster"]

OPTIMAL_LEAVES: Final = 500
"""Fragments up to which leaves are ordered optimally, which costs the square of their number and more."""


@dataclass(frozen=True)
class Ordering:
    """Leaves from left to right, and the brackets of the tree above them.

    A bracket is four points: x in leaf positions (0 is the first leaf's middle), y the height at which two branches meet,
    in percent of dissimilarity (0 alike, 100 unrelated, 200 opposite).
    """

    leaves_F: NDArray[np.int64]
    bracket_x: tuple[tuple[float, ...], ...]
    bracket_y: tuple[tuple[float, ...], ...]


def cluster(percent_FF: Floats) -> Ordering:
    """Average linkage on 100 - percent; ties and order depend on the values alone."""
    fragments = len(percent_FF)
    if fragments < 2:  # noqa: PLR2004 - a tree has at least two leaves
        return Ordering(np.arange(fragments, dtype=np.int64), (), ())
    distance_FF = np.maximum(100.0 - (percent_FF + percent_FF.T) / 2.0, 0.0)
    np.fill_diagonal(distance_FF, 0.0)
    tree = hierarchy.linkage(
        squareform(distance_FF, checks=False), method="average", optimal_ordering=fragments <= OPTIMAL_LEAVES
    )
    drawn = hierarchy.dendrogram(tree, no_plot=True)
    return Ordering(
        leaves_F=np.asarray(drawn["leaves"], dtype=np.int64),
        bracket_x=tuple(tuple((x - 5.0) / 10.0 for x in bracket) for bracket in drawn["icoord"]),
        bracket_y=tuple(tuple(float(y) for y in bracket) for bracket in drawn["dcoord"]),
    )
