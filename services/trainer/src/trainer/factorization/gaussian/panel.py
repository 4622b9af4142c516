"""The panel: what a compound's measurements on some targets say of its values on others, beyond its structure.

    (value_ct - expected_ct) / spread_t = loadings_t . row_c + noise

`expected` is what the Gaussian process of the target says of the cell without it. Rows are N(0, 1), loadings have a common
mean, so that a target of few cells is completed as targets are on average. Learned by variational Bayes in closed form (Ilin
and Raiko 2010, 3.2), rows and loadings in turn; how far a completion is believed is learned from cells that were left out.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import scipy.sparse

from trainer.factorization.activity.cells import Cells

__all__ = ["LeftOut", "Panel", "fit_panel"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_RANK: Final = 8
_STEPS: Final = 30
_START: Final = 0.3
"""Of loadings: their spread, and the mean of the first."""
_NOISE_CELLS: Final = 20
"""As many cells' worth the usual noise weighs in that of a target."""
_LEFT_OUT: Final = 0.2
"""Of the cells of compounds with several, by which completions are judged."""
_JUDGES: Final = 200
"""Left-out cells below which nothing is completed: whether it helps cannot be told."""
_SLOPE_CELLS: Final = 100
"""As many cells' worth the usual slope weighs in that of a target."""
_SEED: Final = 0x5BD1


@dataclass(frozen=True, eq=False)
class Panel:
    """What was learned of T targets; `residual_N` goes by the cells it was learned from."""

    loadings_TK: Floats
    spread_TKK: Floats
    """Covariance of the loadings."""
    noise_T: Floats
    slope_T: Floats
    """How far a completion is believed, 0 to 1."""
    residual_N: Floats

    @classmethod
    def none(cls, cells: Cells) -> "Panel":
        """Nothing is completed."""
        zero_TK = np.zeros((cells.targets, 1))
        return cls(
            zero_TK, np.zeros((cells.targets, 1, 1)), np.ones(cells.targets), np.zeros(cells.targets), np.zeros(len(cells))
        )


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What completions say of cells that they were not learned from; by position in the cells."""

    position_M: Ints
    completed_M: Floats
    """Of the residual."""
    ratio_M: Floats
    """Of its variance, what is left of it."""


@dataclass(frozen=True, eq=False)
class _Loadings:
    mean_TK: Floats
    spread_TKK: Floats
    noise_T: Floats

    @property
    def squares_TL(self) -> Floats:
        """Expected products of a target's loadings with each other, K x K in a row."""
        squares_TKK = self.mean_TK[:, :, None] * self.mean_TK[:, None, :] + self.spread_TKK
        return squares_TKK.reshape(len(squares_TKK), -1)

    def rows(self, cells: Cells, residual_N: Floats) -> tuple[Floats, Floats]:
        """Mean (C x K) and covariance (C x K x K) of the rows of all compounds."""
        weights_CT, sums_CT = _tables(cells, residual_N, self.noise_T)
        rank = self.mean_TK.shape[1]
        precision_CKK = (weights_CT @ self.squares_TL).reshape(-1, rank, rank) + np.eye(rank)
        spread_CKK = np.linalg.inv(precision_CKK)
        return np.einsum("ckl,cl->ck", spread_CKK, sums_CT @ self.mean_TK), spread_CKK


def fit_panel(cells: Cells, residual_N: Floats) -> tuple[Panel, LeftOut | None]:
    """Learn from what is left of each cell, in spreads of its target; and the cells by which the slopes were learned.

    None of them, and a panel that completes nothing, where too few compounds have several cells.
    """
    several_N = np.bincount(cells.compound, minlength=cells.compounds)[cells.compound] > 1
    left_N = several_N & (np.random.default_rng(_SEED).random(len(cells)) < _LEFT_OUT)
    position_M = np.flatnonzero(left_N)
    if len(position_M) < _JUDGES:
        return Panel.none(cells), None
    kept = np.flatnonzero(~left_N)
    part = _learned(cells.at(kept), residual_N[kept])
    rows_CK, spread_CKK = part.rows(cells.at(kept), residual_N[kept])
    compound_M, target_M = cells.compound[position_M], cells.target[position_M]
    completed_M = np.einsum("mk,mk->m", rows_CK[compound_M], part.mean_TK[target_M])
    slope_T = _slopes(completed_M, residual_N[position_M], target_M, cells.targets)
    slope_M = slope_T[target_M]
    ratio_M = 1.0 - slope_M * (1.0 - _ratios(part, rows_CK, spread_CKK, compound_M, target_M))
    left_out = LeftOut(position_M, completed_M * slope_M, ratio_M)
    whole = _learned(cells, residual_N)
    return Panel(whole.mean_TK, whole.spread_TKK, whole.noise_T, slope_T, residual_N), left_out


