import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.metrics import auc, auc_macro, coverage, medians, recall_at, rmse


def test_rmse_of_a_hand_calculation() -> None:
    assert rmse(np.array([1.0, 2.0, 3.0]), np.array([1.0, 4.0, 3.0])) == pytest.approx(math.sqrt(4 / 3))
    assert math.isnan(rmse(np.zeros(0), np.zeros(0)))


def test_auc_of_a_hand_calculation_counts_a_tie_one_half() -> None:
    assert auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])) == 0.75
    assert auc(np.array([0.5, 0.5]), np.array([False, True])) == 0.5
    assert math.isnan(auc(np.array([0.5, 0.7]), np.array([True, True])))


@given(st.lists(st.tuples(st.integers(-5, 5), st.booleans()), min_size=2, max_size=40))
def test_auc_is_the_share_of_pairs_in_the_right_order(cells: list[tuple[int, bool]]) -> None:
    score, active = np.array([cell[0] for cell in cells], dtype=np.float64), np.array([cell[1] for cell in cells])
    pairs = np.sign(score[active][:, None] - score[~active][None])
    if pairs.size:
        assert auc(score, active) == pytest.approx(float((pairs + 1).mean() / 2))
        assert auc(-score, active) == pytest.approx(1 - auc(score, active))


def test_macro_auc_weighs_targets_alike_and_leaves_out_targets_of_one_class() -> None:
    target = np.array([0, 0, 1, 1, 1, 2, 2])
    active = np.array([False, True, False, False, True, True, True])
    score = np.array([0.0, 1.0, 0.0, 2.0, 1.0, 0.0, 1.0])
    assert auc_macro(score, active, target) == pytest.approx((1.0 + 0.5) / 2)
    assert math.isnan(auc_macro(score, active, target, least=2))


def test_a_median_is_that_of_a_targets_own_cells() -> None:
    measured, target = np.array([5.0, 9.0, 6.0, 1.0, 2.0]), np.array([0, 1, 0, 1, 0])
    np.testing.assert_array_equal(medians(measured, target, 3), [5.0, 5.0, np.nan])


def test_recall_leaves_known_targets_out_and_counts_a_compound_with_many_of_ten() -> None:
    score_CT = np.array([[9.0, 5.0, 4.0, 1.0], [1.0, 2.0, 3.0, 4.0], [1.0, 1.0, 1.0, 1.0]])
    known = (np.array([0]), np.array([0]))
    held = (np.array([0, 0, 0, 1]), np.array([1, 2, 3, 0]))
    assert recall_at(score_CT, known, held, top=2) == pytest.approx((1.0 + 0.0) / 2)
    assert score_CT[0, 0] == 9.0
    assert math.isnan(recall_at(score_CT, known, (np.zeros(0, int), np.zeros(0, int))))


def test_coverage_includes_the_bounds() -> None:
    low, high = np.array([0.0, 0.0, 0.0]), np.array([1.0, 1.0, 1.0])
    assert coverage(low, high, np.array([0.0, 1.0, 1.1])) == pytest.approx(2 / 3)
