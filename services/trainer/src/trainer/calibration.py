"""Calibration: how much wider an interval must be than a posterior says, for compounds unlike those it has learned from.

A posterior takes new compounds for draws like the known ones. Those of a new scaffold are not: their intervals would hold fewer
measurements than they state.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse

from trainer.evaluation.splits import scaffold_split
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.predictor import QUANTILE, Predictor

__all__ = ["widening"]

_CELLS: Final = 200
"""Held-out cells below which nothing is told: the factor would be known to no better than a tenth."""
_HELD: Final = 0.9
_SEED: Final = 1
"""Of the scaffolds left out: the same whatever the seed of a run, and others than a holdout with the usual seed 0."""


def widening(
    cells: Cells, membership_CF: scipy.sparse.csr_array, scaffolds_C: list[str], fit: Callable[[Cells], Posterior]
) -> float:
    """The factor by which intervals of measurements must be widened to hold nine of ten of those on new scaffolds.

    A tenth of the cells, those of whole Murcko scaffolds, is kept from `fit`, whose posterior then predicts them from their
    fragments alone. 1 where fewer than 200 cells would be held out, such as for data without structures.
    """
    split = scaffold_split(scaffolds_C, cells.compound, seed=_SEED)
    if len(split.test) < _CELLS:
        return 1.0
    known = cells.at(np.concatenate([split.train, split.validation]))
    held = cells.at(split.test)
    deviations_N = np.abs(_standardised(fit(known), held, membership_CF))
    return float(np.quantile(deviations_N, _HELD)) / QUANTILE


def _standardised(posterior: Posterior, cells: Cells, membership_CF: scipy.sparse.csr_array) -> npt.NDArray[np.float64]:
    """How far each value lies from what fragments predict, in the standard deviations that the predictor states."""
    draws, total_N, squares_N = posterior.draws, np.zeros(len(cells)), np.zeros(len(cells))
    for P_FK, Q_TK in zip(draws.P_SFK, draws.Q_STK, strict=True):
        made_NK = (membership_CF @ P_FK.astype(np.float64))[cells.compound]
        Q_NK = Q_TK[cells.target].astype(np.float64)
        expected_N = np.einsum("nk,nk->n", made_NK[:, :-1], Q_NK[:, :-1]) + made_NK[:, -1] + Q_NK[:, -1]
        total_N += expected_N / len(draws)
        squares_N += expected_N**2 / len(draws)
    variance_T = Predictor.from_posterior(posterior).variance_T.double().numpy()
    variance_N = variance_T[cells.target] + np.maximum(squares_N - total_N**2, 0.0)
    deviations_N: npt.NDArray[np.float64] = (cells.value - posterior.centre - total_N) / np.sqrt(variance_N)
    return deviations_N
