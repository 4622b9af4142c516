"""Cosines of many vectors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from viz.answers import Floats
from viz.cosines import FINE_BINS, counts_of_pairs, pairs_within, percent_matrix, percent_row

_VECTORS = arrays.arrays(
    np.float64, st.tuples(st.integers(1, 24), st.integers(1, 5)), elements=st.floats(-100, 100, allow_subnormal=False)
)


@given(_VECTORS)
def test_the_matrix_is_symmetric_within_100_percent_and_100_on_the_diagonal(vectors_FK: Floats) -> None:
    percent_FF = percent_matrix(vectors_FK)
    assert np.array_equal(percent_FF, percent_FF.T)
    assert np.abs(percent_FF).max() <= 100.0
    assert (np.diag(percent_FF) == 100.0).all()


@given(_VECTORS)
def test_a_row_is_the_matrixs_row(vectors_FK: Floats) -> None:
    assert percent_row(vectors_FK, 0) == pytest.approx(percent_matrix(vectors_FK)[0])


@given(_VECTORS)
def test_every_pair_is_counted_once(vectors_FK: Floats) -> None:
    count = len(vectors_FK)
    fine = counts_of_pairs(vectors_FK)
    assert fine.shape == (FINE_BINS,)
    assert fine.sum() == count * (count - 1) // 2


@given(_VECTORS, st.floats(-100, 100), st.floats(0, 100))
def test_pairs_of_a_range_are_those_a_plain_search_finds(vectors_FK: Floats, low: float, width: float) -> None:
    percent_FF = percent_matrix(vectors_FK)
    upper = percent_FF[np.triu_indices(len(vectors_FK), k=1)]
    edge = 1e-9  # a pair exactly on an end may round to either side
    found = pairs_within(vectors_FK, low, low + width, limit=7)
    surely = ((upper > low + edge) & (upper < low + width - edge)).sum()
    perhaps = ((upper >= low - edge) & (upper <= low + width + edge)).sum()
    assert surely <= found.total <= perhaps
    assert len(found.items) == min(7, found.total)
    percents = [pair.percent for pair in found.items]
    assert percents == sorted(percents, reverse=True)
    for pair in found.items:
        assert pair.first < pair.second
        assert pair.percent == pytest.approx(percent_FF[pair.first, pair.second])


def test_many_blocks_give_what_one_matrix_gives() -> None:
    vectors_FK = np.random.default_rng(1).normal(size=(1300, 4))
    upper = percent_matrix(vectors_FK)[np.triu_indices(1300, k=1)]
    expected, _ = np.histogram(upper, bins=200, range=(-100, 100))
    counted = counts_of_pairs(vectors_FK).reshape(200, -1).sum(axis=1)
    assert np.abs(counted - expected).sum() <= 4  # pairs on an edge may round either way
    best = pairs_within(vectors_FK, -100, 100, limit=5)
    assert [pair.percent for pair in best.items] == pytest.approx(np.sort(upper)[::-1][:5])


def test_a_zero_vector_is_like_nothing_but_itself() -> None:
    percent_FF = percent_matrix(np.array([[0.0, 0.0], [1.0, 2.0]]))
    assert percent_FF.tolist() == [[100.0, 0.0], [0.0, 100.0]]
