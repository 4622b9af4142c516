"""What is learned of bounds."""

import numpy as np
import pytest
from scipy.stats import truncnorm
from tests.support.gaussian import SMILES, table

from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.bounds import Bounds, expected_within
from trainer.factorization.gaussian.fit import fit_gaussian


def cells_of(value: list[float]) -> Cells:
    """One compound a value on one target of two."""
    count = len(value)
    return Cells.of(np.arange(count), np.zeros(count, np.int64), value, compounds=count + 2, targets=2)


@pytest.mark.parametrize(
    ("low", "high"), [(-np.inf, -1.0), (0.5, np.inf), (-np.inf, 9.0), (1.0, 1.5), (-0.5, 0.5), (-2.0, -1.0), (30.0, np.inf)]
)
def test_a_lone_bound_is_expected_at_the_mean_of_a_truncated_normal_distribution(low: float, high: float) -> None:
    inverse = np.array([[1 / 2.0]])
    found = expected_within(inverse, np.zeros(1), np.array([0]), np.array([low]), np.array([high]), signal=1.0)
    spread = np.sqrt(2.0)
    assert found[0] == pytest.approx(truncnorm.mean(low / spread, high / spread, scale=spread), rel=1e-6)


def test_bounds_agree_with_each_other_and_with_what_was_measured() -> None:
    kernel = np.array([[1.2, 0.9, 0.8], [0.9, 1.2, 0.9], [0.8, 0.9, 1.2]])
    value = np.array([1.0, 0.0, 0.0])
    found = expected_within(
        np.linalg.inv(kernel), value, np.array([1, 2]), np.full(2, -np.inf), np.array([-0.5, 3.0]), signal=1.0
    )
    assert found[0] < -0.5
    assert -0.5 < found[1] < 1.0
    for place, other in ((1, 2), (2, 1)):
        rest = [0, other]
        weights = np.linalg.solve(kernel[np.ix_(rest, rest)], kernel[rest, place])
        centre = weights @ [1.0, found[other - 1]]
        spread = np.sqrt(kernel[place, place] - weights @ kernel[rest, place])
        high = (-0.5, 3.0)[place - 1]
        expected = truncnorm.mean(-np.inf, (high - centre) / spread, loc=centre, scale=spread)
        assert found[place - 1] == pytest.approx(expected, abs=1e-3)


def test_bounds_of_one_pair_are_the_tightest_and_measured_or_impossible_ones_are_left_out() -> None:
    cells = cells_of([5.0, 6.0])
    columns = [
        (2, 0, 5.0, False),
        (2, 0, 4.0, False),
        (2, 0, 3.0, True),
        (0, 0, 7.0, True),
        (3, 1, 7.0, True),
        (3, 1, 5.0, False),
    ]
    compound, target, value, above = (np.array(column) for column in zip(*columns, strict=True))
    found = Bounds.of(compound, target, value, above, cells)
    assert (found.compound.tolist(), found.target.tolist()) == ([2], [0])
    assert (found.low.tolist(), found.high.tolist()) == ([3.0], [4.0])
    assert len(found.without(np.array([2]))) == 0


def test_a_fit_learns_from_bounds_what_dropping_them_hides() -> None:
    given = table()
    cells = given.cells
    first = cells.target == 0
    limit = float(np.quantile(cells.value[first], 0.4))
    censored = first & (cells.value < limit)
    known = cells.at(np.flatnonzero(~censored))
    at = np.flatnonzero(censored)
    bounds = Bounds.of(cells.compound[at], cells.target[at], np.full(len(at), limit), np.zeros(len(at), dtype=bool), known)
    dropped, taught = (fit_gaussian(known, given.kernel, share=0.3, bounds=each) for each in (None, bounds))
    found = taught.taught.value[~taught.measured_N]
    assert (found < limit).all()
    assert len(taught.residuals()[0]) == len(known)

    def error(fit_: object) -> float:
        fit = dropped if fit_ is dropped else taught
        part = fit.at(0)
        compound_N = fit.taught.compound[fit.order_N[part]]
        said = fit.centre_T[0] + (given.kernel.between(cells.compound[at], compound_N, 0.3) + 1.0) @ fit.weight_N[part]
        return float(np.sqrt(np.mean((said - cells.value[at]) ** 2)))

    assert error(taught) < error(dropped)


def test_bounds_of_a_target_without_a_spread_of_its_own_teach_nothing() -> None:
    given = table()
    bounds = Bounds.of(np.array([5, 6]), np.array([2, 2]), np.array([9.0, 9.0]), np.array([True, True]), given.cells)
    assert len(bounds) == 2
    found = fit_gaussian(given.cells, given.kernel, share=0.3, bounds=bounds)
    assert len(found.taught) == len(given.cells)
    assert len(SMILES) == given.cells.compounds
