"""The order of a heat map."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.cosines import percent_matrix

from viz.ordering import OPTIMAL_LEAVES, cluster


@given(st.integers(0, 30), st.integers(0, 2**31))
def test_every_fragment_is_one_leaf(count: int, seed: int) -> None:
    ordering = cluster(percent_matrix(np.random.default_rng(seed).normal(size=(count, 3))))
    assert sorted(ordering.leaves_F.tolist()) == list(range(count))
    assert len(ordering.bracket_x) == len(ordering.bracket_y) == max(count - 1, 0)


def test_members_of_a_group_stand_together() -> None:
    groups = np.array([0, 1, 0, 1, 2, 0, 2, 1])
    vectors_FK = np.eye(3)[groups] + 0.05 * np.random.default_rng(0).normal(size=(8, 3))
    ordered = groups[cluster(percent_matrix(vectors_FK)).leaves_F]
    assert (np.diff(ordered) != 0).sum() == 2


def test_a_bracket_stands_at_the_dissimilarity_of_its_branches() -> None:
    ordering = cluster(np.array([[100.0, 80.0], [80.0, 100.0]]))
    assert ordering.bracket_x == ((0.0, 0.0, 1.0, 1.0),)
    assert ordering.bracket_y[0] == pytest.approx((0.0, 20.0, 20.0, 0.0))


def test_more_fragments_than_are_ordered_optimally_are_ordered_all_the_same() -> None:
    count = OPTIMAL_LEAVES + 20
    ordering = cluster(percent_matrix(np.random.default_rng(2).normal(size=(count, 4))))
    assert sorted(ordering.leaves_F.tolist()) == list(range(count))
