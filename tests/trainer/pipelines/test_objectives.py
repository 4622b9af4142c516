"""What is published of equal data is equal, whatever the seed of the run."""

from typing import NoReturn

import numpy as np
import pytest
from scipy.stats import spearmanr

from trainer.data.seed_table import built_in
from trainer.pipelines import objectives
from trainer.pipelines.objectives import Found
from trainer.runs.spec import FactorsSpec


def fitted(seed: int, **asked: str) -> Found:
    def no_spark() -> NoReturn:
        raise AssertionError("neither objective needs Spark here")

    spec = FactorsSpec.model_validate({"kind": "factors", "rank": 3, "seed": seed, **asked})
    return objectives.fit(spec, built_in(), device="cpu", on_step=lambda _step, _loss: None, spark=no_spark)


@pytest.mark.parametrize("objective", ["counts", "activity"])
def test_refits_with_other_seeds_put_pairs_into_the_same_order(objective: str) -> None:
    pairs = np.triu_indices(5, k=1)
    orders = []
    for seed in (0, 1, 2):
        found = fitted(seed, objective=objective)
        rows_FD = found.factors.fragments_FK if found.directions is None else found.directions.joined_FD
        unit_FD = rows_FD / np.linalg.norm(rows_FD, axis=1, keepdims=True)
        orders.append((unit_FD @ unit_FD.T)[pairs])
    assert min(spearmanr(orders[0], other).statistic for other in orders[1:]) >= 0.999


def test_a_judged_run_publishes_what_an_unjudged_one_does() -> None:
    plain, judged = fitted(0, objective="activity"), fitted(5, objective="activity", holdout="random")
    np.testing.assert_array_equal(plain.factors.fragments_FK, judged.factors.fragments_FK)
    assert {"rmse", "coverage_90", "split_half", "interval_agreement"} <= set(judged.metrics)  # ten cells may have no AUC
