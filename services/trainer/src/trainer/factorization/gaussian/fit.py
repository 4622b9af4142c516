"""The fit: a Gaussian process a target, in closed form.

Values are standardised by target, so that no target's unit or spread touches another's. Every variance is chosen by the
likelihood of cells given the other cells of their target (leave-one-out, in closed form: Rasmussen and Williams 2006, 5.4.2):
the share of fragments and the usual noise by many targets together, the noise and the signal of each target by its own cells,
held near the usual ones where these are few.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.kernel import LEVEL, Kernel
from trainer.factorization.threads import one_thread

__all__ = ["Gaussian", "fit_gaussian"]

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

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
LARGEST: Final = 8192
"""Cells of a target whose kernel is inverted whole, 0.5 GB; of more so many stand for all (inducing points)."""


@dataclass(frozen=True, eq=False)
class Gaussian:
    """What was learned of T targets from N cells, which are sorted by target."""

    share: float
    """Of the kernel, that fragments have."""
    cells: Cells
    """The cells that were learned from, sorted by compound."""
    order_N: Ints
    """Positions in `cells` by target; all arrays below go by it."""
    starts_T1: Ints
    """Where each target's cells begin there, and the end."""
    weight_N: Array
    """g_t(c) = centre_t + the sum over the target's cells of (kernel + LEVEL)(c, c_n) * weight_n, in its unit."""
    left_out_N: Array
    """What each cell's value is expected to be without the cell; of a target above `LARGEST`, with it."""
    centre_T: Array
    signal_T: Array
    """Variance that kernel and LEVEL are multiplied by, in the target's unit squared."""
    noise_T: Array
    """Variance of a measurement, in units of the signal."""

    def at(self, target: int) -> slice:
        """The places of a target's cells in the arrays a cell."""
        return slice(int(self.starts_T1[target]), int(self.starts_T1[target + 1]))


@dataclass(frozen=True, eq=False)
class _Solved:
    """A target's standardised cells, given a noise."""

    weight_N: Tensor
    precision_N: Tensor
    """Diagonal of the inverse."""

    @property
    def errors_N(self) -> Tensor:
        """Squares of what is left of each cell without it, in units of its variance before the signal."""
        return self.weight_N.square() / self.precision_N

    def nats(self, signal: float) -> float:
        """Log-likelihood of the cells given the others, but for a constant."""
        count = len(self.weight_N)
        return 0.5 * float(self.precision_N.log().sum() - self.errors_N.sum() / signal) - 0.5 * count * float(np.log(signal))


@dataclass(frozen=True, eq=False)
class _Spectrum:
    """A target's kernel by its eigenvectors, which serve every noise, and its standardised cells turned to them."""

    values_N: Tensor
    vectors_NN: Tensor
    turned_N: Tensor

    @classmethod
    def of(cls, kernel_NN: Tensor, left_N: Tensor) -> "_Spectrum":
        values_N, vectors_NN = torch.linalg.eigh(kernel_NN)
        return cls(values_N, vectors_NN, vectors_NN.T @ left_N)

    def solve(self, noise: float) -> _Solved:
        shrink_N = 1.0 / (self.values_N + noise)
        return _Solved(self.vectors_NN @ (shrink_N * self.turned_N), self.vectors_NN.square() @ shrink_N)


def fit_gaussian(cells: Cells, kernel: Kernel, *, device: str = "cpu", share: float | None = None) -> Gaussian:
    """Learn from all `cells`; with a `share`, fragments have that, else the likelihood says.

    A target without a cell is expected at the mean of all cells.
    """
    order_N = np.argsort(cells.target, kind="stable")
    starts_T1 = np.searchsorted(cells.target[order_N], np.arange(cells.targets + 1))
    counts_T = np.diff(starts_T1)
    compound_N, value_N = cells.compound[order_N], cells.value[order_N]
    bounds = list(pairwise(starts_T1.tolist()))
    centre_T, scale_T = _standards(value_N, bounds)
    left_N = (value_N - np.repeat(centre_T, counts_T)) / np.repeat(scale_T, counts_T)
    shares = SHARES if share is None and kernel.molecules is not None else (1.0 if share is None else share,)
    with one_thread():
        share, usual = _usual(kernel, compound_N, left_N, bounds, shares, device)
        weight_N, precision_N, noise_T = np.zeros(len(cells)), np.ones(len(cells)), np.full(cells.targets, usual)
        for target, (start, stop) in enumerate(bounds):
            if start == stop:
                continue
            points = _points(stop - start, target)
            places = start + points
            kernel_NN = _tensor(kernel, compound_N[places], compound_N[places], share, device)
            left = torch.from_numpy(left_N[places]).to(device)
            spectrum = _Spectrum.of(kernel_NN[:_NOISE_CELLS, :_NOISE_CELLS], left[:_NOISE_CELLS])
            noise_T[target] = _own_noise(spectrum, usual)
            if len(points) < stop - start:
                solved = _induced(kernel, compound_N[start:stop], left_N[start:stop], points, kernel_NN, noise_T[target], share)
            elif len(points) > _NOISE_CELLS:
                solved = _solve(kernel_NN, left, noise_T[target])
            else:
                solved = spectrum.solve(noise_T[target])
            weight_N[places], precision_N[places] = solved.weight_N.cpu().numpy(), solved.precision_N.cpu().numpy()
    errors_N, scale_N = weight_N**2 / precision_N, np.repeat(scale_T, counts_T)
    signal = float(errors_N.mean()) if errors_N.any() else 1.0
    sums_T = np.bincount(np.repeat(np.arange(cells.targets), counts_T), errors_N, minlength=cells.targets)
    return Gaussian(
        share=share,
        cells=cells,
        order_N=order_N,
        starts_T1=starts_T1,
        weight_N=weight_N * scale_N,
        left_out_N=value_N - scale_N * weight_N / precision_N,
        centre_T=centre_T,
        signal_T=(sums_T + _SIGNAL_CELLS * signal) / (counts_T + _SIGNAL_CELLS) * scale_T**2,
        noise_T=noise_T,
    )


