"""Held-out cells judge a fit that has not seen them."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from contracts.kinds import Holdout
from trainer.evaluation.holdout import Question, hold_out, measure
from trainer.factorization.activity.alike import unit_rows
from trainer.factorization.activity.background import Background
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.fit import Options, fit_activity
from trainer.factorization.activity.posterior import Posterior

OPTIONS = Options(rank=3, burn=20, draws=20)


def question(*, binary: bool = False, structure: bool = True) -> Question:
    """Compounds of 15 fragments in 20 scaffolds that follow the model."""
    generator = np.random.default_rng(0)
    membership = (generator.random((120, 15)) < 0.25) * 1.0
    truth = 6.0 + membership @ generator.standard_normal((15, 2)) @ generator.standard_normal((2, 12))
    compound, target = np.nonzero(generator.random(truth.shape) < 0.5)
    value = truth[compound, target] + 0.2 * generator.standard_normal(len(compound))
    if binary:
        value = np.where(value > 6.0, 1.0, 0.0)
    membership_CF = scipy.sparse.csr_array(membership)
    return Question(
        cells=Cells.of(compound, target, value, compounds=120, targets=12),
        membership_CF=membership_CF,
        structure_CD=unit_rows(membership_CF) if structure else None,
        scaffolds_C=[f"scaffold {number % 20}" for number in range(120)],
        binary=binary,
    )


def fitted(asked: Question, cells: Cells) -> Posterior:
    return fit_activity(cells, asked.membership_CF, binary=asked.binary, structure_CD=asked.structure_CD, options=OPTIONS)


@pytest.mark.parametrize("holdout", [Holdout.RANDOM, Holdout.SCAFFOLD])
@pytest.mark.parametrize("structure", [False, True])
def test_a_model_that_holds_predicts_better_than_target_means(holdout: Holdout, *, structure: bool) -> None:
    asked = question(structure=structure)
    found = measure(asked, holdout, lambda cells: fitted(asked, cells), seed=0)
    quality = {"rmse", "rmse_target_mean", "coverage_90", "auc_macro", "auc_micro"}
    assert set(found) == quality | {"train_cells", "test_cells", "seconds", "cpu_seconds"}
    assert found["rmse"] < 0.5 * found["rmse_target_mean"]
    assert min(found["auc_macro"], found["auc_micro"]) > 0.8
    assert 0.7 < found["coverage_90"] <= 1.0


def test_binary_data_are_judged_by_the_order_of_chances() -> None:
    asked = question(binary=True, structure=False)
    found = measure(asked, Holdout.RANDOM, lambda cells: fitted(asked, cells), seed=0)
    assert found["auc_macro"] > 0.8
    assert "rmse" not in found


def test_the_fit_gets_the_training_cells_alone_and_the_held_out_ones_are_predicted() -> None:
    asked = question(structure=False)
    seen: list[Cells] = []

    def fit(cells: Cells) -> Posterior:
        seen.append(cells)
        return fitted(asked, cells)

    found = measure(asked, Holdout.SCAFFOLD, fit, seed=1)
    split = hold_out(asked, Holdout.SCAFFOLD, seed=1)
    np.testing.assert_array_equal(seen[0].value, asked.cells.value[split.train])
    assert found["test_cells"] == len(split.test)
    scaffolds = np.array(asked.scaffolds_C)
    assert not set(scaffolds[asked.cells.compound[split.test]]) & set(scaffolds[seen[0].compound])


def test_the_cells_of_later_files_judge_the_fit_of_all_others() -> None:
    asked = question(structure=False)
    later_N = asked.cells.compound >= 100
    seen: list[Cells] = []

    def fit(cells: Cells) -> Posterior:
        seen.append(cells)
        return fitted(asked, cells)

    found = measure(replace(asked, later_N=later_N), Holdout.TIME, fit, seed=0)
    assert seen[0].compound.max() < 100
    assert found["test_cells"] == later_N.sum()
    assert found["rmse"] < 0.5 * found["rmse_target_mean"]
    with pytest.raises(ValueError, match="too few"):
        measure(asked, Holdout.TIME, fit, seed=0)


def test_where_only_what_acts_is_stated_targets_are_ranked() -> None:
    asked = question(structure=False)
    acting = asked.cells.at(np.flatnonzero(asked.cells.value > 7.0))
    positives = replace(asked, cells=replace(acting, value=np.ones(len(acting))), positives=True)

    def fit(cells: Cells) -> Posterior:
        return fit_activity(cells, asked.membership_CF, binary=False, background=Background(), options=OPTIONS)

    found = measure(positives, Holdout.RANDOM, fit, seed=0)
    assert set(found) == {"recall_at_10", "train_cells", "test_cells", "seconds", "cpu_seconds"}
    assert 0.9 < found["recall_at_10"] <= 1.0  # of twelve targets


def test_too_few_cells_are_told() -> None:
    asked = question()
    few = replace(asked, cells=asked.cells.at(np.arange(4)))
    with pytest.raises(ValueError, match="4 cells are too few"):
        hold_out(few, Holdout.RANDOM, seed=0)
    with pytest.raises(ValueError, match="too few"):
        hold_out(replace(asked, scaffolds_C=["one"] * 120), Holdout.SCAFFOLD, seed=0)
    with pytest.raises(ValueError, match="take the holdout random"):
        hold_out(replace(asked, scaffolds_C=[""] * 120), Holdout.SCAFFOLD, seed=0)
