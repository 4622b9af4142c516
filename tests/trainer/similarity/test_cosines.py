import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from contracts.kinds import RANKINGS, SimilarityKind
from trainer.similarity.cosines import directions_FK, percents_FF, vectors_FK
from trainer.similarity.factors import Factors

Array = npt.NDArray[np.float64]

rows = arrays(
    np.float64,
    st.tuples(st.integers(1, 12), st.integers(1, 5)),
    elements=st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda value: 0.0 if abs(value) < 1e-3 else value),
)


@given(rows)
def test_percents_are_symmetric_bounded_and_100_on_the_diagonal(rows_FK: Array) -> None:
    percent_FF = percents_FF(rows_FK)
    assert np.array_equal(percent_FF, percent_FF.T)
    assert (np.abs(percent_FF) <= 100.0).all()
    assert (percent_FF.diagonal() == 100.0).all()


@given(rows)
def test_percents_are_100_times_the_cosine(rows_FK: Array) -> None:
    percent_FF = percents_FF(rows_FK)
    for one, left_K in enumerate(rows_FK):
        for other, right_K in enumerate(rows_FK):
            lengths = np.linalg.norm(left_K) * np.linalg.norm(right_K)
            expected = 100.0 if one == other else 100.0 * (left_K @ right_K) / lengths if lengths else 0.0
            assert percent_FF[one, other] == pytest.approx(expected, abs=1e-9)


@given(rows, st.integers(0, 2**32 - 1))
def test_permuted_rows_have_permuted_percents(rows_FK: Array, seed: int) -> None:
    order_F = np.random.default_rng(seed).permutation(len(rows_FK))
    np.testing.assert_allclose(percents_FF(rows_FK[order_F]), percents_FF(rows_FK)[np.ix_(order_F, order_F)], atol=1e-11)


def test_a_zero_vector_is_like_itself_alone() -> None:
    percent_FF = percents_FF(np.array([[0.0, 0.0], [1.0, 2.0], [0.0, 0.0]]))
    assert percent_FF.tolist() == [[100.0, 0.0, 0.0], [0.0, 100.0, 0.0], [0.0, 0.0, 100.0]]


def test_no_row_is_too_long_or_too_short_for_a_direction() -> None:
    unit_FK = directions_FK(np.array([[3e300, 4e300], [3e-300, 4e-300], [3.0, 4.0]]))
    np.testing.assert_allclose(unit_FK, [[0.6, 0.8]] * 3)


def test_no_rows_have_no_percents() -> None:
    assert percents_FF(np.zeros((0, 3))).shape == (0, 0)


@given(st.integers(0, 2**32 - 1), st.integers(2, 10), st.integers(2, 10), st.integers(1, 4))
def test_no_change_of_gauge_changes_a_percent(seed: int, fragments: int, targets: int, rank: int) -> None:
    rng = np.random.default_rng(seed)
    P_FK, Q_TK = rng.normal(size=(fragments, rank)), rng.normal(size=(targets, rank))
    first_KK, second_KK = (np.linalg.qr(rng.normal(size=(rank, rank)))[0] for _ in range(2))
    G_KK = first_KK * np.geomspace(0.1, 10, rank) @ second_KK
    ours, theirs = Factors.from_product(P_FK, Q_TK), Factors.from_product(P_FK @ G_KK, Q_TK @ np.linalg.inv(G_KK).T)
    weakest = min(
        np.abs(np.linalg.norm(factors.fragments_FK, axis=1)).min() / factors.singular_K[0] for factors in (ours, theirs)
    )
    assume(weakest > 1e-6)  # a row of almost nothing has no direction that float64 could keep
    for kind in RANKINGS:
        percent_FF = percents_FF(vectors_FK(theirs, kind))
        np.testing.assert_allclose(percent_FF, percents_FF(vectors_FK(ours, kind)), atol=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_function_is_the_cosine_of_predicted_profiles(seed: int) -> None:
    rng = np.random.default_rng(seed)
    factors = Factors.from_product(rng.normal(size=(6, 3)), rng.normal(size=(8, 3)))
    profiles_percent_FF = percents_FF(factors.profiles_FT)
    np.testing.assert_allclose(percents_FF(vectors_FK(factors, SimilarityKind.FUNCTION)), profiles_percent_FF, atol=1e-9)
