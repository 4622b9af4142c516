import numpy as np
import scipy.sparse

from trainer.similarity.profiles import coassay_FF, structural_FF


def test_coassay_sees_what_was_measured_and_not_what_came_out() -> None:
    membership = scipy.sparse.csr_array(np.kron(np.eye(4), np.ones((3, 1))))
    measured = np.kron(np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), np.ones((3, 1)))
    row, column = np.nonzero(measured)
    inactive = scipy.sparse.csr_array((np.zeros(len(row)), (row, column)), shape=measured.shape)
    found = coassay_FF(membership, inactive)
    np.testing.assert_allclose(found, coassay_FF(membership, scipy.sparse.csr_array(measured * 7.5)))
    np.testing.assert_allclose(found, [[100, 100, 0, 0], [100, 100, 0, 0], [0, 0, 100, 0], [0, 0, 0, 100]], atol=1e-9)


def test_structural_similarity_is_tanimoto() -> None:
    sets = scipy.sparse.csr_array(np.array([[1, 1, 1, 0], [1, 1, 0, 1], [0, 0, 0, 0]], dtype=np.float64))
    np.testing.assert_allclose(structural_FF(sets), [[100, 50, 0], [50, 100, 0], [0, 0, 100]])
