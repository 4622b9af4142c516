import numpy as np
import scipy.sparse

from trainer.similarity.profiles import coassay_FF, coassay_rows_FT, row_products, structural_FF


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


def test_products_of_single_pairs_are_those_of_the_whole_matrix() -> None:
    generator = np.random.default_rng(0)
    membership = scipy.sparse.csr_array((generator.random((30, 7)) < 0.4) * 1.0)
    measured = scipy.sparse.csr_array((generator.random((30, 5)) < 0.4) * 1.0)
    first, second = (index.ravel().astype(np.int32) for index in np.indices((7, 7)))
    apart = first != second
    products = 100 * row_products(coassay_rows_FT(membership, measured), first[apart], second[apart])
    np.testing.assert_allclose(products, coassay_FF(membership, measured)[first[apart], second[apart]], atol=1e-9)
    assert len(row_products(coassay_rows_FT(membership, measured), first[:0], second[:0])) == 0
