"""Batches: the Gaussian conditional of many rows at once in torch, for devices that want few large calls."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

__all__ = ["Batches"]

_EDGES: Final = (*range(5), 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024)
"""Rows are padded to the largest of their batch; neighbouring edges differ by less than a half."""
_NUMBERS: Final = 4_000_000
"""Numbers held at once: 16 MB in float32."""
_RANK: Final = 64
"""The rank for which that is reckoned."""


@dataclass(frozen=True, eq=False)
class _Batch:
    """Rows of similar length; `cells_BN` points into the cells, and where `holds_BN` is 0 at nothing."""

    rows_B: Tensor
    cells_BN: Tensor
    holds_BN: Tensor


class Batches:
    """Rows by their number of cells, padded."""

    def __init__(self, starts_R: npt.NDArray[np.int64], *, device: torch.device) -> None:
        """The cells of row r are those from starts[r] to before starts[r + 1]."""
        lengths = np.diff(starts_R)
        edges = [*_EDGES]
        while edges[-1] < lengths.max(initial=0):
            edges.append(edges[-1] * 3 // 2)
        self._batches: list[_Batch] = []
        for shorter, longest in pairwise(edges):
            members = np.flatnonzero((lengths > shorter) & (lengths <= longest))
            size = max(1, _NUMBERS // (max(longest, _RANK) * _RANK))
            for rows_B in (members[first : first + size] for first in range(0, len(members), size)):
                offsets_BN = np.arange(lengths[rows_B].max())[None]
                holds_BN = offsets_BN < lengths[rows_B][:, None]
                cells_BN = np.where(holds_BN, starts_R[rows_B][:, None] + offsets_BN, 0)
                self._batches.append(_Batch(*(torch.from_numpy(array).to(device) for array in (rows_B, cells_BN, holds_BN))))

    def condition(  # noqa: PLR0917 - the arguments of the kernel in its order
        self,
        columns_N: Tensor,
        others_OK: Tensor,
        bias_O: Tensor,
        values_N: Tensor,
        weights_N: Tensor,
        precision_R: Tensor,
        precision_O: Tensor,
        prior_RK: Tensor,
        normals_RK: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Means and draws, R x K each: what `kernels.condition` finds."""
        mean_RK, drawn_RK = prior_RK.clone(), prior_RK + normals_RK
        for batch in self._batches:
            # In units in which the noise of every cell is 1; places that hold no cell have precision 0 and so say nothing.
            others_BN = columns_N[batch.cells_BN]
            root_BN = (
                weights_N[batch.cells_BN] * precision_R[batch.rows_B, None] * precision_O[others_BN] * batch.holds_BN
            ).sqrt()
            F_BNK = others_OK[others_BN] * root_BN[..., None]
            A_BKK = F_BNK.mT @ F_BNK
            A_BKK.diagonal(dim1=1, dim2=2).add_(1.0)
            pull_BK1 = (
                F_BNK.mT @ ((values_N[batch.cells_BN] - bias_O[others_BN]) * root_BN)[..., None]
                + prior_RK[batch.rows_B][..., None]
            )
            L_BKK = torch.linalg.cholesky(A_BKK)
            found_BK1 = torch.cholesky_solve(pull_BK1, L_BKK)
            mean_RK[batch.rows_B] = found_BK1[..., 0]
            apart_BK1 = torch.linalg.solve_triangular(L_BKK.mT, normals_RK[batch.rows_B][..., None], upper=True)
            drawn_RK[batch.rows_B] = (found_BK1 + apart_BK1)[..., 0]
        return mean_RK, drawn_RK
