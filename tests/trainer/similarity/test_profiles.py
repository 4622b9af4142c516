import numpy as np
import scipy.sparse

from trainer.similarity.profiles import coassay_FF, combined_FF, structural_FF


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


def test_combined_orders_pairs_by_the_sum_of_their_ranks() -> None:
    function = np.array([[100.0, 10, 20], [10, 100, 30], [20, 30, 100]])
    structure = np.array([[100.0, 1, 2], [1, 100, 3], [2, 3, 100]])
    np.testing.assert_allclose(combined_FF(function, structure), [[100, 0, 50], [0, 100, 100], [50, 100, 100]])
    assert combined_FF(np.array([[100.0]]), np.array([[100.0]])).tolist() == [[100.0]]
