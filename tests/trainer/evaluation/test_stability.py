import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.stability import halves, interval_agreement, stability


@given(st.integers(0, 60), st.integers(0, 4))
def test_halves_are_halves_and_repeat_for_a_seed(compounds: int, seed: int) -> None:
    first = halves(compounds, seed=seed)
    assert first.sum() == (compounds + 1) // 2
    np.testing.assert_array_equal(first, halves(compounds, seed=seed))


def test_stability_compares_the_order_of_pairs_and_not_their_scale_or_the_diagonal() -> None:
    first = np.array([[1.0, 0.2, 0.4], [0.2, 1.0, 0.6], [0.4, 0.6, 1.0]])
    second = first**3
    np.fill_diagonal(second, -5.0)
    assert stability(first, second) == 1.0
    assert stability(first, -first) == -1.0
    assert math.isnan(stability(first[:2, :2], first[:2, :2]))


def test_an_interval_agrees_when_it_covers_the_other_half() -> None:
    assert interval_agreement(np.array([0.0, 0.0]), np.array([1.0, 1.0]), np.array([0.5, 1.5])) == 0.5
