"""Background: what unstated cells say where only what acts is stated: each is a weak 0 (Hu, Koren and Volinsky 2008)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Background"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Background:
    """Precisions of the two kinds of cells; there are far too many unstated ones for each to be looked at.

    The squares of all cells at 0 are a quadratic form of a row, the same one for every row of a side, and so go into the prior
    of the rows; what a stated cell adds to its own 0 is the noise that is left to it.
    """

    stated: float = 400.0
    """Precision of a cell that is stated as 1."""
    unstated: float = 8.0
    """Precision of a cell that is not stated, at 0."""

    @property
    def precision(self) -> float:
        """Of a stated cell beyond its 0."""
        return self.stated - self.unstated

    @property
    def value(self) -> float:
        """Of a stated cell: with its own 0, at the precision above, it is a 1 at the precision of stated cells."""
        return self.stated / self.precision

    def prior(
        self, others_OK: Array, bias_O: Array, mean_RK: Array, scale_KK: Array, expected_RK: Array | float = 0.0
    ) -> tuple[Array, Array]:
        """Means and root of the covariance of rows x ~ N(mean, scale scale^T), given 0 = x . other + bias for each other.

        Where something is expected of every cell beforehand, `expected_RK` is the sum of that times the other, for each row.
        """
        gram_KK = self.unstated * np.einsum("ok,ol->kl", others_OK, others_OK)
        pull_RK = -self.unstated * (np.einsum("o,ok->k", bias_O, others_OK) + expected_RK)
        precision_KK = np.eye(len(scale_KK)) + scale_KK.T @ gram_KK @ scale_KK
        right_RK = np.linalg.solve(scale_KK, mean_RK.T).T + pull_RK @ scale_KK
        found_RK: Array = np.linalg.solve(precision_KK, right_RK.T).T @ scale_KK.T
        covariance_KK = scale_KK @ np.linalg.inv(precision_KK) @ scale_KK.T
        return found_RK, np.asarray(np.linalg.cholesky(covariance_KK), dtype=np.float64)
