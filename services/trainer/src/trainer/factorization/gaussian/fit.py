"""The fit: a Gaussian process a target, in closed form.

Values are standardised by target, so that no target's unit or spread touches another's. Every variance is chosen by the
likelihood of cells given the other cells of their target (leave-one-out, in closed form: Rasmussen and Williams 2006, 5.4.2):
the share of fragments and the usual noise by many targets together, the noise and the signal of each target by its own cells,
held near the usual ones where these are few. Of bounds the expected value is learned, given all else that is known of the
target.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.bounds import Bounds, expected_within
from trainer.factorization.gaussian.kernel import LEVEL, Kernel
from trainer.factorization.gaussian.solving import LARGEST, Solved, Spectrum, induced, inverse, points_of, solve, tensor
from trainer.factorization.threads import one_thread

__all__ = ["Gaussian", "fit_gaussian"]

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SHARES: Final = (0.1, 0.25, 0.4, 0.55, 0.7)
"""Candidates for the share of fragments..."""
_PRICE: Final = 0.004
"""...of which the largest is taken that costs at most so many nats a cell: what fragments say can be looked at one by one."""
NOISES: Final = (0.03, 0.06, 0.1, 0.16, 0.25, 0.5, 1.0, 2.5)
"""Candidates for the variance of the noise, in units of the signal's."""
_TUNED_CELLS: Final = 256
"""The share and the usual noise are chosen by at most this many cells of a target..."""
_TUNED_TOTAL: Final = 12_000
"""...and about this many in all."""
_OWN_NOISE: Final = 10
"""Cells from which a target has a noise of its own."""
_NOISE_CELLS: Final = 1024
"""A target's own noise is chosen by at most this many of its cells."""
_NOISE_SPREAD: Final = 1.0
"""Standard deviation of the logarithm of the targets' noises around the usual one."""
_SIGNAL_CELLS: Final = 20
"""As many cells' worth the usual signal weighs in that of a target."""
_OWN_SPREAD: Final = 3
"""Cells from which a target has a spread of its own; fewer are scaled by the median spread."""


@dataclass(frozen=True, eq=False)
class Gaussian:
    """What was learned of T targets from N cells and bounds, which are sorted by target."""

    share: float
    """Of the kernel, that fragments have."""
    cells: Cells
    """What was measured and learned from, sorted by compound."""
    taught: Cells
    """The same, with bounds at their expected values."""
    measured_N: Bools
    """Which of `taught` are cells."""
    order_N: Ints
    """Positions in `taught` by target; all arrays below go by it."""
    starts_T1: Ints
    """Where each target's cells begin there, and the end."""
    weight_N: Array
    """g_t(c) = centre_t + the sum over the target's cells of (kernel + LEVEL)(c, c_n) * weight_n, in its unit."""
    left_out_N: Array
    """What each value is expected to be without it; of a target above `LARGEST`, with it."""
    unsure_N: Array
    """Variance around it with the noise of a measurement, in the target's unit squared."""
    centre_T: Array
    signal_T: Array
    """Variance that kernel and LEVEL are multiplied by, in the target's unit squared."""
    noise_T: Array
    """Variance of a measurement, in units of the signal."""

    def at(self, target: int) -> slice:
        """The places of a target's cells in the arrays a cell."""
        return slice(int(self.starts_T1[target]), int(self.starts_T1[target + 1]))

    def residuals(self) -> tuple[Array, Array]:
        """What is left of each of `cells` without it, and the variance of that, by the target's signal."""
        signal_N = self.signal_T[self.taught.target[self.order_N]]
        residual_N, variance_N = np.zeros(len(self.order_N)), np.zeros(len(self.order_N))
        residual_N[self.order_N] = (self.taught.value[self.order_N] - self.left_out_N) / np.sqrt(signal_N)
        variance_N[self.order_N] = self.unsure_N / signal_N
        return residual_N[self.measured_N], variance_N[self.measured_N]


