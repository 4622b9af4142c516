"""Posterior: what a fit knows, as draws."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse

from trainer.factorization.activity.ranking import Ranking

__all__ = ["Draws", "Posterior"]

Array = npt.NDArray[np.float64]
Half = npt.NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class Draws:
    """Posterior draws, S of them, in half precision. Column K of U, P and Q is the bias."""

    U_SCK: Half
    mean_SCK: Half
    """What each U was drawn around."""
    P_SFK: Half
    Q_STK: Half
    residual_SKK: Array
    """Square roots of the covariance of what fragments do not say of a compound."""
    fragments_SKK: Array
    """Square roots of the covariance of fragments: what is known of one that no compound contained."""
    noise_ST: Array
    """Precisions."""
    slope_S: Array

    def __len__(self) -> int:
        return len(self.slope_S)


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws, and the hidden block where there is one."""

    draws: Draws
    centre: float
    binary: bool
    ranking: Ranking | None = None
    """The hidden block of a fit of positives."""

    def scores_MT(self, compounds: npt.NDArray[np.int64], features_CD: scipy.sparse.csr_array | None = None) -> Array:
        """The mean of every target for each of these compounds; `features_CD`, of all, is needed where there is a `ranking`."""
        if (features_CD is None) != (self.ranking is None):
            raise ValueError("a fit with structure ranks by structure, and one without it does not")
        total_MT = np.full((len(compounds), self.draws.Q_STK.shape[1]), self.centre)
        if self.ranking is not None and features_CD is not None:
            total_MT += self.ranking.expects(features_CD[compounds])
        for mean_CK, Q_TK in zip(self.draws.mean_SCK, self.draws.Q_STK.astype(np.float32), strict=True):
            mean_MK = mean_CK[compounds].astype(np.float32)
            part_MT = mean_MK[:, :-1] @ Q_TK[:, :-1].T + mean_MK[:, -1:] + Q_TK[:, -1]
            total_MT += part_MT / len(self.draws)
        return total_MT
