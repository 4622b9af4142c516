"""What is published of a posterior says what it says, in any gauge."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.support.posteriors import drawn

from trainer.factorization.activity.summary import mean_factors


@pytest.mark.parametrize("seed", range(3))
def test_no_rotation_of_the_latent_factors_changes_what_is_published(seed: int) -> None:
    draws = drawn(8, fragments=6, targets=9, seed=seed)
    turn_KK = np.eye(4)
    turn_KK[:3, :3] = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    sides: dict[str, Any] = {"P_SFK": draws.P_SFK, "Q_STK": draws.Q_STK}
    turned = replace(draws, **{name: side.astype(np.float64) @ turn_KK for name, side in sides.items()})  # half would round
    first, second = (mean_factors(each, rank=3) for each in (draws, turned))
    np.testing.assert_allclose(second.profiles_FT, first.profiles_FT, atol=1e-9)


@pytest.mark.parametrize("rank", [1, 2, 4, 12])
def test_factors_are_the_best_of_their_rank_for_the_mean_product(rank: int) -> None:
    draws = drawn(8, fragments=6, targets=9)
    Q_STK = draws.Q_STK.astype(np.float64)
    Q_STK[:, :, -1] = 1.0
    mean_FT = np.mean(draws.P_SFK.astype(np.float64) @ np.swapaxes(Q_STK, 1, 2), axis=0)
    found = mean_factors(draws, rank=rank)
    assert found.fragments_FK.shape == (len(mean_FT), rank)
    U, S, Vt = np.linalg.svd(mean_FT, full_matrices=False)
    np.testing.assert_allclose(found.profiles_FT, U[:, :rank] * S[:rank] @ Vt[:rank], atol=1e-9)
