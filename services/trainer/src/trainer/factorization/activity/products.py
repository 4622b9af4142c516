"""Products: what the rows of both sides say of every cell, and the sums over cells that a sweep asks for."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.factorization.activity.rows import Rows

__all__ = ["Products"]


class Products:
    """The cells by row, and rows with a bias in their last column: rows are R x (K+1), the others O x (K+1)."""

    def __init__(self, rows: Rows, *, compiled: bool) -> None:
        """`compiled` says whether machine code is run or torch."""
        self._rows, self._compiled = rows, compiled
        self._lengths_R = torch.from_numpy(np.diff(rows.starts_R)).to(rows.columns_N.device)

    def expected_N(self, rows_RK: Tensor, others_OK: Tensor) -> Tensor:
        """Of every cell the product of factors, and both biases."""
        left_RK = torch.cat([rows_RK, torch.ones_like(rows_RK[:, :1])], dim=1)
        right_OK = torch.cat([others_OK[:, :-1], torch.ones_like(others_OK[:, :1]), others_OK[:, -1:]], dim=1)
        if not self._compiled:
            return (left_RK.repeat_interleave(self._lengths_R, dim=0) * right_OK[self._rows.columns_N]).sum(1)
        from trainer.factorization.activity.cell_sums import padded, products  # noqa: PLC0415 - loading numba takes a second

        expected_N = torch.empty(len(self._rows.columns_N))
        rows_RP, others_OP = padded(left_RK.numpy()), padded(right_OK.numpy())
        arrays = (self._rows.starts_R, self._rows.columns_N.numpy(), rows_RP, others_OP, expected_N.numpy())
        self._rows.share(lambda first, last: products(first, last, *arrays))
        return expected_N

    def moments_R55(
        self, rows_RK: Tensor, said_OK: Tensor, left_OK: Tensor, *, offset_N: Tensor, values_N: Tensor, weights_N: Tensor
    ) -> npt.NDArray[np.float64]:
        """For every row the sums over its cells of weight x part_i x part_j, in double precision.

        The parts of a cell are the row's product with what is said of the other (bias included), with what that leaves of its
        factors, what it leaves of its bias, the offset, and what all these leave of the value. They add up to the value less
        the row's bias.
        """
        ones_RK = rows_RK.clone()
        ones_RK[:, -1] = 1.0
        if not self._compiled:
            columns_N = self._rows.columns_N
            ones_NK = ones_RK.repeat_interleave(self._lengths_R, dim=0)
            said_N, left_N = ((ones_NK * others_OK[columns_N]).sum(1).double() for others_OK in (said_OK, left_OK))
            bias_N = left_OK[columns_N, -1].double()
            rest_N = values_N.double() - rows_RK[:, -1].repeat_interleave(self._lengths_R) - said_N - left_N - offset_N
            parts_N5 = torch.stack([said_N, left_N - bias_N, bias_N, offset_N.double(), rest_N], dim=1)
            squares_N25 = (weights_N[:, None, None] * parts_N5[:, :, None] * parts_N5[:, None]).flatten(1)
            sums_R25 = torch.segment_reduce(squares_N25, "sum", lengths=self._lengths_R, axis=0)
            found_R55: npt.NDArray[np.float64] = sums_R25.view(-1, 5, 5).cpu().numpy()
            return found_R55
        from trainer.factorization.activity.cell_sums import moments, padded  # noqa: PLC0415 - loading numba takes a second

        sums_R55 = np.zeros((len(rows_RK), 5, 5))
        both_O2P = np.concatenate([padded(said_OK.numpy()), padded(left_OK.numpy())], axis=1)
        biases = (rows_RK[:, -1].contiguous().numpy(), left_OK[:, -1].contiguous().numpy())
        cells = (offset_N.numpy(), values_N.numpy(), weights_N.numpy())
        arrays = (
            self._rows.starts_R,
            self._rows.columns_N.numpy(),
            padded(ones_RK.numpy()),
            both_O2P,
            *biases,
            *cells,
            sums_R55,
        )
        self._rows.share(lambda first, last: moments(first, last, *arrays))
        return sums_R55 + np.tril(sums_R55, -1).transpose(0, 2, 1)
