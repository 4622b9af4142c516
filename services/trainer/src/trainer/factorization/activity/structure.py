"""Structure: the hidden block. What whole molecules say of a target beyond the fragments they are cut into.

For every target a Gaussian process over its compounds, y_ct = centre + g_t(x_c) + noise, with the linear kernel
s^2 x_c . x_d + b^2 of unit feature rows (hashed atom environments). Predictions of its own training cells are made without the
cell itself (closed-form leave-one-out, Rasmussen and Williams 2006, 5.4.2), so that what is left is what unseen cells leave.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.sparse

from trainer.factorization.activity.cells import Cells

__all__ = ["Expectation", "Structure", "unit_rows"]

Array = npt.NDArray[np.float64]

_NOISES: Final = (0.02, 0.04, 0.07, 0.1, 0.14, 0.2, 0.28, 0.4, 0.6, 1.0, 2.0, 5.0)
"""Candidates for the variance of the noise, in units of the signal's."""
_LEVEL: Final = 0.2
"""Variance of a target's own level, in units of the signal's."""
_TUNED_CELLS: Final = 256
"""The variances are chosen by at most this many cells of a target..."""
_TUNED_TOTAL: Final = 12_000
"""...and about this many in all."""


@dataclass(frozen=True, eq=False)
class Expectation:
    """What structure alone expects of cells."""

    mean_N: Array
    variance_N: Array
    """Of the value's expectation; the noise of a measurement is not in it."""


@dataclass(frozen=True, eq=False)
class Structure:
    """Fitted weights: g_t(x) = x . weights_DT[:, t] + level_T[t]."""

    centre: float
    weights_DT: npt.NDArray[np.float32]
    level_T: npt.NDArray[np.float32]
    signal: float
    level: float
    noise: float
    """Variances."""
    train: Expectation
    """Leave-one-out expectation of the training cells, in their order."""

    def expects(self, features_CD: scipy.sparse.csr_array, cells: Cells, trained: Cells) -> Expectation:
        """Mean and variance of cells that were not trained on; `trained` are the cells that were."""
        mean_N, variance_N = np.full(len(cells), self.centre), np.full(len(cells), self.signal + self.level)
        for known, asked in _by_target(trained, cells):
            if not len(asked):
                continue
            x_ND = features_CD[trained.compound[known]]
            asked_MD = features_CD[cells.compound[asked]]
            target = cells.target[asked[0]]
            mean_N[asked] += asked_MD @ self.weights_DT[:, target] + self.level_T[target]
            if len(known):
                explained = _explained if len(known) <= x_ND.shape[1] else _explained_primal
                variance_N[asked] -= explained(x_ND, asked_MD, (self.signal, self.noise, self.level))
        return Expectation(mean_N=mean_N, variance_N=np.maximum(variance_N, 0.0))

    @classmethod
    def fit(cls, features_CD: scipy.sparse.csr_array, cells: Cells) -> "Structure":
        """Variances by the leave-one-out likelihood of the cells, then the weights of every target."""
        centre = float(cells.value.mean()) if len(cells) else 0.0
        targets = [known for known, _ in _by_target(cells, cells) if len(known)]
        signal, noise = _variances(features_CD, cells, _tuned(targets), centre)
        level = _LEVEL * signal
        weights_DT = np.zeros((features_CD.shape[1], cells.targets), dtype=np.float32)
        level_T = np.zeros(cells.targets, dtype=np.float32)
        mean_N, variance_N = np.full(len(cells), centre), np.full(len(cells), signal + level)
        for known in targets:
            x_ND, y_N = features_CD[cells.compound[known]], cells.value[known] - centre
            solve = _dual if len(known) <= x_ND.shape[1] else _primal
            a_N, inverse_N = solve(x_ND, y_N, (signal, noise, level))
            target = cells.target[known[0]]
            weights_DT[:, target] = signal * (x_ND.T @ a_N)
            level_T[target] = level * a_N.sum()
            mean_N[known] = cells.value[known] - a_N / inverse_N
            variance_N[known] = np.maximum(1.0 / inverse_N - noise, 0.0)
        return cls(
            centre=centre,
            weights_DT=weights_DT,
            level_T=level_T,
            signal=signal,
            level=level,
            noise=noise,
            train=Expectation(mean_N=mean_N, variance_N=variance_N),
        )


