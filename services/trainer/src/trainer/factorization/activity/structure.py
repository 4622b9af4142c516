"""Structure: the hidden block. What whole molecules say of a target beyond the fragments they are cut into.

For every target a Gaussian process over its compounds, y_ct = centre + g_t(c) + noise, with the kernel
signal * alike(c, d) + level of `Alike`. Predictions of its own training cells are made without the cell itself (closed-form
leave-one-out, Rasmussen and Williams 2006, 5.4.2), so that what is left is what unseen cells leave.

A target of more than 8,192 cells, whose kernel would outgrow memory, has the linear kernel of unit rows in place of `Alike`:
their first kind of features, folded into 2,048 columns.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse
import torch
from torch import Tensor

from trainer.factorization.activity.alike import KIND_FEATURES, Alike, unit_rows
from trainer.factorization.activity.cells import Cells
from trainer.factorization.threads import one_thread

__all__ = ["Expectation", "Structure"]

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_NOISES: Final = (0.02, 0.04, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.6, 1.0, 2.0, 5.0)
"""Candidates for the variance of the noise, in units of the signal's."""
_LEVEL: Final = 1.0
"""Variance of a target's own level, in units of the signal's."""
_TUNED_CELLS: Final = 256
"""The variances are chosen by at most this many cells of a target..."""
_TUNED_TOTAL: Final = 12_000
"""...and about this many in all."""
_LARGEST: Final = 8192
"""Cells of a target with a kernel of its own: 0.5 GB."""
_FOLDED: Final = 2048


@dataclass(frozen=True, eq=False)
class Expectation:
    """What structure alone expects of cells."""

    mean_N: Array
    variance_N: Array
    """Of the value's expectation; the noise of a measurement is not in it."""


@dataclass(frozen=True, eq=False)
class Structure:
    """Fitted weights: g_t(c) is the sum of kernel(c, c_n) * weights_N[n] over the training cells n of target t."""

    centre: float
    weights_N: Array
    signal: float
    level: float
    noise: float
    """Variances."""
    train: Expectation
    """Leave-one-out expectation of the training cells, in their order."""

    def expects(self, features_CD: scipy.sparse.csr_array, cells: Cells, trained: Cells) -> Expectation:
        """Mean and variance of cells that were not trained on; `trained` are the cells that were."""
        mean_N, variance_N = np.full(len(cells), self.centre), np.full(len(cells), self.signal + self.level)
        parts = [part for part in _by_target(trained, cells) if len(part[0]) and len(part[1])]
        variances = (self.signal, self.noise, self.level)
        with one_thread():
            small = [part for part in parts if len(part[0]) <= _LARGEST]
            rows = [(trained.compound[known], cells.compound[asked]) for known, asked in small]
            pairs = [(np.concatenate([known, asked]), known) for known, asked in rows]
            for (known, asked), alike_MN in zip(small, Alike(features_CD).each(pairs), strict=True):
                kernel_MN = torch.from_numpy(alike_MN).mul_(self.signal).add_(self.level)
                kernel_NN, cross_MN = kernel_MN[: len(known)], kernel_MN[len(known) :]
                mean_N[asked] += (cross_MN @ torch.from_numpy(self.weights_N[known])).numpy()
                kernel_NN.diagonal().add_(self.noise)
                half_NM = torch.linalg.solve_triangular(torch.linalg.cholesky(kernel_NN), cross_MN.T, upper=False)
                variance_N[asked] -= half_NM.square_().sum(0).numpy()
            for known, asked in (part for part in parts if len(part[0]) > _LARGEST):
                known_DN, asked_DM = (
                    _linear(features_CD, compounds, variances) for compounds in (trained.compound[known], cells.compound[asked])
                )
                mean_N[asked] += (asked_DM.T @ (known_DN @ torch.from_numpy(self.weights_N[known]))).numpy()
                left_M = _halves(known_DN, asked_DM, self.noise).square_().sum(0)
                variance_N[asked] = left_M.numpy()
        return Expectation(mean_N=mean_N, variance_N=np.maximum(variance_N, 0.0))

    @classmethod
    def fit(cls, features_CD: scipy.sparse.csr_array, cells: Cells) -> "Structure":
        """Variances by the leave-one-out likelihood of the cells, then the weights of every target."""
        centre = float(cells.value.mean()) if len(cells) else 0.0
        targets = [known for known, _ in _by_target(cells, cells) if len(known)]
        left_N, alike = cells.value - centre, Alike(features_CD)
        weights_N, precision_N = np.zeros(len(cells)), np.ones(len(cells))
        with one_thread():
            signal, noise = _variances(alike, cells.compound, left_N, _tuned(targets))
            level = _LEVEL * signal
            small = [known for known in targets if len(known) <= _LARGEST]
            pairs = [(cells.compound[known], cells.compound[known]) for known in small]
            for known, alike_NN in zip(small, alike.each(pairs), strict=True):
                kernel_NN = torch.from_numpy(alike_NN).mul_(signal).add_(level)
                kernel_NN.diagonal().add_(noise)
                factor_NN = torch.linalg.cholesky(kernel_NN, out=kernel_NN)
                solved_N1 = torch.cholesky_solve(torch.from_numpy(left_N[known])[:, None], factor_NN)
                weights_N[known] = solved_N1[:, 0].numpy()
                precision_N[known] = torch.cholesky_inverse(factor_NN).diagonal().numpy()
            for known in (known for known in targets if len(known) > _LARGEST):
                known_DN = _linear(features_CD, cells.compound[known], (signal, noise, level))
                left, half_DN = torch.from_numpy(left_N[known]), _halves(known_DN, known_DN, noise)
                weights_N[known] = ((left - half_DN.T @ (half_DN @ left) / noise) / noise).numpy()
                precision_N[known] = ((1.0 - half_DN.square().sum(0) / noise) / noise).numpy()
        return cls(
            centre=centre,
            weights_N=weights_N,
            signal=signal,
            level=level,
            noise=noise,
            train=Expectation(
                mean_N=cells.value - weights_N / precision_N, variance_N=np.maximum(1.0 / precision_N - noise, 0.0)
            ),
        )


