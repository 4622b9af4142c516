"""Calibration: how much wider an interval must be than a fit says, and which chance stands behind a sum, for new compounds.

A fit takes new compounds for draws like those it learned from. Those of a new scaffold are not, the less the further they lie
from the nearest known one. So a fifth of the cells, those of whole Murcko scaffolds, is kept from a fit with the same share of
fragments, and what it says of them, as the API would be told it, is held against what was measured.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_ndtr

from trainer.evaluation.foretold import Foretold, foretold_by_file
from trainer.evaluation.splits import scaffold_split
from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.fit import Gaussian, fit_gaussian
from trainer.factorization.gaussian.kernel import Kernel
from trainer.factorization.gaussian.model import PLAIN, Named, Probit, Stretch

__all__ = ["calibrate", "probit_of", "stretch_of"]

Floats = npt.NDArray[np.float64]

_CELLS: Final = 200
"""Held-out cells below which nothing is told of intervals: a factor would be known to no better than a tenth."""
_BAND: Final = 400
"""Cells of a band of similarity, at least..."""
_BANDS: Final = 8
"""...and bands, at most."""
_HELD: Final = 0.9
_WIDTH: Final = 1.6448536269514722
_SEED: Final = 1
"""Of the scaffolds left out: the same whatever the seed of a run, and others than a holdout with the usual seed 0."""


def calibrate(
    fit: Gaussian, kernel: Kernel, named: Named, scaffolds_C: list[str], *, binary: bool, device: str
) -> tuple[Stretch, Probit | None]:
    """By scaffolds kept from a fit like `fit`; by its own left-out cells, and intervals as it says, where these are too few."""
    cells = fit.cells
    split = scaffold_split(scaffolds_C, cells.compound, seed=_SEED)
    held = cells.at(np.concatenate([split.validation, split.test]))
    if len(held) < _CELLS or len(split.train) < len(held):
        return PLAIN, probit_of(fit.left_out_N, cells.value[fit.order_N]) if binary else None
    without = fit_gaussian(cells.at(split.train), kernel, device=device, share=fit.share)
    said = foretold_by_file(without, kernel, named, held)
    noise_N = (without.signal_T * without.noise_T)[held.target]
    if binary:
        variance_N = ((said.high_N - said.low_N) / (2 * _WIDTH)) ** 2 - noise_N
        return PLAIN, probit_of(said.sum_N, held.value, np.maximum(variance_N, 0.0))
    return stretch_of(said, held), None


def stretch_of(said: Foretold, held: Cells) -> Stretch:
    """The factors with which intervals hold nine of ten measurements in each band of similarity to the nearest compound."""
    deviation_N = np.abs(held.value - said.sum_N) / (0.5 * (said.high_N - said.low_N))
    order = np.argsort(said.similarity_N, kind="stable")
    bands = np.array_split(order, min(max(len(order) // _BAND, 1), _BANDS))
    similarity = np.array([float(said.similarity_N[band].mean()) for band in bands])
    factor = np.array([float(np.quantile(deviation_N[band], _HELD)) for band in bands])
    return similarity, factor


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
