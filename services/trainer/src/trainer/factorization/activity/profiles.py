"""Profiles: how alike fragments are by what they are predicted to do, with intervals; and the similarities beside it.

All similarities are in percent. Nothing here depends on the gauge of the factors: (P G, Q G^-T) gives the same numbers.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse
from scipy.stats import rankdata

__all__ = ["FunctionalSimilarity", "coassay_FF", "combined_FF", "functional_FF", "structural_FF", "top_neighbours"]

Array = npt.NDArray[np.float64]

_INTERVAL: Final = (0.05, 0.95)


@dataclass(frozen=True, eq=False)
class FunctionalSimilarity:
    """Cosine of predicted target profiles, of A fragments with B fragments."""

    percent_AB: Array
    """Posterior mean."""
    low_AB: Array
    high_AB: Array
    """The similarity lies between `low` and `high` with 90 %."""


def functional_FF(
    P_SFK: npt.NDArray[np.floating],
    Q_STK: npt.NDArray[np.floating],
    *,
    first: npt.NDArray[np.int64],
    second: npt.NDArray[np.int64],
) -> FunctionalSimilarity:
    """Similarity of the fragments `first` with the fragments `second`, from draws of P and Q without their biases.

    A profile is a row of P Q^T; with M = Q^T Q the inner product of two of them is p M p', K numbers instead of T.
    A fragment with a zero profile is 0 percent like every other and 100 percent like itself.
    """
    cosines = []
    for P_FK, Q_TK in zip(P_SFK, Q_STK, strict=True):
        _, triangle_KK = np.linalg.qr(Q_TK.astype(np.float64))
        first_AK, second_BK = (_unit(P_FK[rows].astype(np.float64) @ triangle_KK.T) for rows in (first, second))
        cosines.append(np.where(first[:, None] == second[None], 1.0, np.clip(first_AK @ second_BK.T, -1.0, 1.0)))
    low_AB, high_AB = np.quantile(cosines, _INTERVAL, axis=0)
    return FunctionalSimilarity(percent_AB=100.0 * np.mean(cosines, axis=0), low_AB=100.0 * low_AB, high_AB=100.0 * high_AB)


def coassay_FF(membership_CF: scipy.sparse.csr_array, measured_CT: scipy.sparse.csr_array) -> Array:
    """How alike the targets are on which the fragments were measured at all, whatever came out.

    Cosine of rows of positive pointwise mutual information of fragment x target measurement counts. It says what was studied
    together, not what acts alike.
    """
    stated_CT = _stated(measured_CT)
    counts_FT = scipy.sparse.coo_array(membership_CF.T.astype(np.float64) @ stated_CT)
    F, total = counts_FT.shape[0], counts_FT.sum()
    row_F, column_T = (np.asarray(counts_FT.sum(axis=axis), dtype=np.float64).ravel() for axis in (1, 0))
    expected_N = row_F[counts_FT.row] * column_T[counts_FT.col] / total if total else np.ones(0)
    information_N = np.maximum(np.log(counts_FT.data / expected_N), 0.0)
    rows_FT = scipy.sparse.csr_array((information_N, (counts_FT.row, counts_FT.col)), shape=counts_FT.shape)
    lengths_F = np.sqrt(np.asarray(rows_FT.multiply(rows_FT).sum(axis=1), dtype=np.float64).ravel())
    scale_F = np.divide(1.0, lengths_F, out=np.zeros(F), where=lengths_F > 0)
    unit_FT = scipy.sparse.csr_array(scipy.sparse.diags_array(scale_F) @ rows_FT)
    return _itself_100(100.0 * np.clip((unit_FT @ unit_FT.T).toarray(), 0.0, 1.0))


def structural_FF(environments_FD: scipy.sparse.csr_array) -> Array:
    """Tanimoto similarity of sets of atom environments (ECFP4 of the fragments' SMILES), 0/1 rows."""
    sets_FD = _stated(environments_FD)
    shared_FF = (sets_FD @ sets_FD.T).toarray()
    size_F = shared_FF.diagonal()
    either_FF = size_F[:, None] + size_F[None] - shared_FF
    return _itself_100(100.0 * np.divide(shared_FF, either_FF, out=np.zeros_like(shared_FF), where=either_FF > 0))


def combined_FF(function_FF: Array, structure_FF: Array) -> Array:
    """Rank-sum of two symmetric similarities over the pairs f < g: 0 for a pair that is last in both, 100 for first in both."""
    pairs = np.triu_indices(len(function_FF), k=1)
    count = len(pairs[0])
    ranks = sum((rankdata(matrix_FF[pairs]) for matrix_FF in (function_FF, structure_FF)), np.zeros(count))
    combined_FF = np.zeros(function_FF.shape)
    combined_FF[pairs] = 100.0 * (ranks - 2.0) / (2.0 * (count - 1)) if count > 1 else 100.0
    return _itself_100(combined_FF + combined_FF.T)


def top_neighbours(percent_FF: Array, *, shown_F: npt.NDArray[np.bool_], limit: int) -> tuple[npt.NDArray[np.int64], Array]:
    """The `limit` nearest shown fragments other than itself of every fragment, and their similarities, nearest first.

    Exact; equal similarities in order of id. One less than the shown fragments is the most there can be for all.
    """
    F = len(percent_FF)
    candidates_FF = np.where(shown_F[None] & ~np.eye(F, dtype=np.bool_), percent_FF, -np.inf)
    columns = min(limit, max(int(shown_F.sum()) - 1, 0))
    others_FN = np.argsort(-candidates_FF, axis=1, kind="stable")[:, :columns]
    return others_FN, np.take_along_axis(candidates_FF, others_FN, axis=1)


def _unit(rows_RK: Array) -> Array:
    lengths_R1 = np.linalg.norm(rows_RK, axis=1, keepdims=True)
    unit_RK: Array = np.divide(rows_RK, lengths_R1, out=np.zeros_like(rows_RK), where=lengths_R1 > 0)
    return unit_RK


def _stated(matrix: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """1 wherever the matrix stores a cell, 0 cells stated as 0 included."""
    return scipy.sparse.csr_array((np.ones(len(matrix.data)), matrix.indices.copy(), matrix.indptr.copy()), shape=matrix.shape)


def _itself_100(percent_FF: Array) -> Array:
    np.fill_diagonal(percent_FF, 100.0)
    return percent_FF
