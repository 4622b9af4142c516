"""Kernels: the loops over cells of the activity model in machine code, for processors.

One module, since numba's cache on disk notices only changes of the file that a function is in. A sum is always made by one
call in one order, so that the results are the same bits for any number of threads that share the rows out.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["condition", "moments", "padded", "products"]

_F = TypeVar("_F", bound=Callable[..., Any])
_Singles = npt.NDArray[np.float32]
_Integers = npt.NDArray[np.int64]
_Columns = npt.NDArray[np.int32]

_PANEL: Final = 64
"""Cells gathered at once: with the matrix they are added to they stay in the first cache up to a rank of about 64."""
_AHEAD: Final = 16
"""Cells between one that is worked on and one that is fetched: beyond the caches, memory is what takes time."""
_NEAR: Final = 2**16
"""Numbers that stay in the second cache beside other things: 256 KiB."""
_MOST_BLOCKS: Final = 8
"""Each has to be worth a look at every row."""
_ONE: Final = np.float32(1.0)
_NONE: Final = np.float32(0.0)
_LANES: Final = ir.VectorType(ir.FloatType(), 8)
_FUSED: Final = ("contract",)
_INTEGER: Final = ir.IntType(32)


def padded(rows_RK: _Singles) -> _Singles:
    """The rows with columns of zeros up to a multiple of 8: what kernels take."""
    R, K = rows_RK.shape
    rows_RP = np.zeros((R, -(-K // 8) * 8), dtype=np.float32)
    rows_RP[:, :K] = rows_RK
    return rows_RP


def _compiled(function: _F) -> _F:
    """Machine code on the first call, kept on disk for the next process; made anew in each where no folder is writable."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz", "arcp"}}
    try:
        made: _F = njit(cache=True, **options)(function)
    except RuntimeError:  # numba's "no locator available"
        made = njit(**options)(function)
    return made


def _lanes(builder: Any, array: Any, offset: Any, plus: int = 0) -> Any:
    """Pointer to the eight numbers from `offset + plus` on."""
    place = builder.add(offset, ir.Constant(offset.type, plus))
    return builder.bitcast(builder.gep(array, [place]), _LANES.as_pointer())


def _spread(builder: Any, number: Any) -> Any:
    """A number eight times."""
    nothing = ir.Constant(_LANES, ir.Undefined)
    single = builder.insert_element(nothing, number, ir.Constant(_INTEGER, 0))
    return builder.shuffle_vector(single, nothing, ir.Constant(ir.VectorType(_INTEGER, 8), [0] * 8))


def _fused(builder: Any, left: Any, right: Any, place: Any) -> None:
    """What is at the place, plus left times right."""
    builder.store(builder.fadd(builder.fmul(left, right, flags=_FUSED), builder.load(place), flags=_FUSED), place)


def _data(context: Any, builder: Any, array_type: Any, array: Any) -> Any:
    return context.make_array(array_type)(context, builder, array).data


def _tile(height: int, lanes: int, *, negative: bool = False) -> Any:
    """Adds to height x 8 lanes numbers, or takes from them, a sum of outer products, in registers: at the processor's speed.

    sums[at + u * width + v] += sum_n panel[n * width + left + u] * panel[n * width + right + v]. LLVM finds no such tile.
    """

    @intrinsic  # type: ignore[untyped-decorator]  # numba
    def tile(_typing: Any, sums: Any, at: Any, panel: Any, left: Any, right: Any, width: Any, count: Any) -> Any:  # noqa: ARG001
        signature = types.void(sums, *[types.intp], panel, *[types.intp] * 4)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            sums, at, panel, left, right, width, count = arguments
            sums, panel = _data(context, builder, signature.args[0], sums), _data(context, builder, signature.args[2], panel)
            rows = [builder.add(at, builder.mul(width, ir.Constant(width.type, u))) for u in range(height)]
            kept = [[cgutils.alloca_once(builder, _LANES) for _ in range(lanes)] for _ in rows]
            for row, places in zip(rows, kept, strict=True):
                for lane, place in enumerate(places):
                    builder.store(builder.load(_lanes(builder, sums, row, 8 * lane), align=4), place)
            with cgutils.for_range(builder, count, intp=width.type) as loop:
                first = builder.mul(loop.index, width)
                start = builder.add(first, right)
                columns = [builder.load(_lanes(builder, panel, start, 8 * lane), align=4) for lane in range(lanes)]
                for u, places in enumerate(kept):
                    place = builder.add(builder.add(first, left), ir.Constant(width.type, u))
                    number = builder.load(builder.gep(panel, [place]), align=4)
                    factor = _spread(builder, builder.fneg(number) if negative else number)
                    for column, sum_ in zip(columns, places, strict=True):
                        _fused(builder, factor, column, sum_)
            for row, places in zip(rows, kept, strict=True):
                for lane, place in enumerate(places):
                    builder.store(builder.load(place), _lanes(builder, sums, row, 8 * lane), align=4)
            return context.get_dummy_value()

        return signature, generate

    return tile