def _learned(cells: Cells, residual_N: Floats) -> _Loadings:
    """Thirty rounds; the rows are brought back to unit variance and the loadings to their axes after each, which is quicker."""
    compound, target, targets = cells.compound, cells.target, cells.targets
    random = np.random.default_rng(_SEED)
    centre_K = np.eye(_RANK)[0] * _START
    loadings = _Loadings(
        random.normal(size=(targets, _RANK)) * _START + centre_K,
        np.tile(np.eye(_RANK) * 0.01, (targets, 1, 1)),
        np.full(targets, max(float(np.mean(residual_N**2)), 1e-9)),
    )
    precision = 1.0 / _START**2
    count_T = np.bincount(target, minlength=targets)
    measured_T, measured_C = count_T > 0, np.bincount(compound, minlength=cells.compounds) > 0
    for _ in range(_STEPS):
        rows_CK, spread_CKK = loadings.rows(cells, residual_N)
        squares_CKK = rows_CK[:, :, None] * rows_CK[:, None, :] + spread_CKK
        weights_CT, sums_CT = _tables(cells, residual_N, loadings.noise_T)
        told_TKK = (weights_CT.T @ squares_CKK.reshape(cells.compounds, -1)).reshape(targets, _RANK, _RANK)
        spread_TKK = np.linalg.inv(told_TKK + precision * np.eye(_RANK))
        mean_TK = np.einsum("tkl,tl->tk", spread_TKK, sums_CT.T @ rows_CK + precision * centre_K)
        found = _Loadings(mean_TK, spread_TKK, loadings.noise_T)
        said_N = np.einsum("nk,nk->n", rows_CK[compound], mean_TK[target])
        square_N = np.einsum("nl,nl->n", found.squares_TL[target], squares_CKK.reshape(cells.compounds, -1)[compound])
        error_N = residual_N**2 - 2 * residual_N * said_N + square_N
        noise_T = (np.bincount(target, error_N, minlength=targets) + _NOISE_CELLS * error_N.mean()) / (count_T + _NOISE_CELLS)
        turn_KK = np.linalg.cholesky(squares_CKK[measured_C].mean(axis=0))
        apart_TK = (mean_TK - mean_TK[measured_T].mean(axis=0)) @ turn_KK
        spread_TKK = turn_KK.T @ spread_TKK @ turn_KK
        values_K, axes_KK = np.linalg.eigh(apart_TK[measured_T].T @ apart_TK[measured_T] + spread_TKK[measured_T].sum(axis=0))
        precision = float(measured_T.sum()) * _RANK / max(float(values_K.sum()), 1e-9)
        mean_TK = mean_TK @ turn_KK @ axes_KK[:, ::-1]
        centre_K = mean_TK[measured_T].mean(axis=0)
        loadings = _Loadings(mean_TK, axes_KK[:, ::-1].T @ spread_TKK @ axes_KK[:, ::-1], np.maximum(noise_T, 1e-9))
    return loadings


def _tables(cells: Cells, residual_N: Floats, noise_T: Floats) -> tuple[Any, Any]:
    """Compounds x targets: how sure a residual is, and the residual as sure as that."""
    weight_N = 1.0 / noise_T[cells.target]
    place, shape = (cells.compound, cells.target), (cells.compounds, cells.targets)
    return scipy.sparse.csr_array((weight_N, place), shape=shape), scipy.sparse.csr_array(
        (weight_N * residual_N, place), shape=shape
    )


def _slopes(completed_M: Floats, residual_M: Floats, target_M: Ints, targets: int) -> Floats:
    """By regression of left-out residuals, 0 to 1; a target of few is believed as far as all are."""
    square = float(np.mean(completed_M**2))
    usual = float(np.mean(completed_M * residual_M)) / square if square > 0 else 0.0
    products_T = np.bincount(target_M, completed_M * residual_M, minlength=targets) + _SLOPE_CELLS * square * usual
    squares_T = np.bincount(target_M, completed_M**2, minlength=targets) + _SLOPE_CELLS * square
    slopes_T: Floats = np.clip(np.divide(products_T, squares_T, out=np.zeros(targets), where=squares_T > 0), 0.0, 1.0)
    return slopes_T


def _ratios(part: _Loadings, rows_CK: Floats, spread_CKK: Floats, compound_M: Ints, target_M: Ints) -> Floats:
    """Variance of each cell's residual given the other ones of its compound, in units of that without them."""
    rank = rows_CK.shape[1]
    mean_MK, spread_MKK = part.mean_TK[target_M], part.spread_TKK[target_M]
    loose_MKK, row_MK = spread_CKK[compound_M], rows_CK[compound_M]
    after_M = np.einsum("mk,mkl,ml->m", mean_MK, loose_MKK, mean_MK)
    after_M += np.einsum("mkl,mkl->m", spread_MKK, loose_MKK + row_MK[:, :, None] * row_MK[:, None, :])
    before_M = part.squares_TL[target_M][:, :: rank + 1].sum(axis=1)
    noise_M = part.noise_T[target_M]
    ratios_M: Floats = np.minimum((after_M + noise_M) / (before_M + noise_M), 1.0)
    return ratios_M
