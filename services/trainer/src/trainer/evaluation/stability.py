"""Split-half stability: does a similarity learned from one half of the compounds come back in the other?"""

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

__all__ = ["halves", "interval_agreement", "stability"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def halves(compounds: int, *, seed: int) -> Bools:
    """Which compounds form the first half (the larger by one if their number is odd)."""
    first = np.zeros(compounds, dtype=np.bool_)
    first[np.random.default_rng(seed).permutation(compounds)[: (compounds + 1) // 2]] = True
    return first


def stability(first_FF: Floats, second_FF: Floats) -> float:
    """Spearman correlation of two similarity matrices over the pairs f < g; NaN below three pairs."""
    pairs = np.triu_indices(len(first_FF), k=1)
    if len(pairs[0]) < 3:  # noqa: PLR2004 -- a rank correlation of two pairs is always 1 or -1
        return float("nan")
    return float(spearmanr(first_FF[pairs], second_FF[pairs]).statistic)


def interval_agreement(low: Floats, high: Floats, other: Floats) -> float:
    """Share of pairs whose interval from one half covers the similarity found in the other half."""
    return float(np.mean((low <= other) & (other <= high)))
