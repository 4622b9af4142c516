import numpy as np
import scipy.sparse

from trainer.similarity.coassay import coassay_rows_FT


def test_coassay_sees_what_was_measured_and_not_what_came_out() -> None:
    membership = scipy.sparse.csr_array(np.kron(np.eye(4), np.ones((3, 1))))
    measured = np.kron(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), np.ones((3, 1)))
    row, column = np.nonzero(measured)
    inactive = scipy.sparse.csr_array((np.zeros(len(row)), (row, column)), shape=measured.shape)
    found_FT = coassay_rows_FT(membership, inactive).toarray()
    np.testing.assert_allclose(found_FT, coassay_rows_FT(membership, scipy.sparse.csr_array(measured * 7.5)).toarray())
    np.testing.assert_allclose(found_FT @ found_FT.T, [[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], atol=1e-9)