def _standards(value_N: Array, bounds: Sequence[tuple[int, int]]) -> tuple[Array, Array]:
    """Mean and standard deviation of every target's cells; those of few cells, or of equal ones, take the median spread."""
    centre_T = np.full(len(bounds), float(value_N.mean()) if len(value_N) else 0.0)
    scale_T = np.full(len(bounds), np.nan)
    for target, (start, stop) in enumerate(bounds):
        if stop > start:
            centre_T[target] = value_N[start:stop].mean()
        if stop - start >= _OWN_SPREAD and (spread := float(value_N[start:stop].std(ddof=1))) > 0:
            scale_T[target] = spread
    known = scale_T[np.isfinite(scale_T)]
    if not len(known):
        known = np.array([float(value_N.std()) or 1.0]) if len(value_N) else np.ones(1)
    return centre_T, np.where(np.isfinite(scale_T), scale_T, np.median(known))


def _usual(
    kernel: Kernel,
    compound_N: Ints,
    left_N: Array,
    bounds: Sequence[tuple[int, int]],
    shares: Sequence[float],
    device: str,
) -> tuple[float, float]:
    """The share of fragments and the usual noise; 0.1 where no target has two cells."""
    several = [(start, min(stop, start + _TUNED_CELLS)) for start, stop in bounds if stop - start > 1]
    step = max(1, sum(stop - start for start, stop in several) // _TUNED_TOTAL)
    spectra: dict[float, list[_Spectrum]] = {share: [] for share in shares}
    for start, stop in several[::step]:
        linear_NN, tanimoto_NN = kernel.parts(compound_N[start:stop], compound_N[start:stop])
        left = torch.from_numpy(left_N[start:stop]).to(device)
        for share in shares:
            mixed_NN = torch.from_numpy(share * linear_NN + (1 - share) * tanimoto_NN).to(device, torch.float64)
            spectra[share].append(_Spectrum.of(mixed_NN + LEVEL, left))
    likelihood = {(share, noise): _likelihood(spectra[share], noise) for share in shares for noise in NOISES}
    best = max(likelihood.values())
    share = max(share for (share, _), nats in likelihood.items() if nats >= best - _PRICE)
    return share, max(NOISES, key=lambda noise: likelihood[share, noise]) if np.isfinite(best) else 0.1


def _likelihood(spectra: Sequence[_Spectrum], noise: float) -> float:
    """Nats a cell given the other cells of its target, with the signal that suits all of them best; -inf without a cell."""
    errors, logs, count = 0.0, 0.0, 0
    for solved in (spectrum.solve(noise) for spectrum in spectra):
        errors += float(solved.errors_N.sum())
        logs += float(solved.precision_N.log().sum())
        count += len(solved.weight_N)
    return 0.5 * (logs / count - float(np.log(errors / count))) if errors > 0 else -np.inf


def _own_noise(spectrum: _Spectrum, usual: float) -> float:
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


def _tensor(kernel: Kernel, first_M: Ints, second_N: Ints, share: float, device: str) -> Tensor:
    """Kernel and LEVEL, M x N."""
    return torch.from_numpy(kernel.between(first_M, second_N, share)).to(device, torch.float64) + LEVEL


def _solve(kernel_NN: Tensor, left_N: Tensor, noise: float) -> _Solved:
    noisy_NN = kernel_NN.clone()
    noisy_NN.diagonal().add_(noise)
    inverse_NN = torch.cholesky_inverse(torch.linalg.cholesky(noisy_NN))
    return _Solved(inverse_NN @ left_N, inverse_NN.diagonal().clone())


def _points(count: int, target: int) -> Ints:
    """The cells that stand for all of a target: every one, or of very many an even draw."""
    if count <= LARGEST:
        return np.arange(count)
    return np.sort(np.random.default_rng((target, 0x6A09)).choice(count, LARGEST // 2, replace=False))


def _induced(
    kernel: Kernel, compound_N: Ints, left_N: Array, chosen: Ints, kernel_MM: Tensor, noise: float, share: float
) -> _Solved:
    """The weights of M points by all N cells (subset of regressors: Rasmussen and Williams 2006, 8.3.1)."""
    system_MM, sums_M = noise * kernel_MM, torch.zeros(len(chosen), dtype=torch.float64, device=kernel_MM.device)
    for start in range(0, len(compound_N), LARGEST // 2):
        rows = slice(start, start + LARGEST // 2)
        cross_BM = _tensor(kernel, compound_N[rows], compound_N[chosen], share, str(kernel_MM.device))
        system_MM = system_MM + cross_BM.T @ cross_BM
        sums_M += cross_BM.T @ torch.from_numpy(left_N[rows]).to(kernel_MM)
    system_MM.diagonal().add_(1e-8 * float(system_MM.diagonal().mean()))
    factor_MM = torch.linalg.cholesky(system_MM)
    weight_M = torch.cholesky_solve(sums_M[:, None], factor_MM)[:, 0]
    points = _solve(kernel_MM, torch.from_numpy(left_N[chosen]).to(kernel_MM), noise)
    return _Solved(weight_M, points.precision_N)
