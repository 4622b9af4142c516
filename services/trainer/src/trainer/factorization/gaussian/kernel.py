"""The kernel: how far two compounds are expected to act alike on a target.

    k(c, d) = share * linear(c, d) + (1 - share) * tanimoto(c, d) + LEVEL

`linear` counts the fragments that both contain, in units of the mean number of fragments of a compound; what it learns is a
weight a fragment. `tanimoto` compares whole molecules. LEVEL is a constant: how unsure the level of a target is.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse

from trainer.factorization.gaussian.molecules import Molecules

__all__ = ["LEVEL", "Kernel"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

LEVEL: Final = 1.0


@dataclass(frozen=True, eq=False)
class Kernel:
    """Of C compounds; None molecules where the data state no structures, and all of it is linear."""

    membership_CF: scipy.sparse.csr_array
    """1 where a compound contains a fragment, single precision."""
    molecules: Molecules | None
    unit: float
    """Fragments of a compound, in the mean: what a count is divided by."""

    @classmethod
    def of(cls, membership_CF: scipy.sparse.csr_array, molecules: Molecules | None) -> Self:
        """Of these compounds."""
        contains_CF = scipy.sparse.csr_array(membership_CF, copy=True)
        contains_CF.eliminate_zeros()
        contains_CF = contains_CF.astype(np.float32)
        contains_CF.data[:] = 1.0
        counts_C = np.diff(contains_CF.indptr)
        return cls(contains_CF, molecules, float(counts_C.mean()) if counts_C.any() else 1.0)

    def parts(self, first_M: Ints, second_N: Ints) -> tuple[Floats, Floats]:
        """`linear` and `tanimoto`, M x N."""
        linear_MN = (self.membership_CF[first_M] @ self.membership_CF[second_N].T).toarray() / np.float32(self.unit)
        if self.molecules is None:
            return linear_MN, np.zeros_like(linear_MN)
        return linear_MN, self.molecules.tanimoto(first_M, second_N)

    def between(self, first_M: Ints, second_N: Ints, share: float) -> Floats:
        """The kernel without LEVEL, M x N."""
        linear_MN, tanimoto_MN = self.parts(first_M, second_N)
        return np.float32(share) * linear_MN + np.float32(1 - share) * tanimoto_MN

    def itself(self, compounds_M: Ints, share: float) -> Floats:
        """The kernel, without LEVEL, of each of these compounds with itself."""
        counts_M = np.diff(self.membership_CF.indptr)[compounds_M].astype(np.float32) / np.float32(self.unit)
        return np.float32(share) * counts_M + np.float32(0.0 if self.molecules is None else 1 - share)
