"""Profiles: the similarities of fragments that stand beside the functional one, in percent: co-assay, structure, both ranks."""

import numpy as np
import numpy.typing as npt
import scipy.sparse
from scipy.stats import rankdata

__all__ = ["coassay_FF", "coassay_rows_FT", "combined_FF", "structural_FF"]

Array = npt.NDArray[np.float64]


def coassay_FF(membership_CF: scipy.sparse.csr_array, measured_CT: scipy.sparse.csr_array) -> Array:
    """How alike the targets are on which the fragments were measured at all, whatever came out: what was studied together."""
    unit_FT = coassay_rows_FT(membership_CF, measured_CT)
    return _itself_100(100.0 * np.clip((unit_FT @ unit_FT.T).toarray(), 0.0, 1.0))


def coassay_rows_FT(membership_CF: scipy.sparse.csr_array, measured_CT: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """Unit rows of positive pointwise mutual information of fragment x target measurement counts (Levy and Goldberg 2014).

    Their inner products say on how far the same targets the fragments were measured, not what acts alike. The values in
    `measured_CT` are not looked at: a stored 0 was measured too.
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
    return scipy.sparse.csr_array(scipy.sparse.diags_array(scale_F) @ rows_FT)


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


def _stated(matrix: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """1 wherever the matrix stores a cell, 0 cells stated as 0 included."""
    return scipy.sparse.csr_array((np.ones(len(matrix.data)), matrix.indices.copy(), matrix.indptr.copy()), shape=matrix.shape)


def _itself_100(percent_FF: Array) -> Array:
    np.fill_diagonal(percent_FF, 100.0)
    return percent_FF
