"""Similarity of fragments: the cosine of their rows, in percent."""

import numpy as np
import numpy.typing as npt

__all__ = ["percent_matrix"]


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
