"""The swap test: do fragments that are called alike leave activity unchanged when one replaces the other?"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from chemistry.graph import Graph
from chemistry.leaves import leaves

__all__ = ["Swaps", "leaf_bags", "measured_swaps", "swap_test"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Swaps:
    """Pairs of fragments seen to replace each other, `first < second`, and what that did to activity."""

    first: Ints
    second: Ints
    change: Floats
    """Mean absolute difference of activity at the same target between two compounds that differ by the swap alone."""
    measurements: Ints


def measured_swaps(
    bags_C: Sequence[Mapping[int, int]],
    cells: tuple[Ints, Ints, Floats],
    *,
    least: int = 3,
) -> Swaps:
    """Every swap with at least `least` measurements.

    Args:
        bags_C: fragment -> count of every compound. Two compounds are a swap of f by g when their bags are equal after
            one f is taken from the one and one g from the other. Numbers below 0 are leaves that are no fragments: they may
            be what is left equal, and are not swapped themselves.
        cells: compound, target and value of the measured cells.
        least: pairs of cells a pair of fragments needs.
    """
    values_C: dict[int, dict[int, float]] = defaultdict(dict)
    for compound, target, value in zip(*(column.tolist() for column in cells), strict=True):
        values_C[compound][target] = value
    contexts: dict[tuple[tuple[int, int], ...], list[tuple[int, int]]] = defaultdict(list)
    for compound in sorted(values_C):
        bag = bags_C[compound]
        for fragment in (one for one in bag if one >= 0):
            rest = tuple(
                sorted((other, count - (other == fragment)) for other, count in bag.items() if other != fragment or count > 1)
            )
            contexts[rest].append((fragment, compound))
    totals: dict[tuple[int, int], tuple[float, int]] = defaultdict(lambda: (0.0, 0))
    for members in contexts.values():
        for position, (fragment, compound) in enumerate(members):
            for other_fragment, other_compound in members[position + 1 :]:
                if fragment == other_fragment:
                    continue
                here, there = values_C[compound], values_C[other_compound]
                shared = here.keys() & there.keys()
                if shared:
                    pair = min(fragment, other_fragment), max(fragment, other_fragment)
                    total, count = totals[pair]
                    change = sum(abs(here[target] - there[target]) for target in shared)
                    totals[pair] = total + change, count + len(shared)
    kept = sorted((pair, total, count) for pair, (total, count) in totals.items() if count >= least)
    return Swaps(
        first=np.array([pair[0] for pair, _, _ in kept], dtype=np.int64),
        second=np.array([pair[1] for pair, _, _ in kept], dtype=np.int64),
        change=np.array([total / count for _, total, count in kept], dtype=np.float64),
        measurements=np.array([count for _, _, count in kept], dtype=np.int64),
    )


def swap_test(similarity: Floats, swaps: Swaps) -> float:
    """Spearman correlation of the similarity of each swapped pair with minus the change it made; NaN below three pairs."""
    if len(similarity) < 3:
        return float("nan")
    return float(spearmanr(similarity, -swaps.change).statistic)


def leaf_bags(parents: Iterable[str | None], fragments: Sequence[str]) -> list[Counter[int]]:
    """The BRICS leaves of each of the `parents` (SMILES as `chemistry` writes them; an empty bag where there is none).

    Leaves that are none of the `fragments` have numbers below 0, each its own, so that no two of them are taken for one.
    """
    ids = {name: number for number, name in enumerate(fragments)}
    strangers: dict[str, int] = {}

    def number(leaf: str) -> int:
        return ids[leaf] if leaf in ids else strangers.setdefault(leaf, -1 - len(strangers))

    return [Counter(map(number, leaves(Graph.read(parent)))) if parent else Counter() for parent in parents]
