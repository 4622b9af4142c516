"""Latent values: the continuous activity behind an active or inactive call (Albert and Chib 1993)."""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

__all__ = ["draw_latent", "prevalence"]

Array = npt.NDArray[np.float64]

_EDGE = 1e-12


def draw_latent(expected_N: Array, active_N: npt.NDArray[np.bool_], generator: np.random.Generator) -> Array:
    """Normal numbers around `expected_N` with variance 1, above 0 where active and below 0 where not."""
    below_N = ndtr(-expected_N)
    low_N, high_N = np.where(active_N, below_N, 0.0), np.where(active_N, 1.0, below_N)
    share_N = np.clip(low_N + (high_N - low_N) * generator.random(len(expected_N)), _EDGE, 1.0 - _EDGE)
    latent_N = expected_N + ndtri(share_N)
    return np.where(active_N, np.maximum(latent_N, 0.0), np.minimum(latent_N, 0.0))


def prevalence(active_N: npt.NDArray[np.bool_]) -> float:
    """The latent level at which the share of actives is the one seen, one of each added: one class alone is no infinity."""
    return float(ndtri((int(active_N.sum()) + 1) / (len(active_N) + 2)))