def _by_target(known: Cells, asked: Cells) -> list[tuple[Ints, Ints]]:
    """Positions of the known and of the asked cells of every target."""
    bounds = []
    for cells in (known, asked):
        order = np.argsort(cells.target, kind="stable")
        starts = np.searchsorted(cells.target[order], np.arange(cells.targets + 1)).tolist()
        bounds.append([order[start:stop] for start, stop in pairwise(starts)])
    return list(zip(*bounds, strict=True))


def _tuned(targets: list[Ints]) -> list[Ints]:
    """The targets the variances are chosen by: evenly spaced among those of two cells and more, up to a total of cells."""
    several = [known[:_TUNED_CELLS] for known in targets if len(known) > 1]
    step = max(1, sum(map(len, several)) // _TUNED_TOTAL)
    return several[::step]


def _linear(features_CD: scipy.sparse.csr_array, compounds: Ints, variances: tuple[float, float, float]) -> Tensor:
    """Columns x of compounds, D x N, with x . y their linear kernel: unit rows of folded features, and the target's level.

    Features that fall on one column add up.
    """
    signal, _, level = variances
    rows_ND = scipy.sparse.csr_array(features_CD[compounds][:, :KIND_FEATURES])
    places = (rows_ND.data, rows_ND.indices % _FOLDED, rows_ND.indptr)
    folded_ND = unit_rows(scipy.sparse.csr_array(places, shape=(len(compounds), _FOLDED))).toarray()
    levels_N1 = np.full((len(compounds), 1), level**0.5)
    return torch.from_numpy(np.hstack([signal**0.5 * folded_ND, levels_N1]).T)


def _halves(known_DN: Tensor, asked_DM: Tensor, noise: float) -> Tensor:
    """H with H^T H = posterior covariance of the asked columns, D x M, by the Woodbury identity."""
    gram_DD = (known_DN @ known_DN.T).div_(noise)
    gram_DD.diagonal().add_(1.0)
    half_DM: Tensor = torch.linalg.solve_triangular(torch.linalg.cholesky(gram_DD), asked_DM, upper=False)
    return half_DM


def _variances(alike: Alike, compound_N: Ints, left_N: Array, targets: list[Ints]) -> tuple[float, float]:
    """Variances of signal and noise under which every cell is likeliest given the other cells of its target.

    One eigendecomposition a target serves every candidate; the common scale has a closed form. Without a target of two cells,
    or without any spread, signal and noise are 1.
    """
    spectra = []
    for known, alike_NN in zip(targets, alike.each([(compound_N[known],) * 2 for known in targets]), strict=True):
        values_N, vectors_NN = torch.linalg.eigh(torch.from_numpy(alike_NN).add_(_LEVEL))
        spectra.append((values_N.numpy(), vectors_NN.square(), vectors_NN, vectors_NN.T @ torch.from_numpy(left_N[known])))
    best, found = -np.inf, (1.0, 1.0)
    for noise in _NOISES:
        errors, logs, count = 0.0, 0.0, 0
        for values_N, squares_NN, vectors_NN, turned_N in spectra:
            shrink_N = torch.from_numpy(1.0 / (values_N + noise))
            inverse_N = squares_NN @ shrink_N
            errors += float(((vectors_NN @ (shrink_N * turned_N)) ** 2 / inverse_N).sum())
            logs += float(inverse_N.log().sum())
            count += len(values_N)
        if errors > 0:
            signal = errors / count
            likelihood = 0.5 * (logs - count * np.log(signal))
            if likelihood > best:
                best, found = likelihood, (signal, noise * signal)
    return found
