"""Trees as arrays, beside the library that taught them."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from replacement.features import DIRECTIONS, FEATURES
from replacement.trees import Trees
from trainer.replacements.prior import BOOSTING, LEAST_PAIRS, SUMS, fit_prior

TREES = 20


@pytest.fixture(scope="module")
def taught() -> tuple[Trees, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    features_ND = random.normal(size=(600, len(FEATURES))).astype(np.float32)
    change_N = np.abs(features_ND[:, 0]) + features_ND[:, 1] + random.normal(0, 0.1, 600)
    count_N = random.integers(1, 9, 600)
    models = [
        HistGradientBoostingRegressor(max_iter=TREES, random_state=seed, **BOOSTING).fit(
            features_ND, change_N, sample_weight=count_N / (count_N + 3)
        )
        for seed in range(SUMS)
    ]
    asked_MD = np.concatenate([features_ND, random.normal(0, 3, (500, len(FEATURES))).astype(np.float32)])
    wanted_M = np.mean([model.predict(asked_MD) for model in models], axis=0)
    return fit_prior(features_ND, change_N, count_N, trees=TREES), asked_MD, wanted_M


@pytest.mark.slow
def test_they_say_what_the_library_says(taught: tuple[Trees, np.ndarray, np.ndarray]) -> None:
    trees, asked_MD, wanted_M = taught
    np.testing.assert_allclose(trees(asked_MD), wanted_M, atol=1e-12)


def test_a_file_keeps_them(taught: tuple[Trees, np.ndarray, np.ndarray]) -> None:
    trees, asked_MD, _ = taught
    np.testing.assert_array_equal(Trees.of(trees.arrays())(asked_MD), trees(asked_MD))


def test_what_differs_more_is_not_expected_to_change_less(taught: tuple[Trees, np.ndarray, np.ndarray]) -> None:
    trees, asked_MD, _ = taught
    for feature in np.flatnonzero(DIRECTIONS).tolist():
        more_MD = asked_MD.copy()
        more_MD[:, feature] += 1.0
        assert ((trees(more_MD) - trees(asked_MD)) * DIRECTIONS[feature] >= -1e-12).all()


def test_too_few_pairs_teach_their_mean_alone() -> None:
    few = LEAST_PAIRS - 1
    change_N = np.linspace(0.1, 1.0, few)
    trees = fit_prior(np.zeros((few, len(FEATURES)), np.float32), change_N, np.full(few, 2))
    np.testing.assert_allclose(trees(np.ones((3, len(FEATURES)), np.float32)), change_N.mean())
