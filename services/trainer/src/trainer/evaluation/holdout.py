"""Holdout: how well cells that a fit has not seen are predicted."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse

from contracts.kinds import Holdout
from trainer.evaluation.foretold import Foretold
from trainer.evaluation.metrics import auc, auc_macro, coverage, medians, recall_at, rmse
from trainer.evaluation.model import Facts, Model
from trainer.evaluation.ridge import ridge
from trainer.evaluation.splits import Split, given_split, random_split, scaffold_split
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.posterior import Posterior

__all__ = ["Question", "hold_out", "measure_model", "measure_ranking"]

Floats = npt.NDArray[np.float64]
_TOP: Final = 10
_ROWS: Final = 1024
_WHOLE: Final = 100
_BANDS: Final = (0, 30, 40, 50, 60, 70, 80, _WHOLE)
"""Of similarity to the nearest compound, in percent."""
_BAND_CELLS: Final = 100


@dataclass(frozen=True, eq=False)
class Question:
    """What there is to predict and from what."""

    cells: Cells
    membership_CF: scipy.sparse.csr_array
    structure_CD: scipy.sparse.csr_array | None
    """Unit rows of whole molecules, by which positives are ranked; None where there are none."""
    scaffolds_C: list[str]
    binary: bool
    positives: bool = False
    """Only what acts is stated, so that targets are ranked for compounds instead of values being predicted."""
    later_N: npt.NDArray[np.bool_] | None = None
    """Which cells the files of the `time` holdout state."""


def hold_out(question: Question, holdout: Holdout, *, seed: int) -> Split:
    """The cells of each part; `ValueError` where one would be empty."""
    cells = question.cells
    if holdout is Holdout.SCAFFOLD:
        if not any(question.scaffolds_C):
            raise ValueError("no compound has a scaffold, so that none can be held out: take the holdout random")
        split = scaffold_split(question.scaffolds_C, cells.compound, seed=seed)
    elif holdout is Holdout.TIME:
        later_N = np.zeros(len(cells), dtype=np.bool_) if question.later_N is None else question.later_N
        split = given_split(np.where(later_N, 2, 0))
    else:
        split = random_split(len(cells), seed=seed)
    if not len(split.train) or not len(split.test):
        raise ValueError(f"{len(cells)} cells are too few to hold some of them out")
    return split


def measure_ranking(question: Question, holdout: Holdout, fit: Callable[[Cells], Posterior], *, seed: int) -> dict[str, float]:
    """Where only what acts is stated: fit the training cells, rank the targets of compounds with held-out ones, and compare.

    Returns `recall_at_10`, `train_cells`, `test_cells`, `seconds` and `cpu_seconds`.
    """
    split = hold_out(question, holdout, seed=seed)
    train, test = question.cells.at(split.train), question.cells.at(split.test)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    found = {f"recall_at_{_TOP}": _recall(fit(train), question.structure_CD, train, test)}
    return found | _told(train, test, wall_s, cpu_s)


def _told(train: Cells, test: Cells, wall_s: float, cpu_s: float) -> dict[str, float]:
    return {
        "train_cells": float(len(train)),
        "test_cells": float(len(test)),
        "seconds": time.perf_counter() - wall_s,
        "cpu_seconds": time.process_time() - cpu_s,
    }


def measure_model(question: Question, holdout: Holdout, facts: Facts, *, seed: int, device: str) -> dict[str, float]:
    """Learn a model from the training cells, ask its file for the held-out ones as the API does, and compare.

    Compounds that have cells in the training part are known to the file, and completed by these. Bounds of compounds that a
    holdout by scaffold or time keeps are kept as well.

    Returns `rmse`, `rmse_target_mean` (of predicting each target's mean), `rmse_ridge` (ridge regression on ECFP4, a target at
    a time) and `coverage_90` for real values, with the coverage by similarity to the nearest compound that the target was
    learned from, in percent, where 100 cells and more lie in the band; `auc_macro` and `auc_micro` (for real values of lying
    above the median of the target's held-out cells); what each was measured by. What cannot be told from the held-out cells,
    such as an AUC where no target has both classes, is left out.
    """
    split = hold_out(question, holdout, seed=seed)
    train, test = question.cells.at(split.train), question.cells.at(split.test)
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    if holdout is not Holdout.RANDOM:
        facts = facts.without(np.unique(question.cells.compound[np.concatenate([split.validation, split.test])]))
    model = Model.learned(facts, train, device=device)
    said = model.foretells(test)
    metrics = _told(train, test, wall_s, cpu_s) | _scores(question, train, test, said)
    if not question.binary:
        metrics |= _by_similarity(said, test)
        if facts.kernel.molecules is not None:
            metrics["rmse_ridge"] = rmse(ridge(facts.kernel.molecules.counts[0], train, test), test.value)
    return {name: value for name, value in metrics.items() if np.isfinite(value)}


def _by_similarity(said: Foretold, test: Cells) -> dict[str, float]:
    """`coverage_90_similarity_L_H` of each band from L to H percent."""
    found = {}
    for low, high in pairwise(_BANDS):
        inside = (said.similarity_N >= low / 100) & (said.similarity_N < (high / 100 if high < _WHOLE else np.inf))
        if inside.sum() >= _BAND_CELLS:
            held = said.at(inside)
            found[f"coverage_90_similarity_{low}_{high}"] = coverage(held.low_N, held.high_N, test.value[inside])
    return found


def _scores(question: Question, train: Cells, test: Cells, found: Foretold) -> dict[str, float]:
    if question.binary:
        active_N = test.value > 0
        return {
            "auc_macro": auc_macro(found.prediction_N, active_N, test.target),
            "auc_micro": auc(found.prediction_N, active_N),
        }
    threshold_N = medians(test.value, test.target, test.targets)[test.target]
    active_N = test.value > threshold_N
    return {
        "rmse": rmse(found.prediction_N, test.value),
        "rmse_target_mean": rmse(_target_means(train)[test.target], test.value),
        "coverage_90": coverage(found.low_N, found.high_N, test.value),
        "auc_macro": auc_macro(found.prediction_N, active_N, test.target),
        "auc_micro": auc(found.prediction_N - threshold_N, active_N),
    }


def _recall(posterior: Posterior, features_CD: scipy.sparse.csr_array | None, train: Cells, test: Cells) -> float:
    """The mean over the compounds with held-out cells; what they were trained on is no candidate."""
    asked = np.unique(test.compound)
    total = 0.0
    for compounds in np.split(asked, range(_ROWS, len(asked), _ROWS)):
        known, held = (_among(cells, compounds) for cells in (train, test))
        total += recall_at(posterior.scores_MT(compounds, features_CD), known, held, top=_TOP) * len(compounds)
    return total / len(asked)


def _among(cells: Cells, compounds: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Places and targets of the cells of these compounds."""
    chosen = np.isin(cells.compound, compounds)
    return np.searchsorted(compounds, cells.compound[chosen]), cells.target[chosen]


def _target_means(cells: Cells) -> Floats:
    """The mean of each target's cells, shrunk by two cells at the mean of all."""
    centre = float(cells.value.mean())
    count_T = np.bincount(cells.target, minlength=cells.targets)
    means_T: Floats = centre + np.bincount(cells.target, cells.value - centre, minlength=cells.targets) / (count_T + 2)
    return means_T
