import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from scores_api.similarities.cosines import percent_matrix

ROWS = arrays(
    np.float64, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.floats(allow_nan=False, allow_infinity=False)
)
_NUMBERS = st.floats(-1e3, 1e3).map(lambda value: value if abs(value) > 1e-200 else 0.0)  # what a factor keeps the digits of
TAME = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=_NUMBERS)


@given(ROWS)
def test_it_is_symmetric_within_100_and_exactly_100_on_the_diagonal(rows_NK: npt.NDArray[np.float64]) -> None:
    percent_NN = percent_matrix(rows_NK)
    np.testing.assert_array_equal(percent_NN, percent_NN.T)
    np.testing.assert_array_equal(np.diag(percent_NN), 100.0)
    assert np.abs(percent_NN).max() <= 100.0
    assert not np.signbit(percent_NN[percent_NN == 0]).any()


@given(ROWS)
def test_it_has_two_decimals(rows_NK: npt.NDArray[np.float64]) -> None:
    percent_NN = percent_matrix(rows_NK)
    np.testing.assert_array_equal(percent_NN, percent_NN.round(2))


@given(TAME, st.randoms(use_true_random=False))
def test_a_permutation_of_the_rows_permutes_it(rows_NK: npt.NDArray[np.float64], random: object) -> None:
    order = np.random.default_rng(getattr(random, "randint")(0, 99)).permutation(len(rows_NK))  # noqa: B009 - typed as object
    expected = percent_matrix(rows_NK)[np.ix_(order, order)]
    np.testing.assert_allclose(percent_matrix(rows_NK[order]), expected, atol=0.0101)


@given(TAME, st.floats(1e-3, 1e3))
def test_the_length_of_a_row_does_not_matter(rows_NK: npt.NDArray[np.float64], factor: float) -> None:
    np.testing.assert_allclose(percent_matrix(rows_NK * factor), percent_matrix(rows_NK), atol=0.0101)


def test_opposite_rows_are_minus_100_and_right_angles_0() -> None:
    percent_NN = percent_matrix(np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 3.0]]))
    np.testing.assert_array_equal(percent_NN, [[100, -100, 0], [-100, 100, 0], [0, 0, 100]])


def test_a_zero_row_is_alike_to_itself_alone() -> None:
    np.testing.assert_array_equal(percent_matrix(np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]])), np.eye(3) * 100)


@pytest.mark.parametrize("size", [1e-300, 1e300])
def test_tiny_and_huge_numbers_stay_in_range(size: float) -> None:
    np.testing.assert_array_equal(percent_matrix(np.array([[1.0, 1.0], [1.0, 0.0]]) * size), [[100, 70.71], [70.71, 100]])
