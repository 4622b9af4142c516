"""Summary: what is published of a posterior: the canonical factors of the mean product, and directions with their draws."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from trainer.factorization.activity.effects import Effects
from trainer.similarity.factors import Factors

__all__ = ["Directions", "mean_factors"]

Array = npt.NDArray[np.float64]

_INTERVAL: Final = (0.05, 0.95)
_BLOCK_ROWS: Final = 4096
_SHARED: Final = 2.0
"""What all fragments share, in root mean square lengths of their effects."""


def mean_factors(effects: Effects, *, rank: int) -> Factors:
    """The canonical factors of the best rank-K approximation of the mean of P Q^T over the draws, residuals' noise left out.

    The product is formed in blocks of fragments, and its right singular vectors are those of its T x T Gram matrix: memory
    and time grow with the square of the number of targets.
    """
    F, T = effects.mean_SFK.shape[1], effects.Q_STK.shape[1]
    Q_STK = effects.Q_STK.astype(np.float64)

    def product_BT(first: int) -> Array:
        P_SBK = effects.mean_SFK[:, first : first + _BLOCK_ROWS].astype(np.float64)
        total_BT = np.zeros((P_SBK.shape[1], T))
        for P_BK, Q_TK in zip(P_SBK, Q_STK, strict=True):
            total_BT += P_BK @ Q_TK.T
        return total_BT / len(P_SBK)

    gram_TT = np.zeros((T, T))
    for first in range(0, F, _BLOCK_ROWS):
        block_BT = product_BT(first)
        gram_TT += block_BT.T @ block_BT
    _, vectors_TT = np.linalg.eigh(gram_TT)
    leading_TK = vectors_TT[:, ::-1][:, :rank]
    projected_FK = np.concatenate([product_BT(first) @ leading_TK for first in range(0, F, _BLOCK_ROWS)])
    found = Factors.from_product(projected_FK, leading_TK)
    if found.rank == rank:
        return found
    wider = ((0, 0), (0, rank - found.rank))  # more factors than targets
    return Factors(
        fragments_FK=np.pad(found.fragments_FK, wider),
        targets_TK=np.pad(found.targets_TK, wider),
        singular_K=np.pad(found.singular_K, wider[1]),
    )


@dataclass(frozen=True, eq=False)
class Directions:
    """Unit vectors, one for each draw and fragment, whose inner products say how alike two fragments act.

    A fragment's row is its effects on all targets, as a row of the canonical U S of the draw's product (K + 1 numbers with the
    lengths and angles of rows of P Q^T, whatever the gauge), and before them the length that all fragments share: what they
    have in common as long as nothing else is known of them. Two that do next to nothing are alike then, wherever they point.
    """

    unit_SFK: npt.NDArray[np.float32]
    """Rounded to half precision, as they are published, so that every reader computes the same."""

    @classmethod
    def of(cls, effects: Effects) -> Self:
        """The directions of a posterior; all rows are zero where no fragment does anything."""
        S, F, K = effects.P_SFK.shape
        unit_SFK = np.empty((S, F, 1 + K), dtype=np.float32)
        for s, (P_FK, Q_TK) in enumerate(zip(effects.P_SFK, effects.Q_STK, strict=True)):
            effects_FK = Factors.from_product(P_FK.astype(np.float64), Q_TK.astype(np.float64)).fragments_FK
            shared = _SHARED * float(np.sqrt(np.mean(np.sum(effects_FK**2, axis=1)))) if F else 0.0
            rows_FK = np.column_stack([np.full(F, shared), effects_FK])
            lengths_F1 = np.linalg.norm(rows_FK, axis=1, keepdims=True)
            unit_SFK[s] = np.divide(rows_FK, lengths_F1, out=np.zeros_like(rows_FK), where=lengths_F1 > 0)
        return cls(unit_SFK=unit_SFK.astype(np.float16).astype(np.float32))

    def __len__(self) -> int:
        return len(self.unit_SFK)

    @property
    def joined_FD(self) -> Array:
        """One row a fragment: the inner product of two rows is the mean over draws of that of their directions."""
        S, F, K = self.unit_SFK.shape
        joined_FD: Array = np.moveaxis(self.unit_SFK, 0, 1).reshape(F, S * K).astype(np.float64) / np.sqrt(S)
        return joined_FD

    def stored_FD(self) -> npt.NDArray[np.float16]:
        """As published: all draws of a fragment in a row, half precision."""
        S, F, K = self.unit_SFK.shape
        return np.moveaxis(self.unit_SFK, 0, 1).reshape(F, S * K).astype("<f2")

    def interval(self, first_N: npt.NDArray[np.int32], second_N: npt.NDArray[np.int32]) -> tuple[Array, Array]:
        """Between which percents the similarity of each pair lies with 90 %."""
        percents_SN = np.empty((len(self), len(first_N)), dtype=np.float32)
        for s, unit_FK in enumerate(self.unit_SFK):
            for start in range(0, len(first_N), _BLOCK_ROWS * 16):
                pairs = slice(start, start + _BLOCK_ROWS * 16)
                percents_SN[s, pairs] = 100.0 * np.einsum("nk,nk->n", unit_FK[first_N[pairs]], unit_FK[second_N[pairs]])
        low_N, high_N = np.quantile(percents_SN, _INTERVAL, axis=0)
        return np.clip(low_N, -100.0, 100.0), np.clip(high_N, -100.0, 100.0)
