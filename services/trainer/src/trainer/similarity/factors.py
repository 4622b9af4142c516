"""Factors: what a factor run publishes, in a form that does not depend on how it was found.

Any product P Q^T can be written with infinitely many pairs (P G, Q G^-T); cosines of their rows differ (Steck et al. 2024,
arXiv 2403.05440). The canonical form is the singular value decomposition of the product, P Q^T = U S V^T.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse

__all__ = ["REPEATED", "Factors"]

Array = npt.NDArray[np.float64]

REPEATED: Final = 1e-9
"""Relative difference under which two neighbouring singular values count as one repeated value."""
_ROUNDING: Final = 1e-12
"""Size, relative to the largest singular value, under which a singular value is what rounding left of a zero."""
_TIE: Final = 1e-6
"""Relative difference under which two magnitudes count as equal: far above rounding, far below what data distinguish."""


@dataclass(frozen=True, eq=False)
class Factors:
    """Canonical factors of fragments and targets.

    Columns are ordered by falling singular value. Columns beyond the rank of the product are exactly zero on both sides, and
    so are the rows of fragments and targets of which the product says nothing.
    """

    fragments_FK: Array
    """U S: as long as the fragment's predicted target profile, and with the same cosines."""
    targets_TK: Array
    """V: orthonormal columns (zero beyond the rank of the product)."""
    singular_K: Array
    """S, falling."""

    @property
    def rank(self) -> int:
        """Columns, those that are zero included."""
        return len(self.singular_K)

    @property
    def balanced_fragments_FK(self) -> Array:
        """U sqrt(S): what the two sides look like when each carries half of every singular value."""
        roots_K = np.sqrt(self.singular_K)
        return np.divide(self.fragments_FK, roots_K, out=np.zeros_like(self.fragments_FK), where=roots_K > 0)

    @property
    def balanced_targets_TK(self) -> Array:
        """V sqrt(S)."""
        return self.targets_TK * np.sqrt(self.singular_K)

    @property
    def profiles_FT(self) -> Array:
        """The product: predicted value of every fragment on every target. F x T numbers, so for small data."""
        return self.fragments_FK @ self.targets_TK.T

    @classmethod
    def from_product(cls, P_FK: Array, Q_TK: Array) -> Self:
        """The canonical factors of P Q^T, by a thin QR of each side and the SVD of the small K x K middle.

        Invariant under every change of gauge (P G, Q G^-T). A sign is chosen for each column (`_signs_K`), and a basis for
        each repeated singular value (`_rotated`), so that equal products give equal factors.
        """
        left_FR, P_RK = np.linalg.qr(P_FK)
        right_TR, Q_RK = np.linalg.qr(Q_TK)
        U_RR, S_R, Vt_RR = np.linalg.svd(P_RK @ Q_RK.T, full_matrices=False)
        noise_F, noise_T = (np.where(np.any(side != 0, axis=1), 0.0, np.inf) for side in (P_FK, Q_TK))
        return cls.from_svd(left_FR @ U_RR, S_R, right_TR @ Vt_RR.T, rank=P_FK.shape[1], noise_F=noise_F, noise_T=noise_T)

    @classmethod
    def of_rank(cls, P_FK: Array, Q_TK: Array, rank: int) -> Self:
        """The same in `rank` columns, where the product may have fewer: there may be more factors than targets."""
        found = cls.from_product(P_FK, Q_TK)
        wider = ((0, 0), (0, rank - found.rank))
        return cls(
            fragments_FK=np.pad(found.fragments_FK, wider),
            targets_TK=np.pad(found.targets_TK, wider),
            singular_K=np.pad(found.singular_K, wider[1]),
        )

    @classmethod
    def leading(cls, product_FT: scipy.sparse.csr_array | Array, rank: int) -> Self:
        """The canonical factors of the best approximation of a table by a product of `rank` columns."""
        gram_TT = product_FT.T @ product_FT
        _, vectors_TT = np.linalg.eigh(gram_TT.toarray() if scipy.sparse.issparse(gram_TT) else gram_TT)
        leading_TK = vectors_TT[:, ::-1][:, :rank]
        return cls.of_rank(np.asarray(product_FT @ leading_TK), leading_TK, rank)

    @classmethod
    def from_svd(cls, U_FR: Array, S_R: Array, V_TR: Array, *, rank: int, noise_F: Array, noise_T: Array) -> Self:
        """The canonical factors of U S V^T, cut or padded with zeros to `rank` columns.

        Rows of U S no longer than `noise_F`, and rows of V S no longer than `noise_T`, are what rounding left of a fragment
        or target of which the product says nothing: they become exactly zero.
        """
        kept = int(np.count_nonzero(_ROUNDING * S_R.max(initial=0.0) < S_R))
        U_FR, V_TR = _rotated(U_FR[:, :kept], S_R[:kept], V_TR[:, :kept])
        kept = min(kept, rank)
        U_FR, S_R, V_TR = U_FR[:, :kept], S_R[:kept], V_TR[:, :kept]
        U_FR = U_FR * (np.linalg.norm(U_FR * S_R, axis=1) > noise_F)[:, None]
        V_TR = V_TR * (np.linalg.norm(V_TR * S_R, axis=1) > noise_T)[:, None]
        fragments_FK, targets_TK, singular_K = np.zeros((len(U_FR), rank)), np.zeros((len(V_TR), rank)), np.zeros(rank)
        signs_R = _signs_K(U_FR, V_TR)
        fragments_FK[:, :kept] = U_FR * signs_R * S_R
        targets_TK[:, :kept] = V_TR * signs_R
        singular_K[:kept] = S_R
        return cls(fragments_FK=fragments_FK, targets_TK=targets_TK, singular_K=singular_K)


