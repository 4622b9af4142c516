"""Rows: the Gaussian conditional of every row of one side given the other side, exactly and all at once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

__all__ = ["Rows"]

_EDGES: Final = (*range(5), 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024)
"""Rows are padded to the largest of their group; neighbouring edges differ by less than a half."""
_BATCH_NUMBERS: Final = 4_000_000
"""Numbers gathered at once: 16 MB in float32."""


@dataclass(frozen=True, eq=False)
class _Group:
    """Rows of similar length; `cells_BN` points into the cells, and where `holds_BN` is 0 at nothing."""

    rows_B: Tensor
    cells_BN: Tensor
    holds_BN: Tensor


class Rows:
    """The cells of one side, grouped by row: what every sweep needs and no sweep changes.

    For row r with cells n in columns c(n): y_n = x_r . f_c(n) + noise, x_r ~ N(m_r, L L^T). With f~ = L^T f and
    x = m + L v the prior of v is standard. A row with fewer cells than K is solved in the dual, N x N, the others in K x K.

    Groups share no row, so that threads take whole groups and no sum depends on their number: torch itself is to have one
    thread (its batched triangular solves of small matrices cost a hundred times as much with two).
    """

    def __init__(
        self,
        row: npt.NDArray[np.int64],
        column: npt.NDArray[np.int64],
        *,
        rows: int,
        device: torch.device,
        threads: int = 1,
    ) -> None:
        """`row` and `column` are the two sides of the cells, in any order; `threads` work on groups beside each other."""
        order = np.argsort(row, kind="stable")
        starts = np.searchsorted(row[order], np.arange(rows + 1))
        lengths = np.diff(starts)
        self._threads = threads if device.type == "cpu" else 1
        self._column_N = torch.from_numpy(column).to(device)
        self._groups: list[_Group] = []
        edges = [*_EDGES]
        while edges[-1] < lengths.max(initial=0):
            edges.append(edges[-1] * 3 // 2)
        for shorter, longest in pairwise(edges):
            members = np.flatnonzero((lengths > shorter) & (lengths <= longest))
            batch = max(1, _BATCH_NUMBERS // (longest * 64))
            for rows_B in (members[first : first + batch] for first in range(0, len(members), batch)):
                offsets_BN = np.arange(lengths[rows_B].max())[None]
                holds_BN = offsets_BN < lengths[rows_B][:, None]
                cells_BN = order[np.where(holds_BN, starts[rows_B][:, None] + offsets_BN, starts[rows_B][:, None])]
                self._groups.append(_Group(*(torch.from_numpy(array).to(device) for array in (rows_B, cells_BN, holds_BN))))

    def solve(
        self,
        others_OK: Tensor,
        values_N: Tensor,
        precision_N: Tensor,
        *,
        mean_RK: Tensor,
        scale_KK: Tensor,
        normals: tuple[Tensor, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Rows x, R x K: a draw of the conditional, and its mean.

        Args:
            others_OK: the other side's rows f.
            values_N: what the cells say of x . f, in the order of the cells given to the constructor.
            precision_N: 1 / variance of each cell's noise.
            mean_RK: prior means m.
            scale_KK: L, any square root of the prior covariance; R x K x K is not supported.
            normals: standard normal numbers, R x K for the rows and N for the cells.
        """
        others_OK = others_OK @ scale_KK
        rows_RK, noise_N = normals
        deviation_2RK = torch.stack([rows_RK, torch.zeros_like(rows_RK)])
        inverse_KK_mean_RK = torch.linalg.solve(scale_KK, mean_RK.T).T

        def solve(group: _Group) -> None:
            # In units in which the noise of every cell is 1; places that hold no cell have precision 0 and so say nothing.
            root_BN = (precision_N[group.cells_BN] * group.holds_BN).sqrt()
            F_BNK = others_OK[self._column_N[group.cells_BN]] * root_BN[..., None]
            known_BN = values_N[group.cells_BN] * root_BN - (F_BNK @ inverse_KK_mean_RK[group.rows_B][..., None])[..., 0]
            found = _dual if F_BNK.shape[1] < F_BNK.shape[2] else _primal
            deviation_2RK[:, group.rows_B] = found(F_BNK, known_BN, rows_RK[group.rows_B], noise_N[group.cells_BN])

        if self._threads == 1 or len(self._groups) == 1:
            for group in self._groups:
                solve(group)
        else:
            with ThreadPoolExecutor(self._threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
                list(pool.map(solve, self._groups))  # asks for results, so that failures are raised
        drawn_RK, expected_RK = mean_RK + deviation_2RK @ scale_KK.T
        return drawn_RK, expected_RK


def _dual(F_BNK: Tensor, known_BN: Tensor, draw_BK: Tensor, noise_BN: Tensor) -> Tensor:
    """V = z + F^T (F F^T + 1)^-1 (y - F z - noise) (Bhattacharya 2016), and its mean."""
    S_BNN = F_BNK @ F_BNK.mT
    S_BNN.diagonal(dim1=1, dim2=2).add_(1.0)
    right_BN2 = torch.stack([known_BN - (F_BNK @ draw_BK[..., None])[..., 0] - noise_BN, known_BN], dim=-1)
    weights_BN2 = torch.cholesky_solve(right_BN2, torch.linalg.cholesky(S_BNN))
    found_2BK = (F_BNK.mT @ weights_BN2).movedim(-1, 0)
    found_2BK[0] += draw_BK
    return found_2BK


def _primal(F_BNK: Tensor, known_BN: Tensor, draw_BK: Tensor, noise_BN: Tensor) -> Tensor:
    """V = (F^T F + 1)^-1 (F^T (y + noise) + z): the same distribution by perturbing what the normal equations are given."""
    A_BKK = F_BNK.mT @ F_BNK
    A_BKK.diagonal(dim1=1, dim2=2).add_(1.0)
    right_BK2 = F_BNK.mT @ torch.stack([known_BN + noise_BN, known_BN], dim=-1)
    right_BK2[..., 0] += draw_BK
    return torch.cholesky_solve(right_BK2, torch.linalg.cholesky(A_BKK)).movedim(-1, 0)
