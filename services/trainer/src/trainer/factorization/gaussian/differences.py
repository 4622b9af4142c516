"""Differences: what two compounds that were measured on a target differ by there, told without the values of both."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.factorization.gaussian.fit import Gaussian
from trainer.factorization.gaussian.kernel import Kernel
from trainer.factorization.gaussian.solving import LARGEST, inverse, tensor
from trainer.factorization.threads import one_thread

__all__ = ["Left", "left_out"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Left:
    """Of N pairs of compounds, the second - the first, in the unit of the target."""

    expected_N: Floats
    """NaN on targets of more cells than are solved whole."""
    variance_N: Floats
    """Without noise."""
    noise_N: Floats
    """What two measurements add to it."""


def left_out(fit: Gaussian, kernel: Kernel, target_N: Ints, first_N: Ints, second_N: Ints) -> Left:
    """By all other cells of the target, in closed form: two rows of the inverse kernel say what leaving both out does.

    Each pair of compounds was measured on its target.
    """
    expected_N, variance_N = np.full(len(target_N), np.nan), np.full(len(target_N), np.nan)
    place_C = np.zeros(fit.cells.compounds, dtype=np.int64)
    told_N, value_N = fit.measured_N[fit.order_N], fit.taught.value[fit.order_N]
    compound_N = fit.taught.compound[fit.order_N]
    order = np.argsort(target_N, kind="stable")
    starts = np.searchsorted(target_N[order], np.arange(fit.cells.targets + 1))
    with one_thread():
        for target in np.unique(target_N).tolist():
            part, rows = fit.at(target), order[starts[target] : starts[target + 1]]
            compounds = compound_N[part]
            if len(compounds) > LARGEST:
                continue
            kernel_MM = tensor(kernel, compounds, compounds, fit.share, "cpu")
            inverse_MM = inverse(kernel_MM, float(fit.noise_T[target])).numpy()
            (cells,) = np.nonzero(told_N[part])
            place_C[compounds[cells]] = cells
            one, other = place_C[first_N[rows]], place_C[second_N[rows]]
            weight_M = inverse_MM @ (value_N[part] - fit.centre_T[target])
            here, there, both = inverse_MM[one, one], inverse_MM[other, other], inverse_MM[one, other]
            determinant = here * there - both**2
            left = ((here + both) * weight_M[other] - (there + both) * weight_M[one]) / determinant
            expected_N[rows] = value_N[part][other] - value_N[part][one] - left
            unsure = (here + there + 2.0 * both) / determinant - 2.0 * fit.noise_T[target]
            variance_N[rows] = fit.signal_T[target] * np.maximum(unsure, 0.0)
    return Left(expected_N, variance_N, 2.0 * (fit.signal_T * fit.noise_T)[target_N])
