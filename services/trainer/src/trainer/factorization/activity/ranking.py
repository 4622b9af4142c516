"""Ranking: the hidden block where only what acts is stated. What whole molecules say of every target at once.

Ridge regression of the table of stated cells (1) and all others (0) on unit rows of hashed atom environments; compounds of
which nothing is stated are not learned from. What it says of a compound that it learned from is said without that compound
(closed-form leave-one-out, Rasmussen and Williams 2006, 5.4.2).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.sparse

from trainer.factorization.activity.cells import Cells

__all__ = ["Ranking", "unit_rows"]

_PENALTY: Final = 1.0
_FULL: Final = 1.0 - 1e-6
"""Leverage beyond which nothing is left when a compound is left out."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """Fitted weights."""

    weights_DT: npt.NDArray[np.float32]
    train_CT: npt.NDArray[np.float32]
    """What is expected of every cell, each compound left out of what it is told by."""

    def expects(self, features_CD: scipy.sparse.csr_array) -> npt.NDArray[np.float32]:
        """Scores of all targets for rows of features."""
        found_CT: npt.NDArray[np.float32] = features_CD.astype(np.float32) @ self.weights_DT
        return found_CT

    @classmethod
    def fit(cls, features_CD: scipy.sparse.csr_array, cells: Cells) -> "Ranking":
        """From the places of the cells alone; their values are not read."""
        learned = np.unique(cells.compound)
        x_ND = features_CD[learned]
        place_N = np.searchsorted(learned, cells.compound), cells.target
        stated_NT = scipy.sparse.csr_array((np.ones(len(cells)), place_N), shape=(len(learned), cells.targets))
        gram_DD = (x_ND.T @ x_ND).toarray()
        gram_DD[np.diag_indices(len(gram_DD))] += _PENALTY
        inverse_DD = scipy.linalg.inv(gram_DD, overwrite_a=True, check_finite=False)
        weights_DT = (inverse_DD @ (x_ND.T @ stated_NT).toarray()).astype(np.float32)
        leverage_N = np.minimum(np.asarray(x_ND.multiply(x_ND @ inverse_DD).sum(axis=1)).ravel(), _FULL)
        train_CT = features_CD.astype(np.float32) @ weights_DT
        left_NT = (train_CT[learned] - leverage_N[:, None] * stated_NT.toarray()) / (1.0 - leverage_N[:, None])
        train_CT[learned] = left_NT
        return cls(weights_DT=weights_DT, train_CT=train_CT)


def unit_rows(features_CD: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """Rows scaled to length 1; rows of zeros stay."""
    lengths_C = np.sqrt(np.asarray(features_CD.multiply(features_CD).sum(axis=1), dtype=np.float64).ravel())
    scale_C = np.divide(1.0, lengths_C, out=np.zeros_like(lengths_C), where=lengths_C > 0)
    return scipy.sparse.csr_array(scipy.sparse.diags_array(scale_C) @ features_CD)
