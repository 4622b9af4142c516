"""Co-assay: on how far the same targets fragments were measured, whatever came out."""

import numpy as np
import scipy.sparse

__all__ = ["coassay_rows_FT"]


def coassay_rows_FT(membership_CF: scipy.sparse.csr_array, measured_CT: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """Unit rows of positive pointwise mutual information of fragment x target measurement counts (Levy and Goldberg 2014).

    Their inner products say on how far the same targets the fragments were measured, not what acts alike. The values in
    `measured_CT` are not looked at: a stored 0 was measured too.
    """
    stated_CT = scipy.sparse.csr_array(
        (np.ones(len(measured_CT.data)), measured_CT.indices.copy(), measured_CT.indptr.copy()), shape=measured_CT.shape
    )
    counts_FT = scipy.sparse.coo_array(membership_CF.T.astype(np.float64) @ stated_CT)
    F, total = counts_FT.shape[0], counts_FT.sum()
    row_F, column_T = (np.asarray(counts_FT.sum(axis=axis), dtype=np.float64).ravel() for axis in (1, 0))
    expected_N = row_F[counts_FT.row] * column_T[counts_FT.col] / total if total else np.ones(0)
    information_N = np.maximum(np.log(counts_FT.data / expected_N), 0.0)
    rows_FT = scipy.sparse.csr_array((information_N, (counts_FT.row, counts_FT.col)), shape=counts_FT.shape)
    lengths_F = np.sqrt(np.asarray(rows_FT.multiply(rows_FT).sum(axis=1), dtype=np.float64).ravel())
    scale_F = np.divide(1.0, lengths_F, out=np.zeros(F), where=lengths_F > 0)
    return scipy.sparse.csr_array(scipy.sparse.diags_array(scale_F) @ rows_FT)
