"""Calibration: how much wider an interval must be than a posterior says, for compounds unlike those it has learned from.

A posterior takes new compounds for draws like the known ones. Those of a new scaffold are not: their intervals would hold fewer
measurements, and chances, than they state.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse
from scipy.optimize import minimize_scalar
from scipy.special import log_ndtr

from trainer.evaluation.splits import scaffold_split
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.predictor import QUANTILE, Predictor

__all__ = ["widening"]

_CELLS: Final = 200
"""Held-out values below which nothing is told: the factor would be known to no better than a tenth."""
_CALLS: Final = 1000
"""The same for calls of active and inactive, each of which says less."""
_HELD: Final = 0.9
_SEED: Final = 1
"""Of the scaffolds left out: the same whatever the seed of a run, and others than a holdout with the usual seed 0."""
_FACTORS: Final = (0.25, 4.0)
_Floats = npt.NDArray[np.float64]


def widening(
    cells: Cells,
    membership_CF: scipy.sparse.csr_array,
    scaffolds_C: list[str],
    fit: Callable[[Cells], Posterior],
    *,
    binary: bool = False,
) -> float:
    """The factor by which intervals must be widened to be right for compounds on new scaffolds.

    A tenth of the cells, those of whole Murcko scaffolds, is kept from `fit`, whose posterior then predicts them from their
    fragments alone. Of values, intervals so widened hold nine of ten. A call lies in no interval: of those, the factor is the
    one with which what is not known makes the calls that were kept most likely. 1 where fewer than 200 values or 1,000 calls
    would be kept, such as for data without structures.
    """
    split = scaffold_split(scaffolds_C, cells.compound, seed=_SEED)
    if len(split.test) < (_CALLS if binary else _CELLS):
        return 1.0
    posterior = fit(cells.at(np.concatenate([split.train, split.validation])))
    held = cells.at(split.test)
    expected_N, variance_N = _foretold(posterior, held, membership_CF)
    if binary:
        return _likeliest(np.where(held.value > 0, expected_N, -expected_N), variance_N)
    deviations_N = np.abs(held.value - expected_N) / np.sqrt(variance_N)
    return float(np.quantile(deviations_N, _HELD)) / QUANTILE


def _likeliest(signed_N: _Floats, variance_N: _Floats) -> float:
    """The factor of standard deviations with which calls are likeliest; `signed_N` are probits of what was called."""

    def surprise(factor: float) -> float:
        return -float(log_ndtr(signed_N / np.sqrt(1 + factor**2 * variance_N)).sum())

    return float(minimize_scalar(surprise, bounds=_FACTORS, method="bounded").x)


def _foretold(posterior: Posterior, cells: Cells, membership_CF: scipy.sparse.csr_array) -> tuple[_Floats, _Floats]:
    """What fragments predict of each cell, and the variance of it that the predictor states."""
    draws, total_N, squares_N = posterior.draws, np.zeros(len(cells)), np.zeros(len(cells))
    for P_FK, Q_TK in zip(draws.P_SFK, draws.Q_STK, strict=True):
        made_NK = (membership_CF @ P_FK.astype(np.float64))[cells.compound]
        Q_NK = Q_TK[cells.target].astype(np.float64)
        expected_N = np.einsum("nk,nk->n", made_NK[:, :-1], Q_NK[:, :-1]) + made_NK[:, -1] + Q_NK[:, -1]
        total_N += expected_N / len(draws)
        squares_N += expected_N**2 / len(draws)
    variance_T = Predictor.from_posterior(posterior).variance_T.double().numpy()
    variance_N: _Floats = variance_T[cells.target] + np.maximum(squares_N - total_N**2, 0.0)
    return posterior.centre + total_N, variance_N
