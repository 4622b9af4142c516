"""Held-out cells judge a model, or a ranking, that has not seen them."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from contracts.kinds import Holdout
from trainer.evaluation.holdout import Question, hold_out, measure_model, measure_ranking
from trainer.evaluation.model import Facts
from trainer.factorization.activity.background import Background
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.fit import Options, fit_activity
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.gaussian.bounds import Bounds
from trainer.factorization.gaussian.kernel import Kernel
from trainer.factorization.gaussian.model import Named

OPTIONS = Options(rank=3, burn=20, draws=20)
QUALITY = {"rmse", "rmse_target_mean", "coverage_90", "auc_macro", "auc_micro"}
TOLD = {"train_cells", "test_cells", "seconds", "cpu_seconds"}


def question(*, binary: bool = False) -> Question:
    """Compounds of 15 fragments in 20 scaffolds that follow the model."""
    generator = np.random.default_rng(0)
    membership = (generator.random((120, 15)) < 0.25) * 1.0
    truth = 6.0 + membership @ generator.standard_normal((15, 2)) @ generator.standard_normal((2, 12))
    compound, target = np.nonzero(generator.random(truth.shape) < 0.5)
    value = truth[compound, target] + 0.2 * generator.standard_normal(len(compound))
    if binary:
        value = np.where(value > 6.0, 1.0, 0.0)
    return Question(
        cells=Cells.of(compound, target, value, compounds=120, targets=12),
        membership_CF=scipy.sparse.csr_array(membership),
        structure_CD=None,
        scaffolds_C=[f"scaffold {number % 20}" for number in range(120)],
        binary=binary,
    )


def facts_of(asked: Question, bounds: Bounds | None = None) -> Facts:
    """Without structures: fragments have all of the kernel."""
    named = Named(
        compounds=[f"C{number}" for number in range(120)],
        smiles=[None] * 120,
        fragments=[f"F{number}" for number in range(15)],
        targets=[f"T{number}" for number in range(12)],
        titles=[None] * 12,
    )
    return Facts(Kernel.of(asked.membership_CF, None), named, asked.scaffolds_C, asked.binary, bounds or Bounds.none())


@pytest.mark.parametrize("holdout", [Holdout.RANDOM, Holdout.SCAFFOLD])
def test_a_model_that_holds_predicts_better_than_target_means(holdout: Holdout) -> None:
    asked = question()
    found = measure_model(asked, holdout, facts_of(asked), seed=0, device="cpu")
    assert set(found) >= QUALITY | TOLD
    assert found["rmse"] < 0.6 * found["rmse_target_mean"]
    assert min(found["auc_macro"], found["auc_micro"]) > 0.8
    assert 0.7 < found["coverage_90"] <= 1.0


def test_binary_data_are_judged_by_the_order_of_chances() -> None:
    asked = question(binary=True)
    found = measure_model(asked, Holdout.RANDOM, facts_of(asked), seed=0, device="cpu")
    assert found["auc_macro"] > 0.75
    assert "rmse" not in found


def test_held_out_cells_do_not_reach_the_model() -> None:
    asked = question()
    split = hold_out(asked, Holdout.SCAFFOLD, seed=1)
    other = asked.cells.value.copy()
    other[np.concatenate([split.validation, split.test])] = -100.0
    first, second = (
        measure_model(
            replace(asked, cells=replace(asked.cells, value=value)), Holdout.SCAFFOLD, facts_of(asked), seed=1, device="cpu"
        )
        for value in (asked.cells.value, other)
    )
    assert first["test_cells"] == len(split.test)
    assert second["rmse"] == pytest.approx(
        float(np.sqrt(np.mean((asked.cells.value[split.test] - other[split.test]) ** 2))), rel=0.2
    )
    scaffolds = np.array(asked.scaffolds_C)
    train, test = (scaffolds[asked.cells.compound[part]] for part in (split.train, split.test))
    assert not set(train) & set(test)


def test_bounds_of_held_out_scaffolds_do_not_reach_the_model() -> None:
    asked = question()
    split = hold_out(asked, Holdout.SCAFFOLD, seed=0)
    cells = asked.cells.at(split.test)
    unmeasured = np.setdiff1d(np.arange(120 * 12), asked.cells.compound * 12 + asked.cells.target)
    compound, target = np.divmod(unmeasured, 12)
    told = np.isin(compound, cells.compound)
    bounds = Bounds.of(compound[told], target[told], np.full(told.sum(), 30.0), np.ones(told.sum(), dtype=bool), asked.cells)
    assert len(bounds)
    plain, given = (
        measure_model(asked, Holdout.SCAFFOLD, facts_of(asked, each), seed=0, device="cpu") for each in (None, bounds)
    )
    assert given["rmse"] == plain["rmse"]


def test_the_cells_of_later_files_judge_the_model_of_all_others() -> None:
    asked = question()
    later_N = asked.cells.compound >= 100
    found = measure_model(replace(asked, later_N=later_N), Holdout.TIME, facts_of(asked), seed=0, device="cpu")
    assert found["test_cells"] == later_N.sum()
    assert found["rmse"] < 0.6 * found["rmse_target_mean"]
    with pytest.raises(ValueError, match="too few"):
        measure_model(asked, Holdout.TIME, facts_of(asked), seed=0, device="cpu")


def test_where_only_what_acts_is_stated_targets_are_ranked() -> None:
    asked = question()
    acting = asked.cells.at(np.flatnonzero(asked.cells.value > 7.0))
    positives = replace(asked, cells=replace(acting, value=np.ones(len(acting))), positives=True)
    seen: list[Cells] = []

    def fit(cells: Cells) -> Posterior:
        seen.append(cells)
        return fit_activity(cells, asked.membership_CF, binary=False, background=Background(), options=OPTIONS)

    found = measure_ranking(positives, Holdout.RANDOM, fit, seed=0)
    assert set(found) == {"recall_at_10"} | TOLD
    assert 0.9 < found["recall_at_10"] <= 1.0  # of twelve targets
    np.testing.assert_array_equal(seen[0].compound, positives.cells.compound[hold_out(positives, Holdout.RANDOM, seed=0).train])


def test_too_few_cells_are_told() -> None:
    asked = question()
    few = replace(asked, cells=asked.cells.at(np.arange(4)))
    with pytest.raises(ValueError, match="4 cells are too few"):
        hold_out(few, Holdout.RANDOM, seed=0)
    with pytest.raises(ValueError, match="too few"):
        hold_out(replace(asked, scaffolds_C=["one"] * 120), Holdout.SCAFFOLD, seed=0)
    with pytest.raises(ValueError, match="take the holdout random"):
        hold_out(replace(asked, scaffolds_C=[""] * 120), Holdout.SCAFFOLD, seed=0)