_add_wide, _add_square, _take_wide = _tile(4, 2), _tile(8, 1), _tile(4, 2, negative=True)


@intrinsic  # type: ignore[untyped-decorator]  # numba
def _put_scaled(_typing: Any, target: Any, at: Any, source: Any, start: Any, factor: Any) -> Any:  # noqa: ARG001
    """target[at + v] = factor * source[start + v] for v < 8."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        target, at, source, start, factor = arguments
        target, source = _data(context, builder, signature.args[0], target), _data(context, builder, signature.args[2], source)
        numbers = builder.load(_lanes(builder, source, start), align=4)
        builder.store(builder.fmul(numbers, _spread(builder, factor)), _lanes(builder, target, at), align=4)
        return context.get_dummy_value()

    return types.void(target, types.intp, source, types.intp, types.float32), generate


@intrinsic  # type: ignore[untyped-decorator]  # numba
def _fetch(_typing: Any, array: Any, at: Any) -> Any:  # noqa: ARG001
    """Asks for array[at] to be brought near; nothing waits for it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array, at = arguments
        byte = ir.IntType(8).as_pointer()
        place = builder.bitcast(builder.gep(_data(context, builder, signature.args[0], array), [at]), byte)
        form = ir.FunctionType(ir.VoidType(), [byte, *[_INTEGER] * 3])
        fetch = cgutils.get_or_insert_function(builder.module, form, "llvm.prefetch.p0")
        read, near, data = (ir.Constant(_INTEGER, number) for number in (0, 3, 1))
        builder.call(fetch, [place, read, near, data])
        return context.get_dummy_value()

    return types.void(array, types.intp), generate


