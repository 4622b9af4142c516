"""Alike: how alike whole molecules are, as a kernel.

Of two feature rows the Tanimoto similarity x.y / (|x|^2 + |y|^2 - x.y), the mean over several kinds of features (Ralaivola et
al. 2005: positive definite; means of kernels are kernels). Of rows of 0 and 1 with a column for the first, the second, ... time
that a feature occurs it is the MinMax similarity of the counts.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse

__all__ = ["KIND_FEATURES", "Alike", "unit_rows"]

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

KIND_FEATURES: Final = 2**20
"""Columns of one kind of features; those of the next kind begin behind them."""
_LARGEST: Final = 16_384
"""Compounds of which all pairs are compared at once: 1 GB."""
_ROWS: Final = 1024


class Alike:
    """Rows of features; two molecules without any feature of a kind are equal in it, and one of them is like no other."""

    def __init__(self, features_CD: scipy.sparse.csr_array) -> None:
        starts = range(0, max(features_CD.shape[1], 1), KIND_FEATURES)
        kinds = [scipy.sparse.csr_array(features_CD[:, start : start + KIND_FEATURES]) for start in starts]
        self._kinds = [(kind_CD, _squares(kind_CD)) for kind_CD in kinds]

    def between(self, first_M: Ints, second_N: Ints) -> Array:
        """Of these compounds with those, M x N: 0 to 1, and 1 of a compound with itself."""
        alike_MN = np.zeros((len(first_M), len(second_N)))
        for kind_CD, squares_C in self._kinds:
            second_DN = scipy.sparse.csr_array(kind_CD[second_N].T)
            for start in range(0, len(first_M), _ROWS):
                rows = first_M[start : start + _ROWS]
                shared_MN = (kind_CD[rows] @ second_DN).toarray()
                either_MN = squares_C[rows, None] + squares_C[second_N] - shared_MN
                with_MN = either_MN > 0
                alike_MN[start : start + _ROWS] += np.divide(shared_MN, either_MN, out=np.ones_like(either_MN), where=with_MN)
        alike_MN /= len(self._kinds)
        return alike_MN

    def each(self, pairs: Sequence[tuple[Ints, Ints]]) -> Iterator[Array]:
        """`between` of every pair; made once of all compounds, in single precision, where that is less work."""
        every = np.unique(np.concatenate([np.zeros(0, np.int64), *(side for pair in pairs for side in pair)]))
        if len(every) > _LARGEST or len(every) ** 2 >= sum(len(first) * len(second) for first, second in pairs):
            for first, second in pairs:
                yield self.between(first, second)
            return
        whole_CC = np.empty((len(every), len(every)), dtype=np.float32)
        for start in range(0, len(every), _ROWS):
            whole_CC[start : start + _ROWS] = self.between(every[start : start + _ROWS], every)
        for first, second in pairs:
            yield whole_CC[np.ix_(np.searchsorted(every, first), np.searchsorted(every, second))].astype(np.float64)


def unit_rows(features_CD: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """Rows scaled to length 1; rows of zeros stay."""
    lengths_C = np.sqrt(_squares(features_CD))
    scale_C = np.divide(1.0, lengths_C, out=np.zeros_like(lengths_C), where=lengths_C > 0)
    return scipy.sparse.csr_array(scipy.sparse.diags_array(scale_C) @ features_CD)


def _squares(features_CD: scipy.sparse.csr_array) -> Array:
    squares_C: Array = np.asarray(features_CD.multiply(features_CD).sum(axis=1), dtype=np.float64).ravel()
    return squares_C
