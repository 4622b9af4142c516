"""Percents as the scores API might state them, for tests of what is drawn from them."""

import numpy as np
import numpy.typing as npt

__all__ = ["percent_matrix"]


def percent_matrix(vectors_FK: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Cosine of every two rows in percent, exactly 100 on the diagonal; no row is zero."""
    unit_FK = vectors_FK / np.linalg.norm(vectors_FK, axis=1, keepdims=True)
    percent_FF: npt.NDArray[np.float64] = np.clip(100.0 * (unit_FK @ unit_FK.T), -100.0, 100.0)
    np.fill_diagonal(percent_FF, 100.0)
    return percent_FF
