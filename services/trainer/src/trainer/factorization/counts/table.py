"""The fragment x target table of a `counts` fit, on the device that fits it."""

import math
import warnings
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse
import torch
from torch import Tensor

__all__ = ["Counts"]

_SMALL_CELLS: Final = 10**6
"""Tables up to this size are held dense, whatever they hold: a sparse product would cost more than it saves."""
_DENSE_SHARE: Final = 0.2
"""Filled share from which a dense product is the faster one, up to `_LARGE_CELLS`."""
_LARGE_CELLS: Final = 5 * 10**7
"""400 MB in float64: a larger sparse table stays sparse."""
_LARGEST: Final = 1e30
"""Factors are published in float32, which ends at 3e38."""


class Counts:
    """R, a table of float64 numbers that is only ever multiplied.

    The table is held divided by `scale`, a power of two, so that no magnitude overflows and no digit is lost: everything
    below is about R / scale. A sparse table is held by rows and by columns; no dense F x T array is made from a large one.
    """

    def __init__(self, counts_FT: scipy.sparse.csr_array | npt.NDArray[np.float64], device: torch.device) -> None:
        """Raises ValueError for a table without rows or columns, or with a number that is not finite or over 1e30."""
        sparse: scipy.sparse.csr_array[np.float64, tuple[int, int]] = scipy.sparse.csr_array(counts_FT).astype(np.float64)
        sparse.sum_duplicates()
        sparse.eliminate_zeros()
        self.F, self.T = map(int, sparse.shape)
        self.device = device
        if not self.F or not self.T:
            raise ValueError(f"a table of {self.F} fragments and {self.T} targets has nothing to fit")
        largest = float(np.abs(sparse.data).max(initial=0.0))
        if not largest <= _LARGEST:
            raise ValueError(f"the table holds a number that is not finite, or over {_LARGEST:.0e}")
        self.scale = 2.0 ** math.frexp(largest)[1] if largest else 1.0
        sparse.data = sparse.data / self.scale
        squares_FT = sparse.power(2)
        self.row_lengths_F: npt.NDArray[np.float64] = np.sqrt(squares_FT.sum(axis=1))
        self.column_lengths_T: npt.NDArray[np.float64] = np.sqrt(squares_FT.sum(axis=0))
        self.square = float(squares_FT.data.sum())  # not by BLAS, whose sums depend on its threads
        """Sum of the squared cells."""
        cells = self.F * self.T
        self._dense = cells <= _SMALL_CELLS or (sparse.nnz >= _DENSE_SHARE * cells and cells <= _LARGE_CELLS)
        if self._dense:
            self._R = torch.tensor(sparse.toarray(), device=device)
            self._transposed = self._R.T
        else:
            self._R = _on_device(sparse, device)
            self._transposed = _on_device(scipy.sparse.csr_array(sparse.T), device)

    def times(self, block_TW: Tensor) -> Tensor:
        """R X, F x W."""
        return self._R @ block_TW

    def transposed_times(self, block_FW: Tensor) -> Tensor:
        """R^T Y, T x W."""
        return self._transposed @ block_FW

    def squared_error(self, P_FK: Tensor, Q_TK: Tensor, *, inner: float) -> float:
        """The squared differences between R and P Q^T, summed over all cells; `inner` is <R, P Q^T>.

        For a sparse table |R|^2 - 2 <R, P Q^T> + |P Q^T|^2, which is exact to about 1e-15 |R|^2.
        """
        if self._dense:
            return float((self._R - P_FK @ Q_TK.T).square().sum())
        product = float(((P_FK.T @ P_FK) * (Q_TK.T @ Q_TK)).sum())
        return max(self.square - 2 * inner + product, 0.0)


def _on_device(table: scipy.sparse.csr_array, device: torch.device) -> Tensor:
    index = np.int32 if max(table.nnz, *table.shape) < np.iinfo(np.int32).max else np.int64
    parts = (torch.tensor(table.indptr.astype(index)), torch.tensor(table.indices.astype(index)), torch.tensor(table.data))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta", category=UserWarning)
        return torch.sparse_csr_tensor(*parts, size=table.shape, check_invariants=True).to(device)
