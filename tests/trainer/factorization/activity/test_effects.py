"""Effects of fragments are a heavy ridge regression of compounds' factors, as uncertain as compounds are unlike each other."""

from typing import Any

import numpy as np
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from trainer.factorization.activity.effects import Effects
from trainer.factorization.activity.posterior import Draws

C, F, T, K, S = 60, 7, 9, 3, 5
MEMBERSHIP = scipy.sparse.csr_array((np.random.default_rng(9).random((C, F)) < 0.3).astype(np.float64))


def draws(seed: int, *, S: int = S, G_KK: np.ndarray | None = None) -> Draws:
    generator = np.random.default_rng(seed)
    # Wider than in a fit, so that a change of gauge does not round.
    mean_SCK: Any = np.repeat(generator.standard_normal((1, C, K + 1)), S, axis=0)
    U_SCK: Any = mean_SCK + 0.1 * generator.standard_normal((S, C, K + 1))
    Q_STK: Any = np.repeat(generator.standard_normal((1, T, K + 1)), S, axis=0)
    if G_KK is not None:
        for side_SCK in (mean_SCK, U_SCK):
            side_SCK[:, :, :-1] = side_SCK[:, :, :-1] @ G_KK
        Q_STK[:, :, :-1] = Q_STK[:, :, :-1] @ np.linalg.inv(G_KK).T
    return Draws(
        U_SCK=U_SCK,
        mean_SCK=mean_SCK,
        P_SFK=np.zeros((S, F, K + 1), np.float16),
        Q_STK=Q_STK,
        residual_SKK=np.ones((S, K + 1, K + 1)),
        fragments_SKK=np.ones((S, K + 1, K + 1)),
        noise_ST=np.ones((S, T)),
        slope_S=np.ones(S),
    )


def test_their_mean_is_the_ridge_regression_of_measured_compounds_with_a_prior_that_grows_slowly() -> None:
    known = np.arange(0, C, 2)
    found = Effects.of(draws(0), MEMBERSHIP, np.repeat(known, 3))
    A = MEMBERSHIP.toarray()[known]
    wanted = np.linalg.solve(A.T @ A + 3 * 30**0.5 * np.eye(F), A.T @ draws(0).mean_SCK[0][known])
    np.testing.assert_allclose(found.mean_SFK[0], wanted, atol=1e-6)
    np.testing.assert_array_equal(found.Q_STK[:, :, -1], 1.0)


def test_they_vary_as_the_ridge_regression_of_such_compounds_does() -> None:
    found = Effects.of(draws(0, S=4000), MEMBERSHIP, np.arange(C))
    A, U = MEMBERSHIP.toarray(), draws(0).mean_SCK[0].astype(np.float64)
    prior = 3 * C**0.5
    inverse = np.linalg.inv(A.T @ A + prior * np.eye(F))
    left = U - A @ inverse @ A.T @ U
    # Variance of column 0: that of the draws of U, of the wild bootstrap of the residuals, and of the prior.
    of_compounds = inverse @ A.T @ np.diag(0.01 + left[:, 0] ** 2) @ A @ inverse
    of_prior = prior * np.mean(left[:, 0] ** 2) * inverse @ inverse
    wanted = np.sqrt(np.diag(of_compounds + of_prior))
    np.testing.assert_allclose((found.P_SFK - found.mean_SFK)[:, :, 0].std(0), wanted, rtol=0.1)
    np.testing.assert_allclose((found.P_SFK - found.mean_SFK).mean(0), 0.0, atol=0.01)


@given(st.integers(0, 10_000))
def test_no_change_of_the_draws_gauge_changes_what_they_say_of_targets(seed: int) -> None:
    generator = np.random.default_rng(seed + 1)
    turns = (np.linalg.qr(generator.standard_normal((3, 3)))[0] for _ in range(2))
    G_KK = next(turns) * generator.uniform(0.2, 5.0, size=3) @ next(turns)
    before, after = (Effects.of(draws(seed, G_KK=G), MEMBERSHIP, np.arange(C)) for G in (None, G_KK))
    for rows in ("P_SFK", "mean_SFK"):
        products = [getattr(each, rows) @ np.swapaxes(each.Q_STK, 1, 2) for each in (before, after)]
        np.testing.assert_allclose(products[1], products[0], atol=1e-5 * np.abs(products[0]).max())


def test_a_fragment_in_no_measured_compound_does_nothing_known_and_may_do_anything() -> None:
    known = np.flatnonzero(MEMBERSHIP.toarray()[:, 3] == 0)
    found = Effects.of(draws(0), MEMBERSHIP, known)
    assert not found.mean_SFK[:, 3].any()
    assert (found.P_SFK[:, 3].std(0) > 0).all()


def test_one_compound_is_enough() -> None:
    found = Effects.of(draws(0), MEMBERSHIP, np.array([4, 4]))
    assert np.isfinite(found.P_SFK).all()