def _rotated(U_FR: Array, S_R: Array, V_TR: Array) -> tuple[Array, Array]:
    """Fixes the basis inside each repeated singular value, where the SVD leaves any rotation free.

    Pivoted Gram-Schmidt on the targets' rows: the first vector is the one that alone explains the target which the subspace
    explains best, and so on. It reads the targets' side only, so that permuted fragments give permuted factors.
    """
    U_FR, V_TR = U_FR.copy(), V_TR.copy()
    start = 0
    for stop in range(1, len(S_R) + 1):
        if stop < len(S_R) and S_R[stop - 1] - S_R[stop] <= REPEATED * S_R[stop - 1]:
            continue
        if stop - start > 1:
            rotation_MM = _pivots(V_TR[:, start:stop])
            for side in (U_FR, V_TR):  # not by BLAS, whose sums may depend on its threads
                side[:, start:stop] = np.einsum("nm,mk->nk", side[:, start:stop], rotation_MM)
        start = stop
    return U_FR, V_TR


def _pivots(V_TM: Array) -> Array:
    """The orthogonal rotation whose columns point at the rows of `V_TM` that are longest after the earlier ones are removed."""
    M = V_TM.shape[1]
    rotation_MM = np.zeros((M, M))
    rest_TM = V_TM.copy()
    for column in range(M):
        lengths_T = np.linalg.norm(rest_TM, axis=1)
        pivot = int(np.argmax(lengths_T >= (1 - _TIE) * lengths_T.max()))
        direction_M = rest_TM[pivot] / lengths_T[pivot]
        rest_TM -= (rest_TM * direction_M).sum(axis=1)[:, None] * direction_M
        rotation_MM[:, column] = direction_M
    return np.linalg.qr(rotation_MM)[0]


def _signs_K(U_FK: Array, V_TK: Array) -> Array:
    """+1 or -1 for each column, so that its largest entry becomes positive.

    The fragments' side decides. Where its largest positive and negative entries are equally large, the targets' side does;
    where they are equally large there too, the first target among the largest does. Fragments may be permuted freely.
    """
    signs_K = np.ones(U_FK.shape[1])
    for column in range(len(signs_K)):
        for side in (U_FK[:, column], V_TK[:, column]):
            high, low = side.max(initial=0.0), -side.min(initial=0.0)
            if abs(high - low) > _TIE * max(high, low):
                signs_K[column] = 1.0 if high > low else -1.0
                break
        else:
            side = V_TK[:, column]
            signs_K[column] = np.sign(side[np.argmax(np.abs(side) >= (1 - _TIE) * np.abs(side).max())])
    return signs_K
