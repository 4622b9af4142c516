import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from trainer.factorization.activity.profiles import (
    coassay_FF,
    combined_FF,
    functional_FF,
    structural_FF,
    top_neighbours,
)


def draws(seed: int, F: int = 6, T: int = 9, K: int = 3, S: int = 4) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    return generator.standard_normal((S, F, K)), generator.standard_normal((S, T, K))


def test_functional_similarity_is_the_cosine_of_predicted_profiles() -> None:
    P, Q = draws(0)
    every = np.arange(6)
    found = functional_FF(P, Q, first=every, second=every)
    profiles = [p @ q.T for p, q in zip(P, Q, strict=True)]
    units = [profile / np.linalg.norm(profile, axis=1, keepdims=True) for profile in profiles]
    np.testing.assert_allclose(found.percent_AB, 100 * np.mean([unit @ unit.T for unit in units], axis=0), atol=1e-9)
    assert (found.low_AB <= found.high_AB).all()
    np.testing.assert_array_equal(np.diag(found.percent_AB), 100.0)


@given(st.integers(0, 10_000))
def test_no_change_of_gauge_changes_functional_similarity(seed: int) -> None:
    P, Q = draws(seed)
    generator = np.random.default_rng(seed + 1)
    G = np.linalg.qr(generator.standard_normal((3, 3)))[0] * generator.uniform(0.2, 5.0, size=3)
    every = np.arange(6)
    before = functional_FF(P, Q, first=every, second=every)
    after = functional_FF(P @ G, Q @ np.linalg.inv(G).T, first=every, second=every)
    for name in ("percent_AB", "low_AB", "high_AB"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), atol=1e-5)


def test_a_fragment_that_does_nothing_is_like_itself_alone() -> None:
    P, Q = draws(0)
    P[:, 2] = 0.0
    found = functional_FF(P, Q, first=np.arange(6), second=np.arange(6)).percent_AB
    assert found[2, 2] == 100.0
    assert not np.delete(found[2], 2).any()


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


def test_neighbours_are_shown_fragments_nearest_first_and_never_the_fragment_itself() -> None:
    percent = np.array([[100.0, 5, 9, 9], [5, 100, 1, 2], [9, 1, 100, 3], [9, 2, 3, 100]])
    others, similarity = top_neighbours(percent, shown_F=np.array([True, False, True, True]), limit=10)
    assert others.tolist() == [[2, 3], [0, 3], [0, 3], [0, 2]]
    assert similarity.tolist() == [[9, 9], [5, 2], [9, 3], [9, 3]]
    none, _ = top_neighbours(np.array([[100.0]]), shown_F=np.array([True]), limit=10)
    assert none.shape == (1, 0)


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_neighbours_than_asked_for(limit: int) -> None:
    percent = np.random.default_rng(0).random((8, 8))
    assert top_neighbours(percent, shown_F=np.ones(8, dtype=np.bool_), limit=limit)[0].shape == (8, limit)
