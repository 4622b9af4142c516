"""Posterior: what a fit knows, as draws: predictions with intervals, and profiles of fragments."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse
from scipy.special import ndtr

from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.ranking import Ranking
from trainer.factorization.activity.structure import Expectation, Structure

__all__ = ["Draws", "Posterior", "Prediction"]

Array = npt.NDArray[np.float64]
Half = npt.NDArray[np.float16]

_INTERVAL: Final = (0.05, 0.95)
_NOISE_REPEATS: Final = 8
"""Noise drawn for each posterior draw of a cell, so that 32 draws give smooth 5 and 95 % points."""


@dataclass(frozen=True, eq=False)
class Draws:
    """Posterior draws, S of them, in half precision. Column K of U, P and Q is the bias."""

    U_SCK: Half
    mean_SCK: Half
    """What each U was drawn around."""
    P_SFK: Half
    Q_STK: Half
    residual_SKK: Array
    """Square roots of the covariance of what fragments do not say of a compound."""
    fragments_SKK: Array
    """Square roots of the covariance of fragments: what is known of one that no compound contained."""
    noise_ST: Array
    """Precisions."""
    slope_S: Array

    def __len__(self) -> int:
        return len(self.slope_S)


@dataclass(frozen=True, eq=False)
class Prediction:
    """Of cells: the mean, and the interval that a new measurement lies in with 90 %. For binary data chances, not values."""

    mean_N: Array
    low_N: Array
    high_N: Array

    def at(self, positions: npt.NDArray[np.int64]) -> "Prediction":
        """Of some of the cells."""
        return Prediction(mean_N=self.mean_N[positions], low_N=self.low_N[positions], high_N=self.high_N[positions])

    def stretched(self, factor: float) -> "Prediction":
        """The same means with intervals `factor` times as wide."""
        low_N, high_N = (self.mean_N + factor * (end_N - self.mean_N) for end_N in (self.low_N, self.high_N))
        return Prediction(mean_N=self.mean_N, low_N=low_N, high_N=high_N)


@dataclass(frozen=True, eq=False)
class Posterior:
    """Draws, and the hidden block where there is one."""

    draws: Draws
    centre: float
    binary: bool
    structure: Structure | None
    ranking: Ranking | None = None
    """The hidden block of a fit of positives."""

    def predict(self, asked: Cells, *, structural: Expectation | None, seed: int = 0) -> Prediction:
        """Cells of compounds that the fit knew (their own cells may have been few or none); values in `asked` are not read.

        `structural` is `Structure.expects` of the same cells and is needed exactly when the fit had a hidden block.
        """
        if (structural is None) != (self.structure is None):
            raise ValueError("a fit with structure predicts from structure, and one without it does not")
        offset_N, inflation_N = np.zeros(len(asked)), np.ones(len(asked))
        if self.structure is not None and structural is not None:
            offset_N = structural.mean_N - self.structure.centre
            inflation_N = 1.0 + structural.variance_N / self.structure.noise
        generator = np.random.default_rng(seed)
        total_N, samples = np.zeros(len(asked)), []
        for s in range(len(self.draws)):
            base_N = self.centre + self.draws.slope_S[s] * offset_N
            expected_N = base_N + self._product(self.draws.mean_SCK[s], s, asked)
            drawn_N = base_N + self._product(self.draws.U_SCK[s], s, asked)
            if self.binary:
                total_N += ndtr(expected_N)
                samples.append(ndtr(drawn_N)[None])
                continue
            total_N += expected_N
            spread_N = np.sqrt(inflation_N / self.draws.noise_ST[s, asked.target])
            samples.append(drawn_N + spread_N * generator.standard_normal((_NOISE_REPEATS, len(asked))))
        low_N, high_N = np.quantile(np.concatenate(samples), _INTERVAL, axis=0)
        return Prediction(mean_N=total_N / len(self.draws), low_N=low_N, high_N=high_N)

    def scores_MT(self, compounds: npt.NDArray[np.int64], features_CD: scipy.sparse.csr_array | None = None) -> Array:
        """The mean of every target for each of these compounds; `features_CD`, of all, is needed where there is a `ranking`."""
        if (features_CD is None) != (self.ranking is None):
            raise ValueError("a fit with structure ranks by structure, and one without it does not")
        total_MT = np.full((len(compounds), self.draws.Q_STK.shape[1]), self.centre)
        if self.ranking is not None and features_CD is not None:
            total_MT += self.ranking.expects(features_CD[compounds])
        for mean_CK, Q_TK in zip(self.draws.mean_SCK, self.draws.Q_STK.astype(np.float32), strict=True):
            mean_MK = mean_CK[compounds].astype(np.float32)
            part_MT = mean_MK[:, :-1] @ Q_TK[:, :-1].T + mean_MK[:, -1:] + Q_TK[:, -1]
            total_MT += part_MT / len(self.draws)
        return total_MT

    def _product(self, U_CK: Half, s: int, cells: Cells) -> Array:
        U_NK = U_CK[cells.compound].astype(np.float64)
        Q_NK = self.draws.Q_STK[s][cells.target].astype(np.float64)
        product_N: Array = np.einsum("nk,nk->n", U_NK[:, :-1], Q_NK[:, :-1]) + U_NK[:, -1] + Q_NK[:, -1]
        return product_N
