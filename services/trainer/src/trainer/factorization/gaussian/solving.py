"""Solving: a target's Gaussian process in closed form, whole or by points that stand for its cells."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trainer.factorization.gaussian.kernel import LEVEL, Kernel

__all__ = ["LARGEST", "Solved", "Spectrum", "induced", "inverse", "points_of", "solve", "tensor"]

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LARGEST: Final = 8192
"""Cells of a target whose kernel is inverted whole, 0.5 GB; of more so many stand for all (inducing points)."""


@dataclass(frozen=True, eq=False)
class Solved:
    """A target's standardised cells, given a noise."""

    weight_N: Tensor
    precision_N: Tensor
    """Diagonal of the inverse."""

    @property
    def errors_N(self) -> Tensor:
        """Squares of what is left of each cell without it, in units of its variance before the signal."""
        return self.weight_N.square() / self.precision_N

    def nats(self, signal: float) -> float:
        """Log-likelihood of the cells given the others, but for a constant."""
        count = len(self.weight_N)
        return 0.5 * float(self.precision_N.log().sum() - self.errors_N.sum() / signal) - 0.5 * count * float(np.log(signal))


@dataclass(frozen=True, eq=False)
class Spectrum:
    """A target's kernel by its eigenvectors, which serve every noise, and its standardised cells turned to them."""

    values_N: Tensor
    vectors_NN: Tensor
    turned_N: Tensor

    @classmethod
    def of(cls, kernel_NN: Tensor, left_N: Tensor) -> "Spectrum":
        """Of the kernel without noise."""
        values_N, vectors_NN = torch.linalg.eigh(kernel_NN)
        return cls(values_N, vectors_NN, vectors_NN.T @ left_N)

    def solve(self, noise: float) -> Solved:
        """With this noise."""
        shrink_N = 1.0 / (self.values_N + noise)
        return Solved(self.vectors_NN @ (shrink_N * self.turned_N), self.vectors_NN.square() @ shrink_N)


def tensor(kernel: Kernel, first_M: Ints, second_N: Ints, share: float, device: str) -> Tensor:
    """Kernel and LEVEL, M x N."""
    return torch.from_numpy(kernel.between(first_M, second_N, share)).to(device, torch.float64) + LEVEL


def solve(kernel_NN: Tensor, left_N: Tensor, noise: float) -> Solved:
    """Without the eigenvectors, which cost ten times as much."""
    inverse_NN = inverse(kernel_NN, noise)
    return Solved(inverse_NN @ left_N, inverse_NN.diagonal().clone())


def inverse(kernel_NN: Tensor, noise: float) -> Tensor:
    """Of kernel and noise."""
    noisy_NN = kernel_NN.clone()
    noisy_NN.diagonal().add_(noise)
    return torch.cholesky_inverse(torch.linalg.cholesky(noisy_NN))


def points_of(count: int, target: int) -> Ints:
    """The cells that stand for all of a target: every one, or of very many an even draw."""
    if count <= LARGEST:
        return np.arange(count)
    return np.sort(np.random.default_rng((target, 0x6A09)).choice(count, LARGEST // 2, replace=False))


def induced(
    kernel: Kernel, compound_N: Ints, left_N: Array, chosen: Ints, kernel_MM: Tensor, noise: float, share: float
) -> tuple[Array, Array, float]:
    """Of a target of very many cells, by M points (subset of regressors: Rasmussen and Williams 2006, 8.3.1).

    Returns the weights of the points by all N cells, the expected values of all cells, and the sum of squared left-out errors
    that the points alone have, for as many cells as there are.
    """
    system_MM, sums_M = noise * kernel_MM, torch.zeros(len(chosen), dtype=torch.float64, device=kernel_MM.device)
    batches = [slice(start, start + LARGEST // 2) for start in range(0, len(compound_N), LARGEST // 2)]
    for rows in batches:
        cross_BM = tensor(kernel, compound_N[rows], compound_N[chosen], share, str(kernel_MM.device))
        system_MM = system_MM + cross_BM.T @ cross_BM
        sums_M += cross_BM.T @ torch.from_numpy(left_N[rows]).to(kernel_MM)
    system_MM.diagonal().add_(1e-8 * float(system_MM.diagonal().mean()))
    weight_M = torch.cholesky_solve(sums_M[:, None], torch.linalg.cholesky(system_MM))[:, 0]
    expected = [
        tensor(kernel, compound_N[rows], compound_N[chosen], share, str(kernel_MM.device)) @ weight_M for rows in batches
    ]
    alone = solve(kernel_MM, torch.from_numpy(left_N[chosen]).to(kernel_MM), noise)
    errors = float(alone.errors_N.mean()) * len(compound_N)
    return weight_M.cpu().numpy(), torch.cat(expected).cpu().numpy(), errors
