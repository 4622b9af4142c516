"""Holdout: how well cells that a fit has not seen are predicted."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse

from contracts.kinds import Holdout
from trainer.evaluation.metrics import auc_macro, coverage, median_actives, rmse
from trainer.evaluation.splits import Split, random_split, scaffold_split
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.posterior import Posterior, Prediction

__all__ = ["Question", "hold_out", "measure"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Question:
    """What there is to predict and from what."""

    cells: Cells
    membership_CF: scipy.sparse.csr_array
    structure_CD: scipy.sparse.csr_array | None
    """Unit rows of whole molecules for the hidden block; None where there are no structures."""
    scaffolds_C: list[str]
    binary: bool


def hold_out(question: Question, holdout: Holdout, *, seed: int) -> Split:
    """The cells of each part; `ValueError` where one would be empty."""
    cells = question.cells
    if holdout is Holdout.SCAFFOLD:
        split = scaffold_split(question.scaffolds_C, cells.compound, seed=seed)
    else:
        split = random_split(len(cells), seed=seed)
    if not len(split.train) or not len(split.test):
        raise ValueError(f"{len(cells)} cells are too few to hold some of them out")
    return split


def measure(question: Question, holdout: Holdout, fit: Callable[[Cells], Posterior], *, seed: int) -> dict[str, float]:
    """Fit the training cells, predict the held-out ones, and compare. The validation cells are looked at by nobody.

    Returns `rmse`, `rmse_target_mean` (of predicting each target's mean) and `coverage_90` for real values; `auc_macro` (for
    real values of being above the target's median), `test_cells`, `seconds` and `cpu_seconds` for all. What cannot be told from
    the held-out cells, such as an AUC where no target has both classes, is left out.
    """
    split = hold_out(question, holdout, seed=seed)
    train, test = question.cells.at(split.train), question.cells.at(split.test)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    posterior = fit(train)
    expectation = None
    if posterior.structure is not None and question.structure_CD is not None:
        expectation = posterior.structure.expects(question.structure_CD, test, train)
    found = posterior.predict(test, structural=expectation)
    metrics = {**_scores(question, train, test, found), "test_cells": float(len(test))}
    metrics |= {"seconds": time.perf_counter() - wall_s, "cpu_seconds": time.process_time() - cpu_s}
    return {name: value for name, value in metrics.items() if np.isfinite(value)}


def _scores(question: Question, train: Cells, test: Cells, found: Prediction) -> dict[str, float]:
    if question.binary:
        return {"auc_macro": auc_macro(found.mean_N, test.value > 0, test.target)}
    active_N = median_actives(test.value, test.target, test.targets)
    return {
        "rmse": rmse(found.mean_N, test.value),
        "rmse_target_mean": rmse(_target_means(train)[test.target], test.value),
        "coverage_90": coverage(found.low_N, found.high_N, test.value),
        "auc_macro": auc_macro(found.mean_N, active_N, test.target),
    }


def _target_means(cells: Cells) -> Floats:
    """The mean of each target's cells, shrunk by two cells at the mean of all."""
    centre = float(cells.value.mean())
    count_T = np.bincount(cells.target, minlength=cells.targets)
    means_T: Floats = centre + np.bincount(cells.target, cells.value - centre, minlength=cells.targets) / (count_T + 2)
    return means_T
