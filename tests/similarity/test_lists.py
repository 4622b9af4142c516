"""Lists of fragments are compared as dense matrices would be, one with all, with some, and pair by pair."""

import numpy as np
import pytest

from similarity.lists import Lists, coassay, of_pairs, tanimoto

COUNT, NUMBERS = 40, 25


@pytest.fixture
def dense_FN() -> np.ndarray:
    generator = np.random.default_rng(0)
    rows_FN = np.maximum(generator.normal(size=(COUNT, NUMBERS)), 0)
    rows_FN[7] = 0.0
    lengths_F1 = np.linalg.norm(rows_FN, axis=1, keepdims=True)
    unit_FN: np.ndarray = np.divide(rows_FN, lengths_F1, out=np.zeros_like(rows_FN), where=lengths_F1 > 0).astype(np.float32)
    return unit_FN


@pytest.fixture
def lists(dense_FN: np.ndarray) -> Lists:
    joined = Lists.joined([np.flatnonzero(row).astype(np.int32) for row in dense_FN])
    return Lists(joined.numbers, joined.offsets, dense_FN[dense_FN > 0])


def test_sets_are_compared_by_tanimoto_and_empty_ones_by_nothing(lists: Lists, dense_FN: np.ndarray) -> None:
    member_FN = (dense_FN > 0).astype(np.float64)
    shared_FF, size_F = member_FN @ member_FN.T, member_FN.sum(axis=1)
    with np.errstate(invalid="ignore"):
        expected_FF = 100 * shared_FF / (size_F[:, None] + size_F - shared_FF)
    expected_FF[7] = expected_FF[:, 7] = np.nan
    sets = Lists(lists.numbers, lists.offsets)
    some = np.array([3, 3, 7, 39, 0])
    for place in range(COUNT):
        np.testing.assert_allclose(tanimoto(sets, place), expected_FF[place], rtol=1e-12)
        np.testing.assert_allclose(tanimoto(sets, place, some), expected_FF[place, some], rtol=1e-12)
    first, second = (index.ravel() for index in np.indices((COUNT, COUNT)))
    np.testing.assert_allclose(of_pairs(tanimoto, sets, first, second).reshape(COUNT, COUNT), expected_FF, rtol=1e-12)


def test_rows_are_compared_by_their_products(lists: Lists, dense_FN: np.ndarray) -> None:
    expected_FF = 100 * dense_FN.astype(np.float64) @ dense_FN.T
    generator = np.random.default_rng(1)
    first, second = generator.integers(0, COUNT, (2, 500))
    np.testing.assert_allclose(of_pairs(coassay, lists, first, second), expected_FF[first, second], atol=1e-5)
    np.testing.assert_allclose(coassay(lists, 7), 0.0)


def test_nothing_is_compared_with_nothing(lists: Lists) -> None:
    assert len(of_pairs(tanimoto, lists, np.zeros(0, np.int32), np.zeros(0, np.int32))) == 0
    assert len(tanimoto(Lists.joined([None, None]), 0)) == 2
    assert np.isnan(tanimoto(Lists.joined([None, None]), 0)).all()
