"""What is published of a posterior says what its draws say, in any gauge."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.factorization.activity.posterior import Draws
from trainer.factorization.activity.summary import Directions, mean_factors
from trainer.similarity import directions_FK

FIRST, SECOND = (index.ravel().astype(np.int32) for index in np.indices((6, 6)))


def draws(seed: int, *, F: int = 6, T: int = 9, K: int = 3, S: int = 8, G_KK: np.ndarray | None = None) -> Draws:
    generator = np.random.default_rng(seed)
    # Wider than in a fit, so that only the summary rounds.
    P_SFK: Any = generator.standard_normal((S, F, K + 1))
    Q_STK: Any = generator.standard_normal((S, T, K + 1))
    if G_KK is not None:
        P_SFK[:, :, :-1] = P_SFK[:, :, :-1] @ G_KK
        Q_STK[:, :, :-1] = Q_STK[:, :, :-1] @ np.linalg.inv(G_KK).T
    empty = np.zeros((S, 0, K + 1))
    return Draws(
        U_SCK=empty.astype(np.float16),
        mean_SCK=empty.astype(np.float16),
        P_SFK=P_SFK,
        Q_STK=Q_STK,
        residual_SKK=np.ones((S, K + 1, K + 1)),
        fragments_SKK=np.ones((S, K + 1, K + 1)),
        noise_ST=np.ones((S, T)),
        slope_S=np.ones(S),
    )


def cosines(found: Draws) -> np.ndarray:
    """Of predicted profiles, S x F x F."""
    profiles = found.P_SFK[:, :, :-1] @ np.swapaxes(found.Q_STK[:, :, :-1], 1, 2)
    unit = profiles / np.linalg.norm(profiles, axis=2, keepdims=True)
    products: np.ndarray = unit @ np.swapaxes(unit, 1, 2)
    return products


def test_products_are_the_mean_cosine_of_predicted_profiles_and_the_interval_holds_nine_of_ten() -> None:
    posterior = draws(0, S=400)
    directions = Directions.of(posterior)
    percents = 100 * cosines(posterior)
    np.testing.assert_allclose(100 * directions.joined_FD @ directions.joined_FD.T, percents.mean(0), atol=0.05)
    low, high = directions.interval(FIRST, SECOND)
    inside = (low <= percents[:, FIRST, SECOND]) & (percents[:, FIRST, SECOND] <= high)
    np.testing.assert_allclose(inside.mean(0)[FIRST != SECOND], 0.9, atol=0.02)


@given(st.integers(0, 10_000))
def test_no_change_of_gauge_changes_what_is_published(seed: int) -> None:
    generator = np.random.default_rng(seed + 1)
    turns = (np.linalg.qr(generator.standard_normal((3, 3)))[0] for _ in range(2))
    G_KK = next(turns) * generator.uniform(0.05, 20.0, size=3) @ next(turns)
    before, after = (Directions.of(draws(seed, G_KK=G)).joined_FD for G in (None, G_KK))
    np.testing.assert_allclose(after @ after.T, before @ before.T, atol=1e-5)
    first, second = (mean_factors(draws(seed, G_KK=G), rank=3) for G in (None, G_KK))
    np.testing.assert_allclose(second.profiles_FT, first.profiles_FT, atol=1e-9)
    for rows in ("fragments_FK", "balanced_fragments_FK"):
        unit_FK, other_FK = (directions_FK(getattr(found, rows)) for found in (first, second))
        np.testing.assert_allclose(other_FK @ other_FK.T, unit_FK @ unit_FK.T, atol=1e-5)


def test_a_fragment_that_does_nothing_points_nowhere() -> None:
    posterior = draws(0)
    posterior.P_SFK[:, 2] = 0.0
    directions = Directions.of(posterior)
    assert not directions.unit_SFK[:, 2].any()
    assert not np.concatenate(directions.interval(np.full(6, 2, np.int32), np.arange(6, dtype=np.int32))).any()


def test_stored_rows_hold_all_draws_of_a_fragment_one_after_the_other() -> None:
    directions = Directions.of(draws(0))
    stored = directions.stored_FD()
    assert (stored.dtype, stored.shape) == (np.dtype("<f2"), (6, 24))
    np.testing.assert_array_equal(stored.reshape(6, 8, 3)[4, 5].astype(np.float32), directions.unit_SFK[5, 4])


@pytest.mark.parametrize("rank", [1, 3, 12])
def test_mean_factors_are_the_best_of_their_rank_for_the_mean_profile(rank: int) -> None:
    posterior = draws(0)
    mean = (posterior.P_SFK[:, :, :-1] @ np.swapaxes(posterior.Q_STK[:, :, :-1], 1, 2)).mean(0)
    U, S, Vt = np.linalg.svd(mean, full_matrices=False)
    best = (U[:, :rank] * S[:rank]) @ Vt[:rank]
    found = mean_factors(posterior, rank=rank)
    assert found.fragments_FK.shape == (6, rank)
    np.testing.assert_allclose(found.profiles_FT, best, atol=1e-6)
