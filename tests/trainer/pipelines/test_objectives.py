"""What is published of equal data is equal, whatever the seed of the run."""

from dataclasses import replace
from typing import NoReturn

import numpy as np
import pytest
from scipy.stats import spearmanr

from contracts.kinds import ActivityKind, Objective, SimilarityKind
from trainer.data.activity import Activity
from trainer.data.offences import ObjectiveUnsuitable
from trainer.data.seed_table import built_in
from trainer.jobs.diagnosis import diagnose
from trainer.pipelines.objectives import activity, counts
from trainer.pipelines.objectives.fitted import Fit, Fitted
from trainer.runs.spec import FactorsSpec
from trainer.similarity.cosines import percents_FF, vectors_FK

FITS: dict[Objective, Fit] = {Objective.COUNTS: counts.fit, Objective.ACTIVITY: activity.fit}


def no_spark() -> NoReturn:
    raise AssertionError("neither objective needs Spark here")


def fitted(seed: int, facts: Activity | None = None, **members: str) -> Fitted:
    spec = FactorsSpec.model_validate({"kind": "factors", "rank": 3, "seed": seed, **members})
    fit = FITS[spec.fitted_objective]
    return fit(spec, facts or built_in(), device="cpu", on_step=lambda _step, _loss: None, spark=no_spark)


@pytest.mark.parametrize("objective", ["counts", "activity"])
def test_refits_with_other_seeds_put_pairs_into_the_same_order(objective: str) -> None:
    pairs = np.triu_indices(5, k=1)
    orders = []
    for seed in (0, 1, 2):
        factors = fitted(seed, objective=objective).factors
        orders.append(percents_FF(vectors_FK(factors, SimilarityKind.FUNCTION))[pairs])
    assert min(spearmanr(orders[0], other).statistic for other in orders[1:]) >= 0.999


def test_a_judged_run_publishes_what_an_unjudged_one_does() -> None:
    plain, judged = fitted(0, objective="activity"), fitted(5, objective="activity", holdout="random")
    np.testing.assert_array_equal(plain.factors.fragments_FK, judged.factors.fragments_FK)
    assert {"rmse", "rmse_target_mean", "coverage_90"} <= set(judged.metrics)  # ten cells may have no AUC


def test_an_engine_that_looks_at_stated_cells_alone_is_refused_positives() -> None:
    positives = replace(built_in(), kind=ActivityKind.POSITIVES)
    assert fitted(0, positives, objective="counts").metrics["converged"] == 1
    with pytest.raises(ObjectiveUnsuitable, match="take `engine` torch"):
        fitted(0, positives, engine="spark-als")


def test_an_objective_that_says_nothing_of_such_data_is_refused() -> None:
    facts = built_in()
    odd = replace(facts, kind=ActivityKind.REAL, cells=facts.cells.slice(0, 0))
    with pytest.raises(ObjectiveUnsuitable, match="No cell was measured"):
        fitted(0, odd, objective="activity")
    assert diagnose(ObjectiveUnsuitable("x")).slug == "objective-misfit"