def fit_gaussian(
    cells: Cells, kernel: Kernel, *, bounds: Bounds | None = None, device: str = "cpu", share: float | None = None
) -> Gaussian:
    """Learn from all `cells`, and from `bounds`; with a `share`, fragments have that, else the likelihood says.

    A target without a cell is expected at the mean of all cells; bounds are of use on targets with a spread of their own and
    not more points than are solved whole.
    """
    counts_T = np.bincount(cells.target, minlength=cells.targets)
    bounds = _useful(bounds or Bounds.none(), counts_T)
    taught, measured_N, low_N, high_N = _together(cells, bounds)
    order_N = np.argsort(taught.target, kind="stable")
    starts_T1 = np.searchsorted(taught.target[order_N], np.arange(cells.targets + 1))
    sizes_T = np.diff(starts_T1)
    compound_N, value_N, told_N = taught.compound[order_N], taught.value[order_N], measured_N[order_N]
    places = [np.arange(start, stop) for start, stop in pairwise(starts_T1.tolist())]
    cells_of = [place[told_N[place]] for place in places]
    centre_T, scale_T = _standards([value_N[place] for place in cells_of])
    centre_N, scale_N = np.repeat(centre_T, sizes_T), np.repeat(scale_T, sizes_T)
    left_N, low_N, high_N = ((numbers - centre_N) / scale_N for numbers in (value_N, low_N[order_N], high_N[order_N]))
    shares = SHARES if share is None and kernel.molecules is not None else (1.0 if share is None else share,)
    weight_N, precision_N, noise_T = np.zeros(len(taught)), np.ones(len(taught)), np.zeros(cells.targets)
    expected_N, errors_T = np.zeros(len(taught)), np.zeros(cells.targets)
    with one_thread():
        share, usual = _usual(kernel, compound_N, left_N, cells_of, shares, device)
        noise_T[:] = usual
        for target, (place, cells_M) in enumerate(zip(places, cells_of, strict=True)):
            if not len(cells_M):
                continue
            points = place[points_of(len(place), target)]
            kernel_NN = tensor(kernel, compound_N[points], compound_N[points], share, device)
            own = np.flatnonzero(told_N[points])[:_NOISE_CELLS]
            own_NN = kernel_NN if len(own) == len(points) else kernel_NN[np.ix_(own, own)]
            spectrum = Spectrum.of(own_NN, torch.from_numpy(left_N[points[own]]).to(device))
            noise_T[target] = noise = _own_noise(spectrum, usual)
            if len(points) < len(place):
                found = induced(kernel, compound_N[place], left_N[place], points - place[0], kernel_NN, noise, share)
                weight_N[points], expected_N[place], errors_T[target] = found
                precision_N[place] = 1.0 / noise
                continue
            if len(own) == len(points):
                solved = spectrum.solve(noise)
            elif len(cells_M) < len(place):
                solved, left_N[place] = _within(kernel_NN, left_N[place], (low_N[place], high_N[place]), noise, spectrum)
            else:
                solved = solve(kernel_NN, torch.from_numpy(left_N[points]).to(device), noise)
            weight_N[points], precision_N[points] = solved.weight_N.cpu().numpy(), solved.precision_N.cpu().numpy()
            expected_N[place] = left_N[place] - weight_N[place] / precision_N[place]
            errors_T[target] = float((weight_N[cells_M] ** 2 / precision_N[cells_M]).sum())
    signal = float(errors_T.sum() / counts_T.sum()) if errors_T.any() else 1.0
    signal_T = (errors_T + _SIGNAL_CELLS * signal) / (counts_T + _SIGNAL_CELLS) * scale_T**2
    value_N = np.where(told_N, value_N, centre_N + scale_N * left_N)
    return Gaussian(
        share=share,
        cells=cells,
        taught=replace(taught, value=value_N[np.argsort(order_N)]),
        measured_N=measured_N,
        order_N=order_N,
        starts_T1=starts_T1,
        weight_N=weight_N * scale_N,
        left_out_N=centre_N + scale_N * expected_N,
        unsure_N=np.repeat(signal_T, sizes_T) / precision_N,
        centre_T=centre_T,
        signal_T=signal_T,
        noise_T=noise_T,
    )


def _useful(bounds: Bounds, counts_T: Ints) -> Bounds:
    points_T = counts_T + np.bincount(bounds.target, minlength=len(counts_T))
    return bounds.at((counts_T[bounds.target] >= _OWN_SPREAD) & (points_T[bounds.target] <= LARGEST))


def _together(cells: Cells, bounds: Bounds) -> tuple[Cells, Bools, Array, Array]:
    """Cells and bounds by compound, which of them are cells, and between which ends each lies; bounds are stated as 0."""
    compound, target = (np.concatenate(pair) for pair in ((cells.compound, bounds.compound), (cells.target, bounds.target)))
    order = np.lexsort((target, compound))
    low, high = (np.concatenate([cells.value, ends])[order] for ends in (bounds.low, bounds.high))
    value = np.concatenate([cells.value, np.zeros(len(bounds))])
    taught = Cells.of(compound, target, value, compounds=cells.compounds, targets=cells.targets)
    return taught, order < len(cells), low, high


