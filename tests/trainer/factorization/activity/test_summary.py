"""What is published of effects says what they say, in any gauge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trainer.factorization.activity.effects import Effects

from trainer.factorization.activity.summary import Directions, mean_factors
from trainer.similarity.cosines import directions_FK

FIRST, SECOND = (index.ravel().astype(np.int32) for index in np.indices((6, 6)))


def effects(seed: int, *, F: int = 6, T: int = 9, K: int = 3, S: int = 8, G_KK: np.ndarray | None = None) -> Effects:
    """In double precision, wider than in a fit, so that only the summary rounds."""
    generator = np.random.default_rng(seed)
    P_SFK = generator.standard_normal((S, F, K + 1))
    mean_SFK = P_SFK + 0.1 * generator.standard_normal((S, F, K + 1))
    Q_STK = generator.standard_normal((S, T, K + 1))
    Q_STK[:, :, -1] = 1.0
    if G_KK is not None:
        for side_SFK in (P_SFK, mean_SFK):
            side_SFK[:, :, :-1] = side_SFK[:, :, :-1] @ G_KK
        Q_STK[:, :, :-1] = Q_STK[:, :, :-1] @ np.linalg.inv(G_KK).T
    return Effects(P_SFK, mean_SFK, Q_STK)  # type: ignore[arg-type]


def cosines(found: Effects) -> np.ndarray:
    """Of effects on all targets, beside twice their root mean square length that all share; S x F x F."""
    profiles = found.P_SFK @ np.swapaxes(found.Q_STK, 1, 2)
    shared = 4 * np.mean(np.sum(profiles**2, axis=2), axis=1)
    products = profiles @ np.swapaxes(profiles, 1, 2) + shared[:, None, None]
    lengths = np.sqrt(np.diagonal(products, axis1=1, axis2=2))
    found_SFF: np.ndarray = products / (lengths[:, :, None] * lengths[:, None])
    return found_SFF


def test_products_are_the_mean_cosine_of_effects_and_what_all_share_and_the_interval_holds_nine_of_ten() -> None:
    posterior = effects(0, S=400)
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
    before, after = (Directions.of(effects(seed, G_KK=G)).joined_FD for G in (None, G_KK))
    np.testing.assert_allclose(after @ after.T, before @ before.T, atol=1e-5)
    first, second = (mean_factors(effects(seed, G_KK=G), rank=3) for G in (None, G_KK))
    np.testing.assert_allclose(second.profiles_FT, first.profiles_FT, atol=1e-9)
    for rows in ("fragments_FK", "balanced_fragments_FK"):
        unit_FK, other_FK = (directions_FK(getattr(found, rows)) for found in (first, second))
        np.testing.assert_allclose(other_FK @ other_FK.T, unit_FK @ unit_FK.T, atol=1e-5)


def test_fragments_that_do_nothing_are_alike_and_all_point_nowhere_where_none_does_anything() -> None:
    posterior = effects(0)
    posterior.P_SFK[:, 2] = posterior.P_SFK[:, 4] = 0.0
    rows_FD = Directions.of(posterior).joined_FD
    assert rows_FD[2] @ rows_FD[4] == pytest.approx(1.0)
    posterior.P_SFK[:] = 0.0
    nothing = Directions.of(posterior)
    assert not nothing.unit_SFK.any()
    assert not np.concatenate(nothing.interval(FIRST, SECOND)).any()


def test_stored_rows_hold_all_draws_of_a_fragment_one_after_the_other() -> None:
    directions = Directions.of(effects(0))
    stored = directions.stored_FD()
    assert (stored.dtype, stored.shape) == (np.dtype("<f2"), (6, 40))
    np.testing.assert_array_equal(stored.reshape(6, 8, 5)[4, 5].astype(np.float32), directions.unit_SFK[5, 4])


@pytest.mark.parametrize("rank", [1, 3, 12])
def test_mean_factors_are_the_best_of_their_rank_for_the_mean_profile(rank: int) -> None:
    posterior = effects(0)
    mean = (posterior.mean_SFK @ np.swapaxes(posterior.Q_STK, 1, 2)).mean(0)
    U, S, Vt = np.linalg.svd(mean, full_matrices=False)
    best = (U[:, :rank] * S[:rank]) @ Vt[:rank]
    found = mean_factors(posterior, rank=rank)
    assert found.fragments_FK.shape == (6, rank)
    np.testing.assert_allclose(found.profiles_FT, best, atol=1e-6)
