"""Rows: the cells of one side, sorted by row, and the Gaussian conditional of every row given the other side, exactly."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.factorization.activity.batches import Batches

__all__ = ["Rows"]

_BLOCKS: Final = 8
"""Blocks of rows a thread: who is done early takes another."""
_ROW_CELLS: Final = 40
"""A row costs what as many cells do, and its cells."""


class Rows:
    """The cells of one side by row: what every sweep needs and no sweep changes.

    For row r with cells n in columns c(n): y_n = x_r . f_c(n) + b_c(n) + noise, x_r ~ N(m_r, L L^T). With f~ = L^T f and
    x = L v the prior of v is N(L^-1 m, 1), and its posterior N(A^-1 (L^-1 m + F~^T (y - b)), A^-1), A = 1 + F~^T F~ = U^T U,
    where cells have been divided by the deviation of their noise. A draw is the mean + U^-1 z: K normal numbers a row.

    A row is the work of one thread, so that no sum depends on their number.
    """

    def __init__(
        self,
        row: npt.NDArray[np.int64],
        column: npt.NDArray[np.int64],
        *,
        rows: int,
        device: torch.device,
        threads: int = 1,
        compiled: bool | None = None,
    ) -> None:
        """`row` and `column` are the two sides of the cells, in any order.

        `threads` work beside each other. `compiled` is for those who compare: otherwise a processor runs machine code and any
        other device torch.
        """
        self.starts_R = np.zeros(rows + 1, dtype=np.int64)
        np.cumsum(np.bincount(row, minlength=rows), out=self.starts_R[1:])
        order = np.argsort(row, kind="stable")
        self._order_N = None if bool((np.diff(order) == 1).all()) else torch.from_numpy(order).to(device)
        columns_N = column[order]
        self.columns_N = torch.from_numpy(columns_N.astype(np.int32)).to(device)
        compiled = device.type == "cpu" if compiled is None else compiled
        self._batches = None if compiled else Batches(self.starts_R, device=device)
        self._threads = threads
        self._cost_R = self.starts_R + _ROW_CELLS * np.arange(rows + 1)

    def laid(self, cells_N: Tensor) -> Tensor:
        """A number of each cell, given in the order of the constructor's, in the order of the rows."""
        return cells_N if self._order_N is None else cells_N[self._order_N]

    def share(self, work: Callable[[int, int], object]) -> None:
        """Calls `work` with the first row and the end of blocks of rows that cost the same, on threads of their own."""
        shares = np.linspace(0, self._cost_R[-1], _BLOCKS * self._threads + 1)
        edges = np.searchsorted(self._cost_R, shares).tolist()
        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(work, edges[:-1], edges[1:]))  # asks for results, so that failures are raised

    def solve(
        self,
        others_OK: Tensor,
        bias_O: Tensor,
        values_N: Tensor,
        *,
        weights_N: Tensor,
        precision_R: Tensor,
        precision_O: Tensor,
        mean_RK: Tensor,
        scale_KK: Tensor,
        normals_RK: Tensor | None,
    ) -> tuple[Tensor, Tensor]:
        """Rows x, R x K: a draw of the conditional, and its mean.

        Args:
            others_OK: the other side's rows f.
            bias_O: what each of them adds by itself, b.
            values_N: what the cells say, `laid`.
            weights_N: a cell's noise has a precision, 1 / variance, of this, `laid`, times those of its row and its other.
            precision_R: of the rows.
            precision_O: of the others.
            mean_RK: prior means m.
            scale_KK: L, any square root of the prior covariance.
            normals_RK: standard normal numbers; without them the draw is the mean.
        """
        prior_RK = mean_RK @ torch.linalg.inv(scale_KK.double()).float().T
        others_OK = others_OK @ scale_KK
        given = (bias_O, values_N, weights_N, precision_R, precision_O, prior_RK)
        if self._batches is not None:
            normals_RK = torch.zeros_like(mean_RK) if normals_RK is None else normals_RK
            found = self._batches.condition(self.columns_N, others_OK, *given, normals_RK)
        else:
            from trainer.factorization.activity.kernels import condition  # noqa: PLC0415 - loading numba takes a second

            normals_RK = mean_RK[:0] if normals_RK is None else normals_RK
            found = torch.empty_like(prior_RK), torch.empty_like(prior_RK)
            arrays = [tensor.contiguous().numpy() for tensor in (*given, normals_RK, *found)]
            fixed = (self.starts_R, self.columns_N.numpy(), others_OK.contiguous().numpy())
            self.share(lambda first, last: condition(first, last, *fixed, *arrays))
        mean_RK = found[0] @ scale_KK.T
        return (found[1] @ scale_KK.T if len(normals_RK) else mean_RK), mean_RK
