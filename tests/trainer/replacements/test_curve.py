"""How often activity is kept where so much change is expected."""

import numpy as np
import pytest

from trainer.replacements.curve import Curve


def at(curve: Curve, change: float) -> float:
    return float(np.interp(change, curve.change_S, curve.percent_S))


def test_it_tells_the_share_that_was_kept() -> None:
    random = np.random.default_rng(0)
    expected_N = random.uniform(0.2, 1.2, 40_000)
    measured_N = random.laplace(0, expected_N)  # whose mean absolute size is what was expected
    curve = Curve.fitted(expected_N, measured_N)
    for change in (0.3, 0.5, 0.8, 1.0):
        assert at(curve, change) == pytest.approx(100 * (1 - np.exp(-0.5 / change)), abs=3)


def test_it_falls_everywhere_from_a_hundred() -> None:
    random = np.random.default_rng(0)
    curve = Curve.fitted(random.uniform(0.4, 0.6, 100), random.normal(0, 1, 100))
    assert curve.percent_S[0] == 100.0
    assert (np.diff(curve.change_S) > 0).all()
    assert (np.diff(curve.percent_S) < 0).all()
    assert curve.percent_S[-1] >= 0


@pytest.mark.parametrize("count", [0, 1, 5])
def test_few_measurements_leave_it_to_the_normal_distribution(count: int) -> None:
    curve = Curve.fitted(np.full(count, 0.7), np.full(count, 0.1))
    assert at(curve, 0.7) == pytest.approx(43.5, abs=12)


def test_chances_are_their_own_percentages() -> None:
    assert at(Curve.of_chances(), 0.3) == pytest.approx(70.0)
