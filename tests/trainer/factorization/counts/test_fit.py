import os
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
import scipy.sparse
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tests.support.counts import planted, rank_k

from contracts.kinds import SimilarityKind
from trainer.data.seed_table import built_in
from trainer.factorization.counts import table as counts
from trainer.factorization.counts.fit import fit_counts
from trainer.factorization.counts.network import FactorNetwork
from trainer.similarity.cosines import percents_FF, vectors_FK

Array = npt.NDArray[np.float64]

PUBLISHED = {"fA-fB": 42, "fA-fC": 24, "fA-fD": 80, "fB-fC": 98, "fB-fD": 87, "fC-fD": 74}

tables = arrays(np.float64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(-3, 6).map(float))


def relative(ours_FT: Array, theirs_FT: Array) -> float:
    return float(np.linalg.norm(ours_FT - theirs_FT)) / max(float(np.linalg.norm(theirs_FT)), 1e-300)


@pytest.mark.parametrize("seed", range(5))
def test_the_built_in_data_gives_the_published_percents_whatever_the_seed(seed: int) -> None:
    activity = built_in()
    fit = fit_counts(activity.counts_FT(), rank=3, seed=seed)
    percent_FF = percents_FF(vectors_FK(fit.factors, SimilarityKind.BALANCED))
    names = list(activity.names)
    for pair, percent in PUBLISHED.items():
        one, other = pair.split("-")
        assert percent_FF[names.index(one), names.index(other)] == pytest.approx(percent, abs=0.5)
    assert fit.converged


@given(tables, st.integers(1, 12), st.integers(0, 2**63 - 1))
def test_the_fit_ends_at_the_optimum_of_the_svd(table_FT: Array, rank: int, seed: int) -> None:
    fit = fit_counts(table_FT, rank=rank, seed=seed)
    optimum = float(np.mean((table_FT - rank_k(table_FT, rank)) ** 2))
    assert fit.curve[-1][1] == pytest.approx(optimum, rel=1e-9, abs=1e-12)
    assert np.mean((table_FT - fit.factors.profiles_FT) ** 2) == pytest.approx(fit.curve[-1][1], abs=1e-12)
    if fit.gap > 1e-6:
        assert relative(fit.factors.profiles_FT, rank_k(table_FT, rank)) < 1e-6
    assert fit.converged


