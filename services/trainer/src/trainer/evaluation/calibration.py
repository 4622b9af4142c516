"""Calibration: how much wider an interval must be than a fit says, and which chance stands behind a sum.

A fit takes new compounds for draws like those it learned from. Those of a new scaffold are not, the less the further they lie
from the nearest known one. So a fifth of the cells, those of whole Murcko scaffolds, is kept from a fit with the same share of
fragments, and what it says of them, as the API would be told it, is held against what was measured. Completions of known
compounds are held against the cells that the panel was not learned from.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_ndtr

from contracts.evidence import WIDTH
from trainer.evaluation.foretold import foretold_by_file
from trainer.evaluation.splits import scaffold_split
from trainer.factorization.gaussian.bounds import Bounds
from trainer.factorization.gaussian.fit import Gaussian, fit_gaussian
from trainer.factorization.gaussian.kernel import Kernel
from trainer.factorization.gaussian.model import Calibration, Named, Probit, Stretch
from trainer.factorization.gaussian.panel import LeftOut, Panel

__all__ = ["CALIBRATION_CELLS", "calibrate", "probit_of", "stretch_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CALIBRATION_CELLS: Final = 200
"""Held-out cells below which nothing is told of intervals: a factor would be known to no better than a tenth."""
_BAND: Final = 400
"""Cells of a band of similarity, at least..."""
_BANDS: Final = 8
"""...and bands, at most."""
_HELD: Final = 0.9
_SEED: Final = 1
"""Of the scaffolds left out: the same whatever the seed of a run, and others than a holdout with the usual seed 0."""


def calibrate(
    fit: Gaussian,
    bounds: Bounds,
    left_out: LeftOut | None,
    kernel: Kernel,
    named: Named,
    scaffolds_C: list[str],
    *,
    binary: bool,
    device: str,
) -> Calibration:
    """By scaffolds kept from a fit like `fit`, and by cells kept from its panel.

    Where too few can be kept, chances follow from the left-out values of `fit`, and intervals are as it says.
    """
    cells = fit.cells
    split = scaffold_split(scaffolds_C, cells.compound, seed=_SEED)
    held = cells.at(np.concatenate([split.validation, split.test]))
    if len(held) < CALIBRATION_CELLS or len(split.train) < len(held):
        residual_N, _ = fit.residuals()
        left_out_N = cells.value - residual_N * np.sqrt(fit.signal_T[cells.target])
        return Calibration(probit=probit_of(left_out_N, cells.value) if binary else None)
    kept = bounds.without(np.unique(held.compound))
    without = fit_gaussian(cells.at(split.train), kernel, bounds=kept, device=device, share=fit.share)
    said = foretold_by_file(without, Panel.none(without.cells), kernel, named, held)
    if binary:
        noise_N = (without.signal_T * without.noise_T)[held.target]
        variance_N = ((said.high_N - said.low_N) / (2 * WIDTH)) ** 2 - noise_N
        return Calibration(probit=probit_of(said.sum_N, held.value, np.maximum(variance_N, 0.0)), cells=len(held))
    new = stretch_of((held.value - said.sum_N) / (said.high_N - said.low_N) * (2 * WIDTH), said.similarity_N)
    return Calibration(new, new if left_out is None else _of_known(fit, left_out, kernel), cells=len(held))


def stretch_of(error_N: Floats, similarity_N: Floats) -> Stretch:
    """With which intervals hold nine of ten measurements in each band of similarity to the nearest compound.

    Errors are in standard deviations that were told of them.
    """
    deviation_N = np.abs(error_N) / WIDTH
    order = np.argsort(similarity_N, kind="stable")
    bands = np.array_split(order, min(max(len(order) // _BAND, 1), _BANDS))
    similarity = np.array([float(similarity_N[band].mean()) for band in bands])
    factor = np.array([float(np.quantile(deviation_N[band], _HELD)) for band in bands])
    return Stretch(similarity, factor)


def _of_known(fit: Gaussian, left_out: LeftOut, kernel: Kernel) -> Stretch:
    """Of completions, each without its own cell."""
    residual_N, variance_N = fit.residuals()
    held_M = left_out.position_M
    error_M = (residual_N[held_M] - left_out.completed_M) / np.sqrt(variance_N[held_M] * left_out.ratio_M)
    return stretch_of(error_M, _nearest_others(fit, held_M, kernel))


def _nearest_others(fit: Gaussian, held_M: Ints, kernel: Kernel) -> Floats:
    """How like the nearest other compound of its target the compound of each of these cells is, 0 to 1."""
    similarity_M = np.zeros(len(held_M))
    compound_M, target_M = fit.cells.compound[held_M], fit.cells.target[held_M]
    if kernel.molecules is None:
        return similarity_M
    for target in np.unique(target_M).tolist():
        asked = np.flatnonzero(target_M == target)
        compound_N = fit.taught.compound[fit.order_N[fit.at(target)]]
        alike_MN = kernel.molecules.tanimoto(compound_M[asked], compound_N)
        alike_MN[compound_M[asked][:, None] == compound_N] = 0.0
        similarity_M[asked] = alike_MN.max(axis=1)
    return similarity_M


def probit_of(sum_N: Floats, called_N: Floats, variance_N: Floats | None = None) -> Probit:
    """The offset and slope with which calls of active (> 0) and inactive are likeliest, given how unsure each sum is."""
    signs_N = np.where(called_N > 0, 1.0, -1.0)
    unsure_N = np.zeros_like(sum_N) if variance_N is None else variance_N

    def surprise(parameters: Floats) -> float:
        offset, slope = parameters
        probits_N = (offset + slope * sum_N) / np.sqrt(1.0 + slope**2 * unsure_N)
        return -float(log_ndtr(signs_N * probits_N).sum()) + 0.5 * float(slope**2) / 100.0

    base = float(np.clip(np.mean(called_N > 0), 1e-3, 1 - 1e-3))
    found = minimize(surprise, np.array([-2.5 * (1 - base), 2.5]), method="Nelder-Mead")
    return Probit(float(found.x[0]), float(max(found.x[1], 0.0)))
