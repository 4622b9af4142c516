"""The spectrum of a table: its leading singular triplets, by a thick-restarted block Lanczos iteration.

Subspace iteration, which exact alternating least squares is, gains a factor (s_K+1 / s_K)^2 a sweep and stalls where two
singular values are close. Keeping the blocks of earlier sweeps and diagonalising within all of them (Rayleigh-Ritz; Golub,
Luk and Overton 1981; Wu and Simon 2000) needs about the square root of its sweeps and ends at the same optimum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from trainer.factorization.counts.table import Counts
from trainer.similarity.factors import REPEATED

__all__ = ["Spectrum", "leading"]

_EXACT: Final = 1e-13
"""Residual, relative to the largest singular value, below which float64 has little more to give."""
_NEGLIGIBLE: Final = 1e-14
"""Length, relative to the largest singular value, below which a direction is rounding."""
_BLOCKS: Final = 6
"""The basis is cut to its best three blocks when it would outgrow this many."""
_ITERATIONS: Final = 1000


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Singular triplets of a table: the wanted ones, and the rest of the block as far as it has come."""

    U_FW: Tensor
    S_W: Tensor
    V_TW: Tensor
    wanted: int
    """Leading triplets meant to be exact: those asked for, and the others of the last one's repeated value."""
    converged: bool


def leading(counts: Counts, start_TW: Tensor, *, wanted: int, on_iteration: Callable[[Spectrum], None]) -> Spectrum:
    """The `wanted` leading singular triplets of a table that is not all zero, from a start of W >= `wanted` columns.

    Fewer come back where the table is smaller. `on_iteration` sees every state; its sum of squared singular values never
    falls. Of a singular value that is repeated more than W times, W arbitrary vectors are found.
    """
    width = start_TW.shape[1]
    Q_FD, Z_TD, B_DD = (start_TW.new_zeros((length, 0)) for length in (counts.F, counts.T, 0))
    block_TW = _complement(Z_TD, start_TW, negligible=0.0)
    iteration = 0
    while True:
        # R Z = Q B stays true: Z grows by the block, Q by what of R Z it does not reach yet, B by the products of both.
        iteration += 1
        product_FW = counts.times(block_TW)
        largest = float(torch.linalg.vector_norm(product_FW))
        Q_FD = torch.cat([Q_FD, _complement(Q_FD, product_FW, negligible=_NEGLIGIBLE * largest)], dim=1)
        Z_TD = torch.cat([Z_TD, block_TW], dim=1)
        B_DD = torch.cat([torch.nn.functional.pad(B_DD, (0, 0, 0, Q_FD.shape[1] - len(B_DD))), Q_FD.T @ product_FW], dim=1)

        X_DM, S_M, Yt_MD = torch.linalg.svd(B_DD, full_matrices=False)
        S_W, U_FW, V_TW = S_M[:width], Q_FD @ X_DM[:, :width], Z_TD @ Yt_MD[:width].T
        residual_TW = counts.transposed_times(U_FW) - V_TW * S_W
        reached = _reached(S_W, wanted)
        error = float(torch.linalg.vector_norm(residual_TW, dim=0)[:reached].max())
        block_TW = _complement(Z_TD, residual_TW, negligible=_NEGLIGIBLE * float(S_M[0]))
        converged = error <= _EXACT * float(S_M[0]) or not block_TW.shape[1]
        spectrum = Spectrum(U_FW, S_W, V_TW, reached, converged)
        on_iteration(spectrum)
        if converged or iteration == _ITERATIONS:
            return spectrum

        if Z_TD.shape[1] + block_TW.shape[1] > _BLOCKS * width:
            kept = _BLOCKS // 2 * width
            Q_FD, Z_TD, B_DD = Q_FD @ X_DM[:, :kept], Z_TD @ Yt_MD[:kept].T, torch.diag(S_M[:kept])


def _reached(S_W: Tensor, wanted: int) -> int:
    """`wanted`, and on to the end of the repeated value it falls into, as far as the block has it."""
    values = S_W.tolist()
    reached = min(wanted, len(values))
    while reached < len(values) and values[reached - 1] - values[reached] <= REPEATED * values[reached - 1]:
        reached += 1
    return reached


def _complement(basis_ND: Tensor, block_NW: Tensor, *, negligible: float) -> Tensor:
    """An orthonormal basis of what the block adds to an orthonormal one; directions of negligible length are left out."""
    for _ in range(2):  # twice is enough (Giraud and Langou 2005)
        block_NW = block_NW - basis_ND @ (basis_ND.T @ block_NW)
    Q_NW, R_WW = torch.linalg.qr(block_NW)
    U_WW, S_W, _ = torch.linalg.svd(R_WW)
    added_NW = Q_NW @ U_WW[:, negligible < S_W]
    added_NW = added_NW - basis_ND @ (basis_ND.T @ added_NW)  # short directions, once more at full length
    orthonormal_NW: Tensor = torch.linalg.qr(added_NW)[0]
    return orthonormal_NW