def unit_rows(features_CD: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """Rows scaled to length 1; rows of zeros stay."""
    lengths_C = np.sqrt(np.asarray(features_CD.multiply(features_CD).sum(axis=1), dtype=np.float64).ravel())
    scale_C = np.divide(1.0, lengths_C, out=np.zeros_like(lengths_C), where=lengths_C > 0)
    return scipy.sparse.csr_array(scipy.sparse.diags_array(scale_C) @ features_CD)


def _by_target(known: Cells, asked: Cells) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Positions of the known and of the asked cells of every target."""
    bounds = []
    for cells in (known, asked):
        order = np.argsort(cells.target, kind="stable")
        starts = np.searchsorted(cells.target[order], np.arange(cells.targets + 1)).tolist()
        bounds.append([order[start:stop] for start, stop in pairwise(starts)])
    return list(zip(*bounds, strict=True))


def _tuned(targets: list[npt.NDArray[np.int64]]) -> list[npt.NDArray[np.int64]]:
    """The targets the variances are chosen by: evenly spaced among those that are small enough, up to a total of cells."""
    small = [known[:_TUNED_CELLS] for known in targets if len(known) > 1]
    step = max(1, sum(map(len, small)) // _TUNED_TOTAL)
    return small[::step]


def _dual(x_ND: scipy.sparse.csr_array, y_N: Array, variances: tuple[float, float, float]) -> tuple[Array, Array]:
    """K^-1 y and the diagonal of K^-1 for the kernel of these rows, noise included."""
    signal, noise, level = variances
    kernel_NN = signal * (x_ND @ x_ND.T).toarray() + level
    kernel_NN[np.diag_indices(len(y_N))] += noise
    factor_NN = scipy.linalg.cholesky(kernel_NN, lower=True, overwrite_a=True, check_finite=False)
    half_NN = scipy.linalg.solve_triangular(factor_NN, np.eye(len(y_N)), lower=True, overwrite_b=True, check_finite=False)
    return half_NN.T @ (half_NN @ y_N), np.einsum("nm,nm->m", half_NN, half_NN)


def _primal(x_ND: scipy.sparse.csr_array, y_N: Array, variances: tuple[float, float, float]) -> tuple[Array, Array]:
    """The same for more rows than features, by the Woodbury identity."""
    _, noise, _ = variances
    half_DN, _ = _halves(x_ND, x_ND, variances)
    kept_N = 1.0 - np.einsum("dn,dn->n", half_DN, half_DN) / noise
    return (y_N - half_DN.T @ (half_DN @ y_N) / noise) / noise, kept_N / noise


def _explained(x_ND: scipy.sparse.csr_array, asked_MD: scipy.sparse.csr_array, variances: tuple[float, float, float]) -> Array:
    """How much of the prior variance of the asked rows the known ones take away."""
    signal, noise, level = variances
    kernel_NN = signal * (x_ND @ x_ND.T).toarray() + level
    kernel_NN[np.diag_indices(x_ND.shape[0])] += noise
    cross_NM = signal * (x_ND @ asked_MD.T).toarray() + level
    factor_NN = scipy.linalg.cholesky(kernel_NN, lower=True, overwrite_a=True, check_finite=False)
    half_NM = scipy.linalg.solve_triangular(factor_NN, cross_NM, lower=True, overwrite_b=True, check_finite=False)
    explained_M: Array = np.einsum("nm,nm->m", half_NM, half_NM)
    return explained_M


def _explained_primal(
    x_ND: scipy.sparse.csr_array, asked_MD: scipy.sparse.csr_array, variances: tuple[float, float, float]
) -> Array:
    """The same for more known rows than features."""
    half_DM, prior_M = _halves(x_ND, asked_MD, variances)
    explained_M: Array = prior_M - np.einsum("dm,dm->m", half_DM, half_DM)
    return explained_M


def _halves(
    x_ND: scipy.sparse.csr_array, asked_MD: scipy.sparse.csr_array, variances: tuple[float, float, float]
) -> tuple[Array, Array]:
    """H with H^T H = posterior covariance of the asked rows, D x M, and their prior variance."""
    signal, noise, level = variances
    features_ND, features_MD = (
        scipy.sparse.csr_array(
            scipy.sparse.hstack([signal**0.5 * rows, scipy.sparse.csr_array(np.full((rows.shape[0], 1), level**0.5))])
        )
        for rows in (x_ND, asked_MD)
    )
    gram_DD = (features_ND.T @ features_ND).toarray() / noise
    gram_DD[np.diag_indices(len(gram_DD))] += 1.0
    factor_DD = scipy.linalg.cholesky(gram_DD, lower=True, overwrite_a=True, check_finite=False)
    half_DM = scipy.linalg.solve_triangular(
        factor_DD, features_MD.T.toarray(), lower=True, overwrite_b=True, check_finite=False
    )
    prior_M = np.asarray(features_MD.multiply(features_MD).sum(axis=1), dtype=np.float64).ravel()
    return half_DM, prior_M


def _variances(
    features_CD: scipy.sparse.csr_array, cells: Cells, targets: list[npt.NDArray[np.int64]], centre: float
) -> tuple[float, float]:
    """Variances of signal and noise under which every cell is likeliest given the other cells of its target.

    One eigendecomposition a target serves every candidate; the common scale has a closed form. Without a target of two cells,
    or without any spread, signal and noise are 1.
    """
    spectra = []
    for known in targets:
        x_ND = features_CD[cells.compound[known]]
        values_N, vectors_NN = np.linalg.eigh((x_ND @ x_ND.T).toarray() + _LEVEL)
        spectra.append((values_N, vectors_NN, vectors_NN.T @ (cells.value[known] - centre)))
    best, found = -np.inf, (1.0, 1.0)
    for noise in _NOISES:
        errors, logs, count = 0.0, 0.0, 0
        for values_N, vectors_NN, turned_N in spectra:
            shrink_N = 1.0 / (values_N + noise)
            inverse_N = vectors_NN**2 @ shrink_N
            errors += float(np.sum((vectors_NN @ (shrink_N * turned_N)) ** 2 / inverse_N))
            logs += float(np.sum(np.log(inverse_N)))
            count += len(values_N)
        if errors > 0:
            signal = errors / count
            likelihood = 0.5 * (logs - count * np.log(signal))
            if likelihood > best:
                best, found = likelihood, (signal, noise * signal)
    return found
