"""Summary: what is published of a posterior: the canonical factors of the mean product."""

from typing import Final

import numpy as np
import numpy.typing as npt

from trainer.factorization.activity.posterior import Draws
from trainer.similarity.factors import Factors

__all__ = ["mean_factors"]

Array = npt.NDArray[np.float64]

_BLOCK_ROWS: Final = 4096


def mean_factors(draws: Draws, *, rank: int) -> Factors:
    """The canonical factors of the best rank-K approximation of the mean of P Q^T over the draws.

    Column K of P is the same at every target. The product is formed in blocks of fragments, and its right singular vectors are
    those of its T x T Gram matrix: memory and time grow with the square of the number of targets.
    """
    F, T = draws.P_SFK.shape[1], draws.Q_STK.shape[1]
    Q_STK = draws.Q_STK.astype(np.float64)
    Q_STK[:, :, -1] = 1.0

    def product_BT(first: int) -> Array:
        P_SBK = draws.P_SFK[:, first : first + _BLOCK_ROWS].astype(np.float64)
        total_BT = np.zeros((P_SBK.shape[1], T))
        for P_BK, Q_TK in zip(P_SBK, Q_STK, strict=True):
            total_BT += P_BK @ Q_TK.T
        return total_BT / len(P_SBK)

    gram_TT = np.zeros((T, T))
    for first in range(0, F, _BLOCK_ROWS):
        block_BT = product_BT(first)
        gram_TT += block_BT.T @ block_BT
    leading_TK = _leading(gram_TT, rank)
    projected_FK = np.concatenate([product_BT(first) @ leading_TK for first in range(0, F, _BLOCK_ROWS)])
    return Factors.of_rank(projected_FK, leading_TK, rank)


def _leading(gram_TT: Array, rank: int) -> Array:
    _, vectors_TT = np.linalg.eigh(gram_TT)
    return vectors_TT[:, ::-1][:, :rank]
