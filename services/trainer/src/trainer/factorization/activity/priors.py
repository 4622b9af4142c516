"""Priors: the means, covariances and precisions of the model, drawn given the rows they are the priors of."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["RowPrior", "draw_covariance", "draw_noise", "draw_row_prior", "draw_scale"]

Array = npt.NDArray[np.float64]

_MEAN_ROWS: Final = 2.0
"""How many rows at zero the prior of a mean counts for."""
_NOISE_CELLS: Final = 20.0
"""How many cells at the common noise the prior of a target's own noise counts for."""


@dataclass(frozen=True, eq=False)
class RowPrior:
    """Rows ~ N(mean, scale scale^T)."""

    mean_K: Array
    scale_KK: Array
    """Lower Cholesky factor of the covariance."""


def draw_covariance(rows_RK: Array, generator: np.random.Generator, *, extra_KK: Array | float = 0.0) -> Array:
    """Lower Cholesky factor of a covariance of rows with mean zero, under a Wishart prior with unit scale and K + 2 degrees.

    `extra_KK` is added to the scatter. Needs no rows: then it is a draw of the prior.
    """
    R, K = rows_RK.shape
    inverse_KK = np.eye(K) + rows_RK.T @ rows_RK + extra_KK
    # Bartlett: precision = L A A^T L^T with L L^T = inverse^-1, so covariance = M M^T with M = chol(inverse) A^-T.
    A_KK = np.tril(generator.standard_normal((K, K)), -1)
    A_KK[np.diag_indices(K)] = np.sqrt(generator.chisquare(K + 2 + R - np.arange(K)))
    root_KK = np.linalg.cholesky(inverse_KK) @ np.linalg.inv(A_KK).T
    lower_KK: Array = np.linalg.cholesky(root_KK @ root_KK.T)
    return lower_KK


def draw_row_prior(rows_RK: Array, generator: np.random.Generator) -> RowPrior:
    """Mean and covariance of rows under a Normal-Wishart prior (Salakhutdinov and Mnih 2008)."""
    R, K = rows_RK.shape
    average_K = rows_RK.mean(axis=0) if R else np.zeros(K)
    shrunk = _MEAN_ROWS * R / (_MEAN_ROWS + R)
    scale_KK = draw_covariance(rows_RK - average_K, generator, extra_KK=shrunk * np.outer(average_K, average_K))
    mean_K = R * average_K / (_MEAN_ROWS + R) + scale_KK @ generator.standard_normal(K) / np.sqrt(_MEAN_ROWS + R)
    return RowPrior(mean_K=mean_K, scale_KK=scale_KK)


def draw_scale(part_N: Array, rest_N: Array, precision_N: Array, generator: np.random.Generator) -> float:
    """The factor s > 0 by which a part of the prediction is stretched, given what it is to explain: rest = s part + noise.

    Redrawing scales beside covariances (interweaving, Yu and Meng 2011) makes the chain forget where it started hundreds
    of sweeps earlier. A part that says nothing keeps its scale.
    """
    information = float(np.sum(precision_N * part_N**2))
    if information < np.finfo(np.float32).eps:
        return 1.0
    centre = float(np.sum(precision_N * part_N * rest_N)) / information
    return abs(centre + float(generator.standard_normal()) / float(np.sqrt(information)))


def draw_noise(residual_N: Array, target_N: npt.NDArray[np.int64], targets: int, generator: np.random.Generator) -> Array:
    """The noise precision of every target: its own where its cells say so, the common one where they are few."""
    cells = len(residual_N)
    common = generator.gamma(0.5 * cells + 1.0) / (0.5 * float(residual_N @ residual_N) + 1e-3)
    count_T = np.bincount(target_N, minlength=targets)
    squares_T = np.bincount(target_N, residual_N**2, minlength=targets)
    noise_T: Array = generator.gamma(0.5 * (_NOISE_CELLS + count_T)) / (0.5 * (_NOISE_CELLS / common + squares_T))
    return noise_T
