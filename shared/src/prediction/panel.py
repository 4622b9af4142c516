"""The panel: what a compound's own measurements add to what its structure says of it on other targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["ARRAYS", "Completion", "complete"]

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ARRAYS: Final = ("loadings", "spread", "noise", "slope")
"""By target: mean (K) and covariance (K x K) of its loadings, variance of its noise, and how far a completion is believed."""


@dataclass(frozen=True, eq=False)
class Completion:
    """Of one compound on all T targets."""

    residual_T: Floats
    """Expected beyond what structure says, in spreads of the target; 0 on those it was measured on, which it has learned."""
    ratio_T: Floats
    """What is left of the variance, 0 to 1."""


def complete(arrays: Mapping[str, Array], target_N: Ints, residual_N: Floats) -> Completion:
    """From what is left of a compound's N measurements; `arrays` are those of a model file.

    The row of the compound given these is a normal distribution in closed form; so is what follows for every target.
    """
    loadings_TK, spread_TKK, noise_T, slope_T = (arrays[f"panel.{name}"].astype(np.float64) for name in ARRAYS)
    weight_N, mean_NK = 1.0 / noise_T[target_N], loadings_TK[target_N]
    squares_NKK = mean_NK[:, :, None] * mean_NK[:, None, :] + spread_TKK[target_N]
    left_KK = np.linalg.inv(np.eye(loadings_TK.shape[1]) + np.tensordot(weight_N, squares_NKK, 1))
    row_K = left_KK @ ((weight_N * residual_N) @ mean_NK)
    before_T = np.square(loadings_TK).sum(axis=1) + np.trace(spread_TKK, axis1=1, axis2=2) + noise_T
    after_T = ((loadings_TK @ left_KK) * loadings_TK).sum(axis=1) + noise_T
    after_T += np.tensordot(spread_TKK, left_KK + np.outer(row_K, row_K), 2)
    residual_T = slope_T * (loadings_TK @ row_K)
    ratio_T = 1.0 - slope_T * (1.0 - np.minimum(after_T / before_T, 1.0))
    residual_T[target_N], ratio_T[target_N] = 0.0, 1.0
    return Completion(residual_T, ratio_T)
