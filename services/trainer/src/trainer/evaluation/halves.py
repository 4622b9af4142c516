"""Halves of the compounds: one teaches, the other judges."""

import numpy as np
import numpy.typing as npt

__all__ = ["halves"]

Bools = npt.NDArray[np.bool_]


def halves(compounds: int, *, seed: int) -> Bools:
    """Which compounds form the first half (the larger by one if their number is odd)."""
    first = np.zeros(compounds, dtype=np.bool_)
    first[np.random.default_rng(seed).permutation(compounds)[: (compounds + 1) // 2]] = True
    return first