def _within(
    kernel_NN: Tensor, left_N: Array, ends_N: tuple[Array, Array], noise: float, spectrum: Spectrum
) -> tuple[Solved, Array]:
    """A target's cells and bounds, and their values, those of bounds as expected."""
    errors_N = spectrum.solve(noise).errors_N
    signal = (float(errors_N.sum()) + _SIGNAL_CELLS) / (len(errors_N) + _SIGNAL_CELLS)
    inverse_NN = inverse(kernel_NN, noise)
    low_N, high_N = ends_N
    (bound_M,) = np.nonzero(low_N < high_N)
    left_N = left_N.copy()
    left_N[bound_M] = expected_within(inverse_NN.cpu().numpy(), left_N, bound_M, low_N[bound_M], high_N[bound_M], signal)
    return Solved(inverse_NN @ torch.from_numpy(left_N).to(inverse_NN), inverse_NN.diagonal().clone()), left_N


def _standards(values: Sequence[Array]) -> tuple[Array, Array]:
    """Mean and standard deviation of every target's cells; those of few cells, or of equal ones, take the median spread."""
    value_N = np.concatenate([np.zeros(0), *values])
    centre_T = np.full(len(values), float(value_N.mean()) if len(value_N) else 0.0)
    scale_T = np.full(len(values), np.nan)
    for target, value_M in enumerate(values):
        if len(value_M):
            centre_T[target] = value_M.mean()
        if len(value_M) >= _OWN_SPREAD and (spread := float(value_M.std(ddof=1))) > 0:
            scale_T[target] = spread
    known = scale_T[np.isfinite(scale_T)]
    if not len(known):
        known = np.array([float(value_N.std()) or 1.0]) if len(value_N) else np.ones(1)
    return centre_T, np.where(np.isfinite(scale_T), scale_T, np.median(known))


def _usual(
    kernel: Kernel,
    compound_N: Ints,
    left_N: Array,
    cells_of: Sequence[Ints],
    shares: Sequence[float],
    device: str,
) -> tuple[float, float]:
    """The share of fragments and the usual noise; 0.1 where no target has two cells."""
    several = [cells_M[:_TUNED_CELLS] for cells_M in cells_of if len(cells_M) > 1]
    step = max(1, sum(map(len, several)) // _TUNED_TOTAL)
    spectra: dict[float, list[Spectrum]] = {share: [] for share in shares}
    for cells_M in several[::step]:
        linear_NN, tanimoto_NN = kernel.parts(compound_N[cells_M], compound_N[cells_M])
        left = torch.from_numpy(left_N[cells_M]).to(device)
        for share in shares:
            mixed_NN = torch.from_numpy(share * linear_NN + (1 - share) * tanimoto_NN).to(device, torch.float64)
            spectra[share].append(Spectrum.of(mixed_NN + LEVEL, left))
    likelihood = {(share, noise): _likelihood(spectra[share], noise) for share in shares for noise in NOISES}
    best = max(likelihood.values())
    share = max(share for (share, _), nats in likelihood.items() if nats >= best - _PRICE)
    return share, max(NOISES, key=lambda noise: likelihood[share, noise]) if np.isfinite(best) else 0.1


def _likelihood(spectra: Sequence[Spectrum], noise: float) -> float:
    """Nats a cell given the other cells of its target, with the signal that suits all of them best; -inf without a cell."""
    errors, logs, count = 0.0, 0.0, 0
    for solved in (spectrum.solve(noise) for spectrum in spectra):
        errors += float(solved.errors_N.sum())
        logs += float(solved.precision_N.log().sum())
        count += len(solved.weight_N)
    return 0.5 * (logs / count - float(np.log(errors / count))) if errors > 0 else -np.inf


def _own_noise(spectrum: Spectrum, usual: float) -> float:
    """A target's own noise, held near the usual one."""
    count = len(spectrum.values_N)
    if count < _OWN_NOISE:
        return usual
    nats = {}
    for noise in NOISES:
        solved = spectrum.solve(noise)
        signal = (float(solved.errors_N.sum()) + _SIGNAL_CELLS) / (count + _SIGNAL_CELLS)
        nats[noise] = solved.nats(signal) - 0.5 * (float(np.log(noise / usual)) / _NOISE_SPREAD) ** 2
    return max(NOISES, key=lambda noise: nats[noise])
