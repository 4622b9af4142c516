"""The `counts` fit: the best rank-K product P Q^T to a fragment x target table, in the mean squared error over all cells.

Two stretches of one descent. From a random start, relaxed alternating least squares moves the two embeddings of a
`FactorNetwork`, each step a growing part of the way to the exact minimum in that side. Then the spectrum of the table,
begun from what that found, gives the optimum (Eckart and Young 1936) to the last digits that float64 holds.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse
import torch
from torch import Tensor

from trainer.factorization.counts.network import FactorNetwork
from trainer.factorization.counts.spectrum import Spectrum, leading
from trainer.factorization.counts.table import Counts
from trainer.factorization.counts.trajectory import Recorder, Trajectory
from trainer.factorization.threads import one_thread
from trainer.similarity.factors import Factors

__all__ = ["Fit", "fit_counts"]

_SWEEPS: Final = 20
_RELAXATION: Final = 0.1, 1.0
"""Part of the way to a side's exact minimum: that of the first sweep and that of the last."""
_SPARE: Final = 8
"""Columns beyond the rank that the spectrum iterates with: they carry the last wanted ones over small gaps."""
_NOISE: Final = 1e-9, 1e-13
"""A row of the product no longer than this part of the table's own row, or of the largest singular value, is rounding."""
_DEGENERATE: Final = 1e-12
"""Squared singular values of a side, relative to the largest, below which a least-squares step ignores its direction."""


@dataclass(frozen=True, eq=False)
class Fit:
    """What a fit found, and how."""

    factors: Factors
    curve: tuple[tuple[int, float], ...]
    """(step, mean squared error over all cells), step 0 being the random start. It never rises by more than rounding."""
    trajectory: Trajectory
    seconds: float
    """Wall time."""
    converged: bool
    """Whether the singular vectors stand as exactly as float64 allows."""
    gap: float
    """(s_K - s_K+1) / s_K of the table's singular values; 1 where the rank reaches the table's own.

    The factors are exact to about 1e-13 / gap. Under 1e-9 other products are equally good: the loss is determined, these
    factors are one choice (the same for any seed while the repeated value has at most 8 further copies).
    """


def fit_counts(
    counts_FT: scipy.sparse.csr_array | npt.NDArray[np.float64],
    *,
    rank: int,
    seed: int,
    device: str = "cpu",
    on_step: Callable[[int, float], None] | None = None,
    start: FactorNetwork | None = None,
) -> Fit:
    """The best product of `rank` columns a side to the table `counts_FT`, on the torch device `device`.

    `seed` chooses the random start, which `start` replaces by a network to go on from. Neither changes the result, nor does
    the number of threads; permuted fragments give permuted factors. Columns beyond the table's rank are exactly zero, and
    so are the rows of fragments and targets without counts. `on_step` gets every point of the curve as it is reached.
    Raises ValueError for a rank below 1, a table that is empty or not finite, and a start of another shape.
    """
    started = time.perf_counter()
    if rank < 1:
        raise ValueError(f"a rank of {rank} has no factors")
    with one_thread():
        counts = Counts(counts_FT, torch.device(device))
        K = min(rank, counts.F, counts.T)
        network = _random(counts, K, seed) if start is None else _scaled(start, counts, K)
        descent = _Descent(counts, Recorder(fragments=counts.F, rank=K, expected=2 * _SWEEPS + 11), on_step)
        _relax(network, counts, descent)
        factors, converged, gap = _optimum(network, counts, rank, seed, descent)
        trajectory = descent.recorder.finish(descent.step, factors.balanced_fragments_FK)
    seconds = time.perf_counter() - started
    return Fit(factors, tuple(descent.curve), trajectory, seconds, converged=converged, gap=gap)


class _Descent:
    """Keeps the curve and the positions, in the table's own units."""

    def __init__(self, counts: Counts, recorder: Recorder, on_step: Callable[[int, float], None] | None) -> None:
        self.recorder = recorder
        self.curve: list[tuple[int, float]] = []
        self._counts = counts
        self._on_step = on_step

    @property
    def step(self) -> int:
        """The last step."""
        return len(self.curve) - 1

    def reach(self, P_FK: Tensor, Q_TK: Tensor, *, inner: float, drawn: bool) -> None:
        """Takes the next step: a product in balanced gauge, its inner product with the table, and whether to keep positions."""
        scale = self._counts.scale
        loss = self._counts.squared_error(P_FK, Q_TK, inner=inner) / (self._counts.F * self._counts.T) * scale * scale
        self.curve.append((len(self.curve), loss))
        if drawn:
            self.recorder.offer(self.step, P_FK.cpu().numpy() * math.sqrt(scale))
        if self._on_step is not None:
            self._on_step(self.step, loss)


