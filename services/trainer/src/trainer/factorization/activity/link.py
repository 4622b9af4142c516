"""Link: what the factors of compounds say of the factors of the fragments they are made of."""

import warnings
from typing import Final

import numpy as np
import scipy.sparse
import torch
from torch import Tensor

from trainer.factorization.threads import one_thread

__all__ = ["Link"]

_SPECTRAL: Final = 6_000
"""Fragments up to which A^T A is taken apart once, so that every later solution is two products; seconds for thousands."""
_TOLERANCE: Final = 1e-4
_ITERATIONS: Final = 200


class Link:
    """Membership A (compounds x fragments) on a device, both ways round."""

    def __init__(
        self, membership_CF: scipy.sparse.csr_array, *, device: torch.device | str, precision: float | None = None
    ) -> None:
        """`precision` is that of every column in all solutions to come: A^T A is then factorised for it, ten times as fast."""
        self._precision = precision
        self.shape = membership_CF.shape
        self._A_CF = _sparse(membership_CF, device)
        self._A_FC = _sparse(scipy.sparse.csr_array(membership_CF.T), device)
        squares_F = np.asarray(membership_CF.multiply(membership_CF).sum(axis=0), dtype=np.float32).ravel()
        self._squares_F = torch.from_numpy(squares_F).to(device)
        self._spectrum: tuple[Tensor, Tensor] | None = None
        self._factor_FF: Tensor | None = None
        if 0 < self.shape[1] <= _SPECTRAL:
            gram_FF = torch.from_numpy((membership_CF.T @ membership_CF).toarray().astype(np.float64)).to(device)
            with one_thread():
                if precision is not None:
                    gram_FF.diagonal().add_(precision)
                    self._factor_FF = torch.linalg.cholesky(gram_FF).float()
                else:
                    values_F, vectors_FF = torch.linalg.eigh(gram_FF)
                    self._spectrum = values_F.clamp_min(0.0).float(), vectors_FF.float()

    def compounds(self, fragments_FK: Tensor) -> Tensor:
        """A P: what its fragments say of every compound."""
        return self._A_CF @ fragments_FK

    def solve(self, compounds_CK: Tensor, *, precision_K: Tensor, normals: tuple[Tensor, Tensor] | None) -> Tensor:
        """P given U = A P + N(0, 1) and columns P_k ~ N(0, 1 / precision_k): a draw, or the mean where `normals` is None.

        `normals` are numbers of the shapes of U and P (perturb and solve, Papandreou and Yuille 2010). In the basis in which
        A^T A is diagonal, or, for more fragments than `_SPECTRAL`, by conjugate gradients for all columns at once, scaled by
        the diagonal, to a relative residual of 1e-4.

        Raises `ValueError` for another precision than the one that was to be that of all solutions.
        """
        if self._precision is not None and not bool(
            torch.isclose(precision_K, torch.full_like(precision_K, self._precision)).all()
        ):
            raise ValueError(f"A^T A was factorised for the precision {self._precision}, not for {precision_K.tolist()}")
        if normals is not None:
            right_FK = self._A_FC @ (compounds_CK + normals[0]) + precision_K.sqrt() * normals[1]
        else:
            right_FK = self._A_FC @ compounds_CK
        if self._factor_FF is not None:
            return torch.cholesky_solve(right_FK, self._factor_FF)
        if self._spectrum is not None:
            values_F, vectors_FF = self._spectrum
            found: Tensor = vectors_FF @ ((vectors_FF.T @ right_FK) / (values_F[:, None] + precision_K))
            return found
        return self._iterate(right_FK, precision_K)

    def _iterate(self, right_FK: Tensor, precision_K: Tensor) -> Tensor:
        inverse_FK = 1.0 / (self._squares_F[:, None] + precision_K)
        found_FK = torch.zeros_like(right_FK)
        residual_FK = right_FK
        direction_FK = scaled_FK = inverse_FK * residual_FK
        length_K = (residual_FK * scaled_FK).sum(0)
        enough_K = _TOLERANCE**2 * length_K
        for _ in range(_ITERATIONS):
            if bool((length_K <= enough_K).all()):
                break
            image_FK = self._A_FC @ (self._A_CF @ direction_FK) + precision_K * direction_FK
            step_K = length_K / (direction_FK * image_FK).sum(0).clamp_min(torch.finfo(torch.float32).tiny)
            found_FK = found_FK + step_K * direction_FK
            residual_FK = residual_FK - step_K * image_FK
            scaled_FK = inverse_FK * residual_FK
            before_K, length_K = length_K, (residual_FK * scaled_FK).sum(0)
            direction_FK = scaled_FK + length_K / before_K.clamp_min(torch.finfo(torch.float32).tiny) * direction_FK
        return found_FK


def _sparse(matrix: scipy.sparse.csr_array, device: torch.device | str) -> Tensor:
    with warnings.catch_warnings():
        # torch says so once a process of every CSR tensor; products with a dense matrix, all that is used here, are complete.
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta state")
        return torch.sparse_csr_tensor(
            torch.from_numpy(matrix.indptr.astype(np.int64)),
            torch.from_numpy(matrix.indices.astype(np.int64)),
            torch.from_numpy(matrix.data.astype(np.float32)),
            size=matrix.shape,
            device=device,
            check_invariants=True,
        )
