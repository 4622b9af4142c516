"""Similarity of fragments: the cosine of their rows, in percent."""

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["percent_matrix", "percents_with"]

_BLOCK_NUMBERS: Final = 1_000_000


def percent_matrix(rows_NK: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Cosine of every two rows in percent, shape (N, N), rounded to two decimals.

    Symmetric, within ±100 and exactly 100 on the diagonal. A zero row is alike to itself alone: 0 elsewhere. Rows are scaled
    by their largest entry first, so that neither huge nor tiny numbers leave the range of float64.
    """
    peak_N1 = np.abs(rows_NK).max(axis=1, initial=0.0, keepdims=True)
    scaled_NK = np.divide(rows_NK, peak_N1, out=np.zeros_like(rows_NK), where=peak_N1 > 0)
    norm_N1 = np.linalg.norm(scaled_NK, axis=1, keepdims=True)
    unit_NK = np.divide(scaled_NK, norm_N1, out=scaled_NK, where=norm_N1 > 0)
    percent_NN: npt.NDArray[np.float64] = 100.0 * (unit_NK @ unit_NK.T)
    percent_NN = np.clip(np.round((percent_NN + percent_NN.T) / 2, 2), -100.0, 100.0) + 0.0
    np.fill_diagonal(percent_NN, 100.0)
    return percent_NN


def percents_with(rows_FD: npt.NDArray[np.floating], id_: int, others: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Cosine of one row with some, in percent; a zero row is 0 percent alike."""
    own_D = rows_FD[id_].astype(np.float64)
    own_norm = np.linalg.norm(own_D)
    percent_N = np.zeros(len(others))
    block = max(1, _BLOCK_NUMBERS // max(len(own_D), 1))
    for first in range(0, len(others), block):
        part = slice(first, first + block)
        rows_ND = rows_FD[others[part]].astype(np.float64)
        norms_N = np.linalg.norm(rows_ND, axis=1) * own_norm
        percent_N[part] = 100.0 * np.divide(rows_ND @ own_D, norms_N, out=np.zeros(len(rows_ND)), where=norms_N > 0)
    return np.clip(percent_N, -100.0, 100.0)
