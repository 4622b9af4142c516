"""Kernels: the Gaussian conditional of rows given the other side, in machine code, for processors.

Plain loops that numba compiles. Its compiler, LLVM, puts a loop into vector registers where it runs from 0 over whole rows of
arrays that lie in one piece, and where it either sums into local numbers or writes to one array; hence the slices before the
loops. Sums are over multiples of 16 numbers, the widest register, so that nothing is left over.

A sum is always made by one call in one order, so that the results are the same bits for any number of threads that share the
rows out.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from trainer.factorization.activity.machine_code import compiled

__all__ = ["condition"]

_Singles = npt.NDArray[np.float32]
_Integers = npt.NDArray[np.int64]
_Columns = npt.NDArray[np.int32]

_WIDE: Final = 16
"""Numbers in the widest register, and in a line of the cache."""
_PANEL: Final = 256
"""Cells gathered at once: long enough for sums in registers, and in the second cache with the matrix they are added to."""
_ONE: Final = np.float32(1.0)
_NONE: Final = np.float32(0.0)


@compiled
def _whole(count: int) -> int:
    """The next multiple of the widest register."""
    return (count + _WIDE - 1) // _WIDE * _WIDE


@compiled
def _fill(numbers: _Singles, value: np.float32) -> None:
    """An assignment to a slice takes numba seconds to compile."""
    for k in range(len(numbers)):
        numbers[k] = value


@compiled
def _add_products(tile_44: _Singles, left_4N: _Singles, right_4N: _Singles, count: int) -> None:
    """To the tile: left[:, :count] @ right[:, :count].T, its 16 sums in registers: a product an instruction, half a load."""
    a0, a1, a2, a3 = left_4N[0], left_4N[1], left_4N[2], left_4N[3]
    b0, b1, b2, b3 = right_4N[0], right_4N[1], right_4N[2], right_4N[3]
    s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = _NONE
    for n in range(count):
        x0, x1, x2, x3 = a0[n], a1[n], a2[n], a3[n]
        y0, y1, y2, y3 = b0[n], b1[n], b2[n], b3[n]
        s00, s01, s02, s03 = s00 + x0 * y0, s01 + x0 * y1, s02 + x0 * y2, s03 + x0 * y3
        s10, s11, s12, s13 = s10 + x1 * y0, s11 + x1 * y1, s12 + x1 * y2, s13 + x1 * y3
        s20, s21, s22, s23 = s20 + x2 * y0, s21 + x2 * y1, s22 + x2 * y2, s23 + x2 * y3
        s30, s31, s32, s33 = s30 + x3 * y0, s31 + x3 * y1, s32 + x3 * y2, s33 + x3 * y3
    t0, t1, t2, t3 = tile_44[0], tile_44[1], tile_44[2], tile_44[3]
    t0[0], t0[1], t0[2], t0[3] = t0[0] + s00, t0[1] + s01, t0[2] + s02, t0[3] + s03
    t1[0], t1[1], t1[2], t1[3] = t1[0] + s10, t1[1] + s11, t1[2] + s12, t1[3] + s13
    t2[0], t2[1], t2[2], t2[3] = t2[0] + s20, t2[1] + s21, t2[2] + s22, t2[3] + s23
    t3[0], t3[1], t3[2], t3[3] = t3[0] + s30, t3[1] + s31, t3[2] + s32, t3[3] + s33


@compiled
def _in_units_of_noise(  # noqa: PLR0917 - numba knows arguments by their places
    columns_N: _Columns,
    values_N: _Singles,
    weights_N: _Singles,
    precision: np.float32,
    precision_O: _Singles,
    bias_O: _Singles,
    columns_n: _Columns,
    roots_n: _Singles,
    right_n: _Singles,
) -> None:
    """Of the cells of a panel: columns, roots of precisions, and values less biases times them; then cells that say nothing."""
    for n in range(len(columns_N)):
        other = columns_N[n]
        root = np.sqrt(weights_N[n] * precision * precision_O[other])
        columns_n[n], roots_n[n], right_n[n] = other, root, (values_N[n] - bias_O[other]) * root
    for n in range(len(columns_N), len(columns_n)):
        columns_n[n], roots_n[n], right_n[n] = columns_N[0], _NONE, _NONE


@compiled
def _gather(F_MN: _Singles, columns_n: _Columns, roots_n: _Singles, others_OK: _Singles) -> np.float32:
    """F[k, n] = roots[n] * others[columns[n], k], eight cells at a time; what it returns only keeps its first loop alive.

    That loop asks for every line of memory before the first is used: they arrive together.
    """
    K = others_OK.shape[1]
    touched = _NONE
    for n in range(len(columns_n)):
        other = others_OK[columns_n[n]]
        for k in range(0, K, _WIDE):
            touched += other[k]
    for n in range(0, len(columns_n), 8):
        c, r = columns_n[n : n + 8], roots_n[n : n + 8]
        r0, r1, r2, r3, r4, r5, r6, r7 = r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]
        f0, f1, f2, f3 = others_OK[c[0]], others_OK[c[1]], others_OK[c[2]], others_OK[c[3]]
        f4, f5, f6, f7 = others_OK[c[4]], others_OK[c[5]], others_OK[c[6]], others_OK[c[7]]
        for k in range(K):
            x0, x1, x2, x3 = r0 * f0[k], r1 * f1[k], r2 * f2[k], r3 * f3[k]
            x4, x5, x6, x7 = r4 * f4[k], r5 * f5[k], r6 * f6[k], r7 * f7[k]
            row = F_MN[k, n : n + 8]
            row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7] = x0, x1, x2, x3, x4, x5, x6, x7
    return touched


@compiled
def _factorise(A_BB44: _Singles, rows_B4N: _Singles, scratch_4N: _Singles, cells: int) -> None:
    """L of A + F F^T = L L^T, where F is the first `cells` columns of the rows; L becomes the columns behind them.

    Those are given as zeros. A consists of tiles of 4 x 4; those with the row's number above the column's are not looked at.
    Four columns of L at a time (Cholesky, left-looking): one pass over the rows takes the products of F and of L so far.
    """
    for b in range(len(A_BB44)):
        done = cells + 4 * b
        count = cells + _whole(4 * b)
        for u in range(4):
            row, copy = rows_B4N[b, u], scratch_4N[u]
            for n in range(count):
                copy[n] = row[n]
            copy = copy[cells:count]
            for n in range(len(copy)):
                copy[n] = -copy[n]
        for i in range(b, len(A_BB44)):
            _add_products(A_BB44[b, i], scratch_4N, rows_B4N[i], count)
        # L L^T of the tile on the diagonal: its entries, and one over those on the diagonal.
        t = A_BB44[b, b]
        over0 = _ONE / np.sqrt(t[0, 0])
        l10, l20, l30 = t[0, 1] * over0, t[0, 2] * over0, t[0, 3] * over0
        over1 = _ONE / np.sqrt(t[1, 1] - l10 * l10)
        l21, l31 = (t[1, 2] - l20 * l10) * over1, (t[1, 3] - l30 * l10) * over1
        over2 = _ONE / np.sqrt(t[2, 2] - l20 * l20 - l21 * l21)
        l32 = (t[2, 3] - l30 * l20 - l31 * l21) * over2
        over3 = _ONE / np.sqrt(t[3, 3] - l30 * l30 - l31 * l31 - l32 * l32)
        for i in range(b, len(A_BB44)):
            t, row_4N = A_BB44[b, i], rows_B4N[i]
            for v in range(4):
                x0 = t[0, v] * over0
                x1 = (t[1, v] - x0 * l10) * over1
                x2 = (t[2, v] - x0 * l20 - x1 * l21) * over2
                x3 = (t[3, v] - x0 * l30 - x1 * l31 - x2 * l32) * over3
                entries = row_4N[v, done:]
                entries[0], entries[1], entries[2], entries[3] = x0, x1, x2, x3
        for u in range(3):
            _fill(rows_B4N[b, u, done + u + 1 : done + 4], _NONE)


@compiled
def _substitute(L_KM: _Singles, cells: int, right_K: _Singles, solution_K: _Singles) -> None:
    """`solution` = L^-T right; of the rows the columns behind the first `cells` are L. Nothing is left of `right`."""
    for k in range(len(right_K) - 1, -1, -1):
        row = L_KM[k, cells:]
        x = right_K[k] / row[k]
        solution_K[k] = x
        before, entries = right_K[:k], row[:k]
        for j in range(k):
            before[j] -= x * entries[j]


@compiled
def _begin(A_BB44: _Singles, prior_K: _Singles) -> None:
    """What A is before any cell is added: 1, and the prior for right-hand side."""
    K = len(prior_K)
    _fill(A_BB44.reshape(A_BB44.size), _NONE)
    for k in range(4 * len(A_BB44)):
        A_BB44[k // 4, k // 4, k % 4, k % 4] = _ONE
    for k in range(K):
        A_BB44[k // 4, K // 4, k % 4, K % 4] = prior_K[k]


@compiled
def condition(  # noqa: PLR0917 - numba knows arguments by their places
    first: int,
    last: int,
    starts_R: _Integers,
    columns_N: _Columns,
    others_OK: _Singles,
    bias_O: _Singles,
    values_N: _Singles,
    weights_N: _Singles,
    precision_R: _Singles,
    precision_O: _Singles,
    prior_RK: _Singles,
    normals_RK: _Singles,
    mean_RK: _Singles,
    drawn_RK: _Singles,
) -> np.float32:
    """Means and draws of the rows from `first` to before `last`: v ~ N(prior, 1), value = v . other + bias of other + noise.

    Cells are sorted by row. The precision of a cell's noise is its weight times that of its row times that of its other. That
    of v is A = 1 + F^T F = L L^T for the rows F of the others in units of their noise, its mean A^-1 (prior + F^T values), its
    draw the mean + L^-T normals; without normals none is made. What is returned means nothing.

    F is kept with cells across. The right-hand side is its row K, so that row K of the factor ends as L^-1 times it; rows
    behind it, up to a multiple of 4, are zeros.
    """
    K = prior_RK.shape[1]
    B = K // 4 + 1
    rows_MN = np.zeros((4 * B, _PANEL + _whole(4 * B)), dtype=np.float32)
    rows_B4N = rows_MN.reshape(B, 4, rows_MN.shape[1])
    scratch_4N = np.zeros((4, rows_MN.shape[1]), dtype=np.float32)
    A_BB44 = np.empty((B, B, 4, 4), dtype=np.float32)
    columns_n, roots_n = np.zeros(_PANEL, dtype=np.int32), np.zeros(_PANEL, dtype=np.float32)
    right_K = np.empty(K, dtype=np.float32)
    touched = _NONE
    for r in range(first, last):
        _begin(A_BB44, prior_RK[r])
        cells = 0
        for begin in range(starts_R[r], starts_R[r + 1], _PANEL):
            if cells:  # of the panel before; the last one's products are taken with those of L
                for b in range(B):
                    for i in range(b, B):
                        _add_products(A_BB44[b, i], rows_B4N[b], rows_B4N[i], _PANEL)
            end = min(begin + _PANEL, starts_R[r + 1])
            cells = _whole(end - begin)
            given = columns_N[begin:end], values_N[begin:end], weights_N[begin:end]
            _in_units_of_noise(*given, precision_R[r], precision_O, bias_O, columns_n[:cells], roots_n, rows_MN[K])
            touched += _gather(rows_MN, columns_n[:cells], roots_n, others_OK)
        for k in range(4 * B):
            _fill(rows_MN[k, cells if k <= K else 0 : cells + rows_MN.shape[1] - _PANEL], _NONE)
        _factorise(A_BB44, rows_B4N, scratch_4N, cells)
        solved = rows_MN[K, cells:]
        for k in range(K):
            right_K[k] = solved[k]
        _substitute(rows_MN, cells, right_K, mean_RK[r])
        if len(normals_RK):
            for k in range(K):
                right_K[k] = solved[k] + normals_RK[r, k]
            _substitute(rows_MN, cells, right_K, drawn_RK[r])
    return touched