@pytest.fixture(params=["dense", "sparse"])
def holding(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the table is held; only a large one is held sparse by itself."""
    if request.param == "sparse":
        monkeypatch.setattr(counts, "_SMALL_CELLS", 0)
        monkeypatch.setattr(counts, "_LARGE_CELLS", 0)
    return str(request.param)


@pytest.mark.parametrize("gap", [1e-1, 1e-3, 1e-5])
def test_small_gaps_are_resolved(gap: float, holding: str) -> None:
    table_FT = planted(0, 250, 160, [10, 9, 8, 8 * (1 - gap), *np.linspace(7, 1, 140)])
    fit = fit_counts(table_FT, rank=3, seed=1)
    assert fit.converged
    assert fit.gap == pytest.approx(gap, rel=1e-3)
    assert relative(fit.factors.profiles_FT, rank_k(table_FT, 3)) < 1e-6


def test_a_sparse_table_gives_the_factors_and_the_loss_of_a_dense_one(holding: str) -> None:
    rng = np.random.default_rng(0)
    table_FT = rng.poisson(0.1, size=(300, 120)).astype(np.float64)
    fit = fit_counts(scipy.sparse.csr_array(table_FT), rank=4, seed=0)
    assert relative(fit.factors.profiles_FT, rank_k(table_FT, 4)) < 1e-9
    assert fit.curve[-1][1] == pytest.approx(np.mean((table_FT - fit.factors.profiles_FT) ** 2), rel=1e-9)
    losses = np.array([loss for _, loss in fit.curve])
    assert (np.diff(losses) <= 1e-12).all()


def test_the_curve_is_the_true_loss_of_a_descent_from_a_random_start() -> None:
    table_FT = built_in().counts_FT().toarray()
    seen: list[tuple[int, float]] = []
    fit = fit_counts(table_FT, rank=3, seed=7, on_step=lambda step, loss: seen.append((step, loss)))
    assert tuple(seen) == fit.curve
    assert [step for step, _ in fit.curve] == list(range(len(fit.curve)))
    losses = np.array([loss for _, loss in fit.curve])
    assert (np.diff(losses) <= 1e-13).all()
    assert losses[0] > 20 * losses[-1]
    network = FactorNetwork.from_factors(fit.factors, dtype=torch.float64)
    assert network.loss(torch.from_numpy(table_FT)).item() == pytest.approx(losses[-1], rel=1e-12)


@given(tables, st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_permuted_fragments_have_permuted_factors(table_FT: Array, rank: int, seed: int) -> None:
    values_R = np.linalg.svd(table_FT, compute_uv=False)
    apart = np.abs(np.diff(values_R)) > 1e-3 * max(values_R[0], 1)
    assume(apart[:rank].all())  # (nearly) repeated values: tested by name below
    order_F = np.random.default_rng(seed).permutation(len(table_FT))
    ours, permuted = fit_counts(table_FT, rank=rank, seed=0), fit_counts(table_FT[order_F], rank=rank, seed=1)
    np.testing.assert_allclose(permuted.factors.fragments_FK, ours.factors.fragments_FK[order_F], atol=1e-8)
    np.testing.assert_allclose(permuted.factors.targets_TK, ours.factors.targets_TK, atol=1e-8)


def test_a_repeated_singular_value_gives_the_same_factors_whatever_the_seed() -> None:
    table_FT = planted(0, 60, 40, [5, 3, 3, 3, 3, 2, 1])
    for rank in (2, 3, 5):
        fits = [fit_counts(table_FT, rank=rank, seed=seed) for seed in range(3)]
        for fit in fits:
            np.testing.assert_allclose(fit.factors.fragments_FK, fits[0].factors.fragments_FK, atol=1e-9)
            assert (fit.gap < 1e-9) == (rank != 5)
            assert fit.curve[-1][1] == pytest.approx(np.mean((table_FT - rank_k(table_FT, rank)) ** 2))


def test_a_value_repeated_without_end_says_that_it_leaves_a_choice() -> None:
    fit = fit_counts(np.eye(40), rank=3, seed=0)
    assert fit.converged
    assert fit.gap < 1e-9
    assert fit.curve[-1][1] == pytest.approx(37 / 1600)


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (4, 3)])
@pytest.mark.parametrize("rank", [1, 3, 9])
def test_columns_beyond_the_rank_are_exactly_zero(shape: tuple[int, int], rank: int) -> None:
    table_FT = np.outer(np.arange(1.0, shape[0] + 1), np.arange(1.0, shape[1] + 1))  # of rank 1
    fit = fit_counts(table_FT, rank=rank, seed=0)
    assert fit.factors.fragments_FK.shape == (shape[0], rank)
    assert fit.factors.targets_TK.shape == (shape[1], rank)
    assert not fit.factors.fragments_FK[:, 1:].any()
    assert not fit.factors.targets_TK[:, 1:].any()
    assert not fit.factors.singular_K[1:].any()
    np.testing.assert_allclose(fit.factors.profiles_FT, table_FT, rtol=1e-12)
    assert fit.gap == 1.0
    assert fit.trajectory.positions_SFD.shape[1:] == (shape[0], min(rank, 3))


def test_a_table_of_zeros_has_factors_of_zeros_and_a_curve_that_ends_there() -> None:
    fit = fit_counts(scipy.sparse.csr_array((4, 3)), rank=2, seed=0)
    assert not fit.factors.fragments_FK.any()
    assert not fit.factors.targets_TK.any()
    assert fit.curve[0][1] > 0.1
    assert fit.curve[-1][1] == 0.0
    assert fit.converged


def test_rows_and_columns_of_zeros_are_exactly_zero_vectors() -> None:
    table_FT = planted(2, 30, 20, [5, 4, 3, 2, 1])
    table_FT[[0, 7]], table_FT[:, 3] = 0.0, 0.0
    fit = fit_counts(table_FT, rank=3, seed=0)
    assert not fit.factors.fragments_FK[[0, 7]].any()
    assert not fit.factors.targets_TK[3].any()
    assert np.count_nonzero(fit.factors.fragments_FK.any(axis=1)) == 28


def test_a_fragment_of_which_the_product_says_nothing_is_a_zero_vector() -> None:
    table_FT = np.zeros((16, 12))
    table_FT[:8, :6], table_FT[8:, 6:] = planted(0, 8, 6, [9, 6, 3]), planted(1, 8, 6, [0.3, 0.2, 0.1])
    fit = fit_counts(table_FT, rank=2, seed=0)
    assert fit.factors.fragments_FK[:8].any(axis=1).all()
    assert not fit.factors.fragments_FK[8:].any()
    assert not fit.factors.targets_TK[6:].any()


@pytest.mark.parametrize("magnitude", [1e-120, 1e-6, 1e6, 1e29])
def test_any_magnitude_scales_the_answer(magnitude: float) -> None:
    table_FT = planted(4, 12, 9, [0.9, 0.7, 0.4, 0.1])
    ours, scaled = fit_counts(table_FT, rank=3, seed=0), fit_counts(table_FT * magnitude, rank=3, seed=0)
    np.testing.assert_allclose(scaled.factors.fragments_FK / magnitude, ours.factors.fragments_FK, atol=1e-10)
    np.testing.assert_allclose(scaled.factors.targets_TK, ours.factors.targets_TK, atol=1e-10)


@pytest.mark.parametrize(
    ("table_FT", "rank", "message"),
    [
        (np.ones((2, 2)), 0, "a rank of 0 has no factors"),
        (np.ones((0, 2)), 1, "0 fragments and 2 targets"),
        (np.array([[1.0, np.nan]]), 1, "not finite"),
        (np.array([[1.0, np.inf]]), 1, "not finite"),
        (np.array([[1.0, 1e31]]), 1, "over 1e"),
    ],
)
def test_what_cannot_be_fitted_is_refused(table_FT: Array, rank: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_counts(table_FT, rank=rank, seed=0)


def test_a_network_can_be_the_start() -> None:
    table_FT = planted(5, 12, 9, [9, 7, 4, 1])
    first = fit_counts(table_FT, rank=3, seed=0)
    again = fit_counts(table_FT, rank=3, seed=1, start=FactorNetwork.from_factors(first.factors))
    assert again.curve[0][1] == pytest.approx(first.curve[-1][1], rel=1e-6)  # the network holds float32
    np.testing.assert_allclose(again.factors.fragments_FK, first.factors.fragments_FK, atol=1e-10)
    with pytest.raises(ValueError, match="a start of shape"):
        fit_counts(table_FT[:5], rank=3, seed=1, start=FactorNetwork.from_factors(first.factors))


def test_the_number_of_threads_is_as_before_afterwards() -> None:
    before = torch.get_num_threads()
    fit_counts(np.ones((2, 3)), rank=1, seed=0)
    assert torch.get_num_threads() == before


_DIGESTS = """
import hashlib, numpy as np, scipy.sparse
from trainer.factorization.counts.fit import fit_counts
from trainer.data.seed_table import built_in
rng = np.random.default_rng(0)
sparse = scipy.sparse.random_array((1500, 700), density=0.03, rng=rng, format="csr")
for table, rank in ((built_in().counts_FT(), 3), (rng.normal(size=(300, 200)), 16), (sparse, 5)):
    fit = fit_counts(table, rank=rank, seed=0)
    parts = (fit.factors.fragments_FK, fit.factors.targets_TK, fit.factors.singular_K, fit.trajectory.positions_SFD)
    print(hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest())
"""


@pytest.mark.slow
def test_one_and_two_threads_give_the_same_bits() -> None:
    def digests(threads: int) -> list[str]:
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(names, str(threads))}
        run = subprocess.run([sys.executable, "-c", _DIGESTS], env=environment, capture_output=True, text=True, check=True)
        return run.stdout.split()

    one, two = digests(1), digests(2)
    assert len(one) == 3
    assert one == two