@intrinsic  # type: ignore[untyped-decorator]  # numba
def _dot(_typing: Any, left: Any, at: Any, right: Any, start: Any, width: Any) -> Any:  # noqa: ARG001
    """Sum of left[at + v] * right[start + v] for v < width, a multiple of 8."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        left, at, right, start, width = arguments
        left, right = _data(context, builder, signature.args[0], left), _data(context, builder, signature.args[2], right)
        total = cgutils.alloca_once_value(builder, ir.Constant(_LANES, [0.0] * 8))
        with cgutils.for_range_slice(builder, ir.Constant(width.type, 0), width, ir.Constant(width.type, 8)) as (v, _):
            ours, theirs = (_lanes(builder, array, builder.add(first, v)) for array, first in ((left, at), (right, start)))
            _fused(builder, builder.load(ours, align=4), builder.load(theirs, align=4), total)
        name, form = "llvm.vector.reduce.fadd.v8f32", ir.FunctionType(ir.FloatType(), [ir.FloatType(), _LANES])
        reduce = cgutils.get_or_insert_function(builder.module, form, name)
        return builder.call(reduce, [ir.Constant(ir.FloatType(), 0.0), builder.load(total)], fastmath=("reassoc",))

    return types.float32(left, types.intp, right, types.intp, types.intp), generate


@_compiled
def _factorise(A: _Singles, M: int) -> None:
    """The upper triangle U of A = U^T U in its place, four rows at a time; in place of its 4 x 4 diagonal blocks T = U^-T.

    A has M + 4 rows and M + 16 columns, M a multiple of 16, given above the diagonal and in its last four rows. The last row is
    that of the right-hand side, so that column M + 3 ends as U^-T times it.
    """
    width = M + 16
    for k in range(M):
        for e in range(M, M + 4):
            A[k, e] = A[e, k]
    for e in range(M, M + 3):
        A[e, M + 3] = A[M + 3, e]
    for b in range(0, M + 4, 4):
        if b:
            for j in range(b // 16 * 16, width, 16):
                _take_wide(A, b * width + j, A, b, j, width, b)
        a0, a1, a2, a3 = A[b], A[b + 1], A[b + 2], A[b + 3]
        t00 = _ONE / np.sqrt(a0[b])
        u01, u02, u03 = t00 * a0[b + 1], t00 * a0[b + 2], t00 * a0[b + 3]
        t11 = _ONE / np.sqrt(a1[b + 1] - u01 * u01)
        u12, u13 = t11 * (a1[b + 2] - u01 * u02), t11 * (a1[b + 3] - u01 * u03)
        t22 = _ONE / np.sqrt(a2[b + 2] - u02 * u02 - u12 * u12)
        u23 = t22 * (a2[b + 3] - u02 * u03 - u12 * u13)
        t10 = -t11 * u01 * t00
        t20, t21 = -t22 * (u02 * t00 + u12 * t10), -t22 * u12 * t11
        if b == M:
            a0[b + 3], a1[b + 3], a2[b + 3] = u03, u13, u23
        else:
            t33 = _ONE / np.sqrt(a3[b + 3] - u03 * u03 - u13 * u13 - u23 * u23)
            t30 = -t33 * (u03 * t00 + u13 * t10 + u23 * t20)
            t31, t32 = -t33 * (u13 * t11 + u23 * t21), -t33 * u23 * t22
            for j in range((b + 4) // 8 * 8, M + 8):
                x0, x1, x2, x3 = a0[j], a1[j], a2[j], a3[j]
                a0[j] = t00 * x0
                a1[j] = t10 * x0 + t11 * x1
                a2[j] = t20 * x0 + t21 * x1 + t22 * x2
                a3[j] = t30 * x0 + t31 * x1 + t32 * x2 + t33 * x3
            a3[b], a3[b + 1], a3[b + 2], a3[b + 3] = t30, t31, t32, t33
        a0[b], a1[b], a1[b + 1], a2[b], a2[b + 1], a2[b + 2] = t00, t10, t11, t20, t21, t22


@_compiled
def _substitute(A: _Singles, M: int, normals: _Singles, solution: _Singles) -> None:
    """`solution` = U^-1 (column M + 3 of `_factorise`'s result + normals); it has M + 16 places."""
    width = M + 16
    for j in range(width):
        solution[j] = _NONE
    for b in range(M, -1, -4):
        a0, a1, a2, a3 = A[b], A[b + 1], A[b + 2], A[b + 3]
        s0, s1, s2 = a0[M + 3] + normals[b], a1[M + 3] + normals[b + 1], a2[M + 3] + normals[b + 2]
        s3 = _NONE
        if b < M:
            start = (b + 4) // 8 * 8
            s0 -= _dot(A, b * width + start, solution, start, M + 8 - start)
            s1 -= _dot(A, (b + 1) * width + start, solution, start, M + 8 - start)
            s2 -= _dot(A, (b + 2) * width + start, solution, start, M + 8 - start)
            s3 = a3[M + 3] + normals[b + 3] - _dot(A, (b + 3) * width + start, solution, start, M + 8 - start)
        solution[b] = a0[b] * s0 + a1[b] * s1 + a2[b] * s2 + a3[b] * s3
        solution[b + 1] = a1[b + 1] * s1 + a2[b + 1] * s2 + a3[b + 1] * s3
        solution[b + 2] = a2[b + 2] * s2 + a3[b + 2] * s3
        solution[b + 3] = a3[b + 3] * s3


@_compiled
def _copy(source: _Singles, target: _Singles) -> None:
    """As many numbers as the target has; a slice's assignment takes numba seconds to compile."""
    for k in range(len(target)):
        target[k] = source[k]


@_compiled
def _begin(A: _Singles, M: int, prior_K: _Singles) -> None:
    """What A is before any cell is added: 1, and the prior for right-hand side."""
    for i in range(M + 4):
        for j in range(M + 16):
            A[i, j] = _NONE
        A[i, i] = _ONE
    for k in range(len(prior_K)):
        A[M + 3, k] = prior_K[k]


@_compiled
def _add_panel(A: _Singles, M: int, K: int, panel: _Singles, count: int) -> None:
    """Adds the products of the panel's first `count` rows: above the diagonal in columns to M, and in the last four rows."""
    width = M + 16
    for i in range(0, M, 16):
        _add_wide(A, i * width + i, panel, i, i, width, count)
        _add_wide(A, (i + 4) * width + i, panel, i + 4, i, width, count)
        _add_square(A, (i + 8) * width + i + 8, panel, i + 8, i + 8, width, count)
        for j in range(i + 16, M, 16):
            for u in range(i, i + 16, 4):
                _add_wide(A, u * width + j, panel, u, j, width, count)
    for j in range(0, K, 16):
        _add_wide(A, M * width + j, panel, M, j, width, count)


@_compiled
def condition(  # noqa: PLR0917 - numba knows arguments by their places
    first: int,
    last: int,
    starts_R: _Integers,
    columns_N: _Columns,
    others_OP: _Singles,
    bias_O: _Singles,
    values_N: _Singles,
    weights_N: _Singles,
    precision_R: _Singles,
    precision_O: _Singles,
    prior_RK: _Singles,
    normals_RK: _Singles,
    mean_RK: _Singles,
    drawn_RK: _Singles,
) -> None:
    """Means and draws of the rows from `first` to before `last`: v ~ N(prior, 1), value = v . other + bias of other + noise.

    Cells are sorted by row; others have K columns and zeros up to a multiple of 8. The precision of a cell's noise is its
    weight times that of its row times that of its other. That of v is A = 1 + F^T F = U^T U for the rows F of the others in
    units of their noise, its mean A^-1 (prior + F^T values), its draw the mean + U^-1 normals; without normals none is made.
    """
    K, P = prior_RK.shape[1], others_OP.shape[1]
    # Columns in tiles of 16; up to three that are left share the last rows of A with the right-hand side.
    M = K // 16 * 16 if K % 16 <= 3 else (K // 16 + 1) * 16  # noqa: PLR2004
    width, cells = M + 16, len(columns_N)
    panel = np.zeros((_PANEL, width), dtype=np.float32)
    A = np.empty((M + 4, width), dtype=np.float32)
    solution, normals = np.empty(width, dtype=np.float32), np.zeros(width, dtype=np.float32)
    no_normals = np.zeros(width, dtype=np.float32)
    for r in range(first, last):
        _begin(A, M, prior_RK[r])
        for begin in range(starts_R[r], starts_R[r + 1], _PANEL):
            count = min(_PANEL, starts_R[r + 1] - begin)
            for n in range(count):
                ahead = np.intp(columns_N[min(begin + n + _AHEAD, cells - 1)])
                for k in range(0, P, 16):
                    _fetch(others_OP, ahead * P + k)
                other = np.intp(columns_N[begin + n])
                root = np.sqrt(weights_N[begin + n] * precision_R[r] * precision_O[other])
                for k in range(0, P, 8):
                    _put_scaled(panel, n * width + k, others_OP, other * P + k, root)
                panel[n, M + 3] = (values_N[begin + n] - bias_O[other]) * root
            _add_panel(A, M, K, panel, count)
        _factorise(A, M)
        _copy(no_normals, normals)
        _substitute(A, M, normals, solution)
        _copy(solution, mean_RK[r])
        if len(normals_RK):
            _copy(normals_RK[r], normals[:K])
            _substitute(A, M, normals, solution)
            _copy(solution, drawn_RK[r])


@_compiled
def products(
    first: int, last: int, starts_R: _Integers, columns_N: _Columns, rows_RP: _Singles, others_OP: _Singles, product_N: _Singles
) -> None:
    """Of every cell of the rows from `first` to before `last`: row . other. P is a multiple of 8."""
    P = rows_RP.shape[1]
    for r in range(first, last):
        for n in range(starts_R[r], starts_R[r + 1]):
            product_N[n] = _dot(rows_RP, r * P, others_OP, np.intp(columns_N[n]) * P, P)


@_compiled
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
                ahead = np.intp(columns_N[min(n + _AHEAD, len(columns_N) - 1)])
                for k in range(0, 2 * P, 16):
                    _fetch(others_O2P, ahead * 2 * P + k)
                other = np.intp(columns_N[n])
                bias, offset, weight = np.float64(bias_O[other]), np.float64(offset_N[n]), np.float64(weights_N[n])
                said = np.float64(_dot(rows_RP, r * P, others_O2P, other * 2 * P, P))
                left = np.float64(_dot(rows_RP, r * P, others_O2P, other * 2 * P + P, P)) - bias
                rest = np.float64(values_N[n]) - bias_R[r] - said - left - bias - offset
                s00 += weight * said * said
                s10 += weight * left * said
                s11 += weight * left * left
                s20 += weight * bias * said
                s21 += weight * bias * left
                s22 += weight * bias * bias
                s30 += weight * offset * said
                s31 += weight * offset * left
                s32 += weight * offset * bias
                s33 += weight * offset * offset
                s40 += weight * rest * said
                s41 += weight * rest * left
                s42 += weight * rest * bias
                s43 += weight * rest * offset
                s44 += weight * rest * rest
                n += 1
            at_R[r - first] = n
            sums = sums_R55[r]
            sums[0, 0] += s00
            sums[1, 0] += s10
            sums[1, 1] += s11
            sums[2, 0] += s20
            sums[2, 1] += s21
            sums[2, 2] += s22
            sums[3, 0] += s30
            sums[3, 1] += s31
            sums[3, 2] += s32
            sums[3, 3] += s33
            sums[4, 0] += s40
            sums[4, 1] += s41
            sums[4, 2] += s42
            sums[4, 3] += s43
            sums[4, 4] += s44
