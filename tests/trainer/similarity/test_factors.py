import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trainer.similarity.factors import Factors

Array = npt.NDArray[np.float64]


def pair(seed: int, fragments: int, targets: int, rank: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(fragments, rank)), rng.normal(size=(targets, rank))


def from_table(table_FT: Array, rank: int) -> Factors:
    U_FR, S_R, Vt_RT = np.linalg.svd(table_FT, full_matrices=False)
    quiet_F, quiet_T = np.zeros(len(U_FR)), np.zeros(Vt_RT.shape[1])
    return Factors.from_svd(U_FR, S_R, Vt_RT.T, rank=rank, noise_F=quiet_F, noise_T=quiet_T)


sizes = st.integers(1, 12)
seeds = st.integers(0, 2**32 - 1)


@given(seeds, sizes, sizes, st.integers(1, 5))
def test_the_canonical_form_is_the_svd_of_the_product(seed: int, fragments: int, targets: int, rank: int) -> None:
    P_FK, Q_TK = pair(seed, fragments, targets, rank)
    factors = Factors.from_product(P_FK, Q_TK)
    kept = min(fragments, targets, rank)
    singular_R = np.linalg.svd(P_FK @ Q_TK.T, compute_uv=False)
    np.testing.assert_allclose(factors.singular_K[:kept], singular_R[:kept], atol=1e-12 * singular_R[0])
    np.testing.assert_allclose(factors.profiles_FT, P_FK @ Q_TK.T, atol=1e-11 * singular_R[0])
    np.testing.assert_allclose(factors.targets_TK[:, :kept].T @ factors.targets_TK[:, :kept], np.eye(kept), atol=1e-12)
    balanced_FT = factors.balanced_fragments_FK @ factors.balanced_targets_TK.T
    np.testing.assert_allclose(balanced_FT, factors.profiles_FT, atol=1e-11 * singular_R[0])
    assert not factors.fragments_FK[:, kept:].any()
    assert not factors.targets_TK[:, kept:].any()
    assert factors.rank == rank


@given(seeds, st.integers(2, 12), st.integers(2, 12), st.integers(1, 4))
def test_no_change_of_gauge_changes_the_factors(seed: int, fragments: int, targets: int, rank: int) -> None:
    P_FK, Q_TK = pair(seed, fragments, targets, rank)
    rng = np.random.default_rng(seed + 1)
    turned_KK, other_KK = np.linalg.qr(rng.normal(size=(rank, rank)))[0], np.linalg.qr(rng.normal(size=(rank, rank)))[0]
    G_KK = turned_KK * np.geomspace(0.05, 20, rank) @ other_KK
    ours, theirs = Factors.from_product(P_FK, Q_TK), Factors.from_product(P_FK @ G_KK, Q_TK @ np.linalg.inv(G_KK).T)
    largest = ours.singular_K[0]
    np.testing.assert_allclose(theirs.singular_K, ours.singular_K, atol=1e-9 * largest)
    np.testing.assert_allclose(theirs.profiles_FT, ours.profiles_FT, atol=1e-9 * largest)
    gaps = np.diff(ours.singular_K) if rank > 1 else np.array([-largest])
    if np.abs(gaps).min() > 1e-2 * largest:  # else single columns are determined less exactly than the product
        np.testing.assert_allclose(theirs.fragments_FK, ours.fragments_FK, atol=1e-6 * largest)


@given(seeds, st.integers(2, 10), st.integers(2, 10), st.integers(1, 4))
def test_permuted_fragments_have_permuted_factors(seed: int, fragments: int, targets: int, rank: int) -> None:
    table_FT = np.random.default_rng(seed).integers(-2, 3, size=(fragments, targets)).astype(float)
    order_F = np.random.default_rng(seed + 1).permutation(fragments)
    singular_R = np.linalg.svd(table_FT, compute_uv=False)
    close = np.abs(np.diff(singular_R)) < 1e-3 * singular_R[0]
    assume(not close[:rank].any())  # a nearly repeated value leaves its columns less exact than is compared here
    ours, permuted = from_table(table_FT, rank), from_table(table_FT[order_F], rank)
    np.testing.assert_allclose(permuted.fragments_FK, ours.fragments_FK[order_F], atol=1e-9 * max(singular_R[0], 1))
    np.testing.assert_allclose(permuted.targets_TK, ours.targets_TK, atol=1e-9)


def test_the_largest_entry_of_a_column_is_positive() -> None:
    factors = Factors.from_product(*pair(0, 7, 6, 3))
    largest_K = np.abs(factors.fragments_FK).argmax(axis=0)
    assert (factors.fragments_FK[largest_K, range(3)] > 0).all()


@pytest.mark.parametrize("flip", [1.0, -1.0])
def test_equally_large_entries_leave_the_sign_to_the_targets(flip: float) -> None:
    fragments_F1 = np.array([[1.0], [-1.0]])
    factors = Factors.from_product(flip * fragments_F1, flip * np.array([[1.0], [-2.0]]))
    np.testing.assert_allclose(factors.targets_TK[:, 0] * np.sqrt(5), [-1.0, 2.0])
    np.testing.assert_allclose(factors.profiles_FT, [[1.0, -2.0], [-1.0, 2.0]], atol=1e-15)


@pytest.mark.parametrize("flip", [1.0, -1.0])
def test_ties_on_both_sides_leave_the_sign_to_the_first_target(flip: float) -> None:
    factors = Factors.from_product(flip * np.array([[1.0], [-1.0]]), flip * np.array([[1.0], [-1.0]]))
    np.testing.assert_allclose(factors.targets_TK[:, 0], [np.sqrt(0.5), -np.sqrt(0.5)])


@given(seeds)
def test_a_repeated_singular_value_has_one_basis(seed: int) -> None:
    rng = np.random.default_rng(seed)
    P_FK, Q_TK = np.linalg.qr(rng.normal(size=(9, 4)))[0], np.linalg.qr(rng.normal(size=(8, 4)))[0]
    values_K = np.array([3.0, 2.0, 2.0, 2.0])
    turned_KK = np.eye(4)
    turned_KK[1:, 1:] = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    ours = Factors.from_product(P_FK * values_K, Q_TK)
    theirs = Factors.from_product(P_FK * values_K @ turned_KK, Q_TK @ turned_KK)
    np.testing.assert_allclose(theirs.fragments_FK, ours.fragments_FK, atol=1e-10)
    np.testing.assert_allclose(ours.profiles_FT, P_FK * values_K @ Q_TK.T, atol=1e-10)


def test_zero_rows_stay_exactly_zero() -> None:
    P_FK, Q_TK = pair(3, 6, 5, 3)
    P_FK[[0, 4]], Q_TK[1] = 0.0, 0.0
    factors = Factors.from_product(P_FK, Q_TK)
    assert not factors.fragments_FK[[0, 4]].any()
    assert not factors.targets_TK[1].any()
    assert factors.fragments_FK[[1, 2, 3, 5]].any(axis=1).all()


def test_a_product_of_zeros_has_factors_of_zeros() -> None:
    factors = Factors.from_product(np.zeros((3, 2)), np.zeros((4, 2)))
    assert not factors.fragments_FK.any()
    assert not factors.targets_TK.any()
    assert not factors.singular_K.any()
    assert not factors.balanced_fragments_FK.any()