def _random(counts: Counts, K: int, seed: int) -> FactorNetwork:
    """A random product as large as the table; the same one on every device."""
    generator = torch.Generator().manual_seed(seed)
    size = (counts.square / (counts.F * counts.T * K)) ** 0.25 or 1.0
    network = FactorNetwork(counts.F, counts.T, K, dtype=torch.float64).to(counts.device).requires_grad_(requires_grad=False)
    for side in (network.fragments, network.targets):
        side.weight.copy_(size * torch.randn(side.weight.shape, generator=generator, dtype=torch.float64))
    return network


def _scaled(start: FactorNetwork, counts: Counts, K: int) -> FactorNetwork:
    """The best K columns of `start`, in units of the scaled table."""
    factors = start.to_factors()
    shape = len(factors.fragments_FK), len(factors.targets_TK)
    if shape != (counts.F, counts.T) or factors.rank < K:
        raise ValueError(f"a start of shape {shape} and rank {factors.rank} for a table of {(counts.F, counts.T)}, rank {K}")
    cut = Factors(factors.fragments_FK[:, :K] / counts.scale, factors.targets_TK[:, :K], factors.singular_K[:K] / counts.scale)
    return FactorNetwork.from_factors(cut, dtype=torch.float64).to(counts.device).requires_grad_(requires_grad=False)


def _relax(network: FactorNetwork, counts: Counts, descent: _Descent) -> None:
    """Relaxed alternating least squares: each side in turn goes part of the way to its exact minimum, which never ascends."""
    fragments, targets = (network.fragments, counts.transposed_times), (network.targets, counts.times)
    network.balance()
    P_FK, Q_TK = network.fragments.weight, network.targets.weight
    descent.reach(P_FK, Q_TK, inner=float((counts.times(Q_TK) * P_FK).sum()), drawn=True)
    for part in np.linspace(*_RELAXATION, _SWEEPS):
        for (moved, _), (fixed, product) in ((fragments, targets), (targets, fragments)):
            product_NK = product(fixed.weight)
            gram_KK = fixed.weight.T @ fixed.weight
            moved.weight.lerp_(product_NK @ torch.linalg.pinv(gram_KK, hermitian=True, rtol=_DEGENERATE), float(part))
            inner = float((product_NK * moved.weight).sum())
            network.balance()
            descent.reach(P_FK, Q_TK, inner=inner, drawn=True)


def _optimum(network: FactorNetwork, counts: Counts, rank: int, seed: int, descent: _Descent) -> tuple[Factors, bool, float]:
    """The canonical factors of the optimum, whether they are exact, and the gap after them."""
    P_FK, Q_TK = network.fragments.weight, network.targets.weight
    K = P_FK.shape[1]
    if counts.square == 0.0:
        descent.reach(P_FK * 0, Q_TK * 0, inner=0.0, drawn=False)
        return Factors(np.zeros((counts.F, rank)), np.zeros((counts.T, rank)), np.zeros(rank)), True, 1.0
    generator = torch.Generator().manual_seed(~seed)  # other numbers than the start's
    spare_TW = torch.randn((counts.T, _SPARE), generator=generator, dtype=torch.float64).to(counts.device)
    iteration = 0

    def follow(spectrum: Spectrum) -> None:
        nonlocal iteration
        iteration += 1
        S_K = spectrum.S_W[:K]
        roots_K = S_K.sqrt()
        balanced = spectrum.U_FW[:, :K] * roots_K, spectrum.V_TW[:, :K] * roots_K
        descent.reach(*balanced, inner=float(S_K @ S_K), drawn=iteration.bit_count() == 1)

    start_TW = torch.cat([Q_TK, spare_TW], dim=1)[:, : min(counts.F, counts.T)]
    spectrum = leading(counts, start_TW, wanted=K, on_iteration=follow)
    U_FW, S_W, V_TW = (part.cpu().numpy() for part in (spectrum.U_FW, spectrum.S_W, spectrum.V_TW))
    own, absolute = _NOISE
    factors = Factors.from_svd(
        U_FW[:, : spectrum.wanted],
        S_W[: spectrum.wanted] * counts.scale,
        V_TW[:, : spectrum.wanted],
        rank=rank,
        noise_F=np.maximum(own * counts.row_lengths_F, absolute * S_W[0]) * counts.scale,
        noise_T=np.maximum(own * counts.column_lengths_T, absolute * S_W[0]) * counts.scale,
    )
    last = factors.singular_K[K - 1]
    following = S_W[K] * counts.scale if len(S_W) > K else 0.0
    return factors, spectrum.converged, float((last - following) / last) if last > 0 else 1.0
