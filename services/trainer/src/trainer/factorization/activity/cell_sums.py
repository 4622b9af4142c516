"""Cell sums: what the rows of both sides say of every cell, and sums of it, in machine code; written as `kernels` says."""

from typing import Final

import numpy as np
import numpy.typing as npt

from trainer.factorization.activity.machine_code import compiled

__all__ = ["moments", "padded", "products"]

_Singles = npt.NDArray[np.float32]
_Integers = npt.NDArray[np.int64]
_Columns = npt.NDArray[np.int32]

_WIDE: Final = 16
"""Numbers in the widest register, and in a line of the cache."""
_NEAR: Final = 2**16
"""Numbers that stay in the second cache beside other things: 256 KiB."""
_MOST_BLOCKS: Final = 8
"""Each has to be worth a look at every row."""
_NONE: Final = np.float32(0.0)


def padded(rows_RK: _Singles) -> _Singles:
    """The rows with columns of zeros up to a multiple of 16: what `products` and `moments` take."""
    R, K = rows_RK.shape
    rows_RP = np.zeros((R, -(-K // _WIDE) * _WIDE), dtype=np.float32)
    rows_RP[:, :K] = rows_RK
    return rows_RP


@compiled
def _dot(left_P: _Singles, right_P: _Singles) -> np.float32:
    """Of rows of equal length."""
    total = _NONE
    for k in range(len(left_P)):
        total += left_P[k] * right_P[k]
    return total


@compiled
def products(
    first: int, last: int, starts_R: _Integers, columns_N: _Columns, rows_RP: _Singles, others_OP: _Singles, product_N: _Singles
) -> None:
    """Of every cell of the rows from `first` to before `last`: row . other."""
    for r in range(first, last):
        for n in range(starts_R[r], starts_R[r + 1]):
            product_N[n] = _dot(rows_RP[r], others_OP[columns_N[n]])


@compiled
def moments(  # noqa: PLR0917 - numba knows arguments by their places
    first: int,
    last: int,
    starts_R: _Integers,
    columns_N: _Columns,
    rows_RP: _Singles,
    others_O2P: _Singles,
    bias_R: _Singles,
    bias_O: _Singles,
    offset_N: _Singles,
    values_N: _Singles,
    weights_N: _Singles,
    sums_R55: npt.NDArray[np.float64],
) -> None:
    """For the rows from `first` to before `last`, of what explains their cells: sums of weight x part_i x part_j, in double.

    The parts of a cell are the row's products with the two halves of the other, the other's bias (which is subtracted from the
    second half's product), the offset, and what they leave of the value less the row's bias. The columns of a row rise: as many
    others as the second cache holds are worked through for all rows, then the next; of half the sums the mirror is left at 0.
    """
    P, others = rows_RP.shape[1], len(others_O2P)
    block = max(_NEAR // (2 * P), others // _MOST_BLOCKS + 1)
    at_R = starts_R[first:last].copy()
    for end in range(block, others + block, block):
        for r in range(first, last):
            n, stop = at_R[r - first], starts_R[r + 1]
            if n == stop or columns_N[n] >= end:
                continue
            s00 = s10 = s11 = s20 = s21 = s22 = s30 = s31 = s32 = s33 = s40 = s41 = s42 = s43 = s44 = 0.0
            while n < stop and columns_N[n] < end:
                other = columns_N[n]
                bias, offset, weight = np.float64(bias_O[other]), np.float64(offset_N[n]), np.float64(weights_N[n])
                said = np.float64(_dot(rows_RP[r], others_O2P[other, :P]))
                left = np.float64(_dot(rows_RP[r], others_O2P[other, P:])) - bias
                rest = np.float64(values_N[n]) - bias_R[r] - said - left - bias - offset
                a, b, c, d, e = weight * said, weight * left, weight * bias, weight * offset, weight * rest
                s00, s10, s11, s20, s21 = s00 + a * said, s10 + b * said, s11 + b * left, s20 + c * said, s21 + c * left
                s22, s30, s31, s32, s33 = s22 + c * bias, s30 + d * said, s31 + d * left, s32 + d * bias, s33 + d * offset
                s40, s41, s42, s43, s44 = s40 + e * said, s41 + e * left, s42 + e * bias, s43 + e * offset, s44 + e * rest
                n += 1
            at_R[r - first] = n
            sums = sums_R55[r]
            for i, row in enumerate(((s00, 0.0, 0.0, 0.0, 0.0), (s10, s11, 0.0, 0.0, 0.0), (s20, s21, s22, 0.0, 0.0))):
                for j in range(5):
                    sums[i, j] += row[j]
            for i, row in enumerate(((s30, s31, s32, s33, 0.0), (s40, s41, s42, s43, s44))):
                for j in range(5):
                    sums[3 + i, j] += row[j]
