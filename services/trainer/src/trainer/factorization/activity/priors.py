"""Priors: the means, covariances and precisions of the model, drawn given the rows they are the priors of."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch

__all__ = ["RowPrior", "draw_covariance", "draw_noise", "draw_row_prior", "draw_scale"]

Array = npt.NDArray[np.float64]

_FREEDOM: Final = 2.0
"""Degrees of freedom of the prior of covariances, beyond their number of columns."""
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
    """Lower Cholesky factor of the covariance of rows with mean zero.

    Its inverse has a Wishart prior with unit scale and K + 2 degrees. `extra_KK` is added to the scatter. Needs no rows: then
    it is a draw of the prior.
    """
    R, K = rows_RK.shape
    rows = torch.from_numpy(rows_RK)
    inverse_KK = np.eye(K) + (rows.T @ rows).numpy() + extra_KK  # not by NumPy, whose sums depend on the machine's threads
    # Bartlett: precision = L A A^T L^T with L L^T = inverse^-1, so covariance = M M^T with M = chol(inverse) A^-T.
    A_KK = np.tril(generator.standard_normal((K, K)), -1)
    A_KK[np.diag_indices(K)] = np.sqrt(generator.chisquare(K + _FREEDOM + R - np.arange(K)))
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


def draw_scale(
    information: float,
    product: float,
    generator: np.random.Generator,
    *,
    prior_KK: Array | None = None,
    columns: slice = slice(None),
) -> float:
    """The factor s by which a part of the prediction is stretched, given what it is to explain: rest = s part + noise.

    `information` is the sum of precision x part^2 over the cells, `product` that of precision x part x rest. The part is
    linear in rows ~ N(., covariance) whose `columns` are stretched together with those of the covariance, of which `prior_KK`
    is the Cholesky factor, under the prior of `draw_covariance`; without it the part has a flat prior. Such moves along orbits
    of a group (Liu and Sabatti 2000) make the chain forget where it started hundreds of sweeps earlier.
    What the cells ask is proposed and accepted by the rest of the density (Metropolis and Hastings), so that the posterior
    stays as it is. A part that says nothing keeps its scale.
    """
    if information < np.finfo(np.float32).eps:
        return 1.0
    scale = product / information + float(generator.standard_normal()) / float(np.sqrt(information))
    threshold = -float(generator.standard_exponential())
    if prior_KK is None:
        return scale
    if scale <= 0.0:
        return 1.0
    inverse_K = np.sum(np.linalg.inv(prior_KK) ** 2, axis=0)[columns]
    freedom = len(inverse_K) * (len(prior_KK) + _FREEDOM) + 1.0
    gain = -freedom * float(np.log(scale)) - 0.5 * float(inverse_K.sum()) * (scale**-2 - 1.0)
    return scale if gain > threshold else 1.0


def draw_noise(
    squares_T: Array,
    count_T: npt.NDArray[np.int64],
    before_T: Array,
    generator: np.random.Generator,
) -> Array:
    """The noise precision of every target: its own where its cells say so, the common one where they are few.

    `squares_T` are the sums of the squares of what is left of a target's cells, `count_T` their numbers.

    noise_t ~ Gamma(10, rate 10 / common), 1 / common ~ Gamma(1, rate 1); `before_T` is the chain's last draw.
    """
    shape, targets = 0.5 * _NOISE_CELLS, len(before_T)
    common = (1.0 + shape * float(before_T.sum())) / generator.gamma(1.0 + shape * targets)
    noise_T: Array = generator.gamma(shape + 0.5 * count_T) / (shape / common + 0.5 * squares_T)
    return noise_T
