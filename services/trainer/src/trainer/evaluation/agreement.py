"""Agreement: what the halves of the compounds say of the same pairs of fragments, and what swaps in the other half did."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from trainer.evaluation.stability import halves, interval_agreement, stability
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.summary import Directions
from trainer.similarity.replacements import Exchanges
from trainer.similarity.swaps import Swaps, measured_swaps, swap_test

__all__ = ["Pairs", "agreement", "combined"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Which fragments are compared, and in what they are seen to replace each other."""

    fragments_M: Ints
    """Ids, rising."""
    bags_C: Sequence[Mapping[int, int]]
    """Leaf -> count of every compound: ids of fragments, and numbers below 0 for leaves that are none."""
    structure_MM: Floats | None
    """Structural similarity of the fragments compared; None where there are no structures."""


@dataclass(frozen=True, eq=False)
class _Half:
    function_MM: Floats
    low_MM: Floats
    high_MM: Floats


def agreement(
    cells: Cells, pairs: Pairs, fit: Callable[[Cells], Directions], *, seed: int, swaps: bool = True
) -> dict[str, float]:
    """Learn from each half of the compounds, and hold what was found against the other half.

    Returns `split_half` (Spearman correlation of the functional similarity of all pairs in the two halves),
    `interval_agreement` (share of the 90 % intervals that hold the other half's similarity) and, where real values are swapped
    often enough, `swap_test` (and `swap_test_structure`, `swap_test_combined`), each the mean of both directions, and
    `swap_pairs`. `swaps` says whether differences of values mean something. What cannot be told is left out.
    """
    first_C = halves(cells.compounds, seed=seed)
    parts = [cells.at(np.flatnonzero(first_C[cells.compound] == side)) for side in (True, False)]
    if not all(len(part) for part in parts):
        return {}
    learned = [_half(fit(part), pairs.fragments_M) for part in parts]
    upper = np.triu_indices(len(pairs.fragments_M), k=1)
    covered = [
        interval_agreement(here.low_MM[upper], here.high_MM[upper], there.function_MM[upper])
        for here, there in (learned, learned[::-1])
    ]
    found = {
        "split_half": stability(learned[0].function_MM, learned[1].function_MM),
        "interval_agreement": float(np.mean(covered)),
    }
    if swaps:
        found |= _swap_tests(learned, parts, pairs)
    return {name: value for name, value in found.items() if np.isfinite(value)}


def _half(directions: Directions, fragments_M: Ints) -> _Half:
    unit_SMK = directions.unit_SFK[:, fragments_M]
    cosines_SMM = unit_SMK @ np.swapaxes(unit_SMK, 1, 2)
    low_MM, high_MM = np.quantile(cosines_SMM, (0.05, 0.95), axis=0)
    return _Half(function_MM=cosines_SMM.mean(0, dtype=np.float64), low_MM=low_MM, high_MM=high_MM)


def combined(function_MM: Floats, structure_MM: Floats, swaps: Swaps) -> Floats:
    """Scores in the order of the combined similarity: from function, structure, and swaps that were seen at least once."""
    function_MM, structure_MM = _shares(function_MM), _shares(structure_MM)
    seen = swaps.first, swaps.second
    exchanges = Exchanges.of(swaps, function_MM[seen], structure_MM[seen], fragments=len(function_MM))
    if exchanges is None:
        return function_MM + structure_MM
    every = tuple(index.ravel() for index in np.indices(function_MM.shape))
    return exchanges.scores((every[0], every[1]), function_MM.ravel(), structure_MM.ravel()).reshape(function_MM.shape)


def _swap_tests(learned: list[_Half], parts: list[Cells], pairs: Pairs) -> dict[str, float]:
    """Each half's similarities against the swaps of the other."""
    found: dict[str, list[float]] = {}
    for half, own, other in zip(learned, parts, parts[::-1], strict=True):
        swaps = _swaps(other, pairs)
        at = swaps.first, swaps.second
        found.setdefault("swap_test", []).append(swap_test(half.function_MM[at], swaps))
        found.setdefault("swap_pairs", []).append(float(len(swaps.change)))
        if pairs.structure_MM is not None:
            structure = pairs.structure_MM[at]
            found.setdefault("swap_test_structure", []).append(swap_test(structure, swaps))
            scores_MM = combined(half.function_MM, pairs.structure_MM, _swaps(own, pairs, least=1))
            found.setdefault("swap_test_combined", []).append(swap_test(scores_MM[at], swaps))
    return {name: float(np.mean(values)) for name, values in found.items()}


def _swaps(cells: Cells, pairs: Pairs, *, least: int = 3) -> Swaps:
    """Swaps among the fragments compared, by their places there."""
    swaps = measured_swaps(pairs.bags_C, (cells.compound, cells.target, cells.value), least=least)
    kept = np.isin(swaps.first, pairs.fragments_M) & np.isin(swaps.second, pairs.fragments_M)
    first, second = (np.searchsorted(pairs.fragments_M, ids[kept]) for ids in (swaps.first, swaps.second))
    return Swaps(first, second, swaps.change[kept], swaps.measurements[kept])


def _shares(similarity_MM: Floats) -> Floats:
    """The share of pairs that are less alike than each, equal ones counted half."""
    upper = np.triu_indices(len(similarity_MM), k=1)
    shares_MM = np.zeros(similarity_MM.shape)
    shares_MM[upper] = (rankdata(similarity_MM[upper]) - 0.5) / max(len(upper[0]), 1)
    return shares_MM + shares_MM.T
