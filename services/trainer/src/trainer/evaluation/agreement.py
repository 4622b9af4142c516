"""Agreement: what either half of the compounds says of replacements, held against what the other half showed."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from contracts.evidence import WIDTH
from replacement.evidence import STRENGTH
from trainer.replacements.groups import Groups
from trainer.replacements.learned import Halves, states
from trainer.similarity.environments import tanimoto

__all__ = ["agreement"]

Floats = npt.NDArray[np.float64]

_LEAST: Final = 3
"""Cells that a pair of groups needs to judge; and pairs that a correlation needs."""
_COMPARED: Final = 600
"""Groups whose pairs are compared between halves: those that most compounds have."""


def agreement(halves: Halves, groups: Groups) -> dict[str, float]:
    """Means of both directions; what cannot be told is left out.

    Returns `swap_test` (Spearman correlation of what was expected to be kept and what was, over pairs of offered groups),
    `swap_test_unseen` (of pairs that the teaching half does not have), `swap_test_structure` (of structural similarity
    instead), `swap_pairs`, `interval_agreement` (share of measured means, unseen ones too, within what the 90 % intervals and
    their own noise leave open) and `split_half` (correlation of what both halves expect of all pairs of the commonest groups).
    """
    found: dict[str, list[float]] = {}
    here, there = halves.taught
    stated = [states(taught, groups, halves.noise, halves.curve) for taught in halves.taught]
    for model, judge in ((stated[0], there), (stated[1], here)):
        cells_P = np.diff(judge.events.starts())
        pairs = judge.pairs
        kept = (cells_P >= _LEAST) & groups.listed_G[pairs.first_P] & groups.listed_G[pairs.second_P]
        first, second, change = pairs.first_P[kept], pairs.second_P[kept], pairs.change_P[kept]
        if not kept.any():
            continue
        expected = model.expected(first, second)
        looks = tanimoto(groups.names, first.astype(np.int32), second.astype(np.int32)).astype(np.float64)
        unseen = expected.measurements_N == 0
        noise = halves.noise * (1.0 / (STRENGTH + expected.measurements_N) + 1.0 / pairs.measurements_P[kept])
        said = {
            "swap_test": _correlation(expected.change_N, change),
            "swap_test_unseen": _correlation(expected.change_N[unseen], change[unseen]),
            "swap_test_structure": _correlation(-looks, change),
            "swap_pairs": float(len(change)),
            "interval_agreement": float(np.mean(np.abs(change - expected.change_N) <= WIDTH * np.sqrt(noise))),
        }
        for name, value in said.items():
            found.setdefault(name, []).append(value)
    common = np.argsort(-groups.support_G.astype(np.int64), kind="stable")[:_COMPARED]
    common = common[groups.listed_G[common]]
    first, second = (common[side] for side in np.triu_indices(len(common), k=1))
    comparable = (stated[0].ends_G2[first] == stated[0].ends_G2[second]).all(axis=1)
    both = [model.expected(first[comparable], second[comparable]).change_N for model in stated]
    found["split_half"] = [_correlation(*both)]
    means = {name: float(np.mean(values)) for name, values in found.items()}
    return {name: value for name, value in means.items() if np.isfinite(value)}


def _correlation(one: Floats, other: Floats) -> float:
    """Spearman's; NaN below three pairs, and where one says the same of all."""
    if len(one) < _LEAST or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(spearmanr(one, other).statistic)
