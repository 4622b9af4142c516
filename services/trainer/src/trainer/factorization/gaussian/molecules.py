"""Molecules: the fingerprints of all compounds as sparse tables, by which any of them are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import scipy.sparse

from chemistry.fingerprints import fingerprint
from contracts.fingerprints import KINDS, MOST_COUNTED

__all__ = ["Molecules"]

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_KEPT: Final = 8192
"""Molecules of which all similarities are kept, 0.3 GB..."""
_MUCH: Final = 0.25
"""...once so much of them is asked for at once."""


@dataclass(frozen=True, eq=False)
class Molecules:
    """C molecules by the V features of each kind of fingerprint that any of them has."""

    codes: tuple[npt.NDArray[np.uint64], ...]
    """The code of each column, rising, one array a kind."""
    counts: tuple[scipy.sparse.csr_array, ...]
    """C x V, how often a molecule has a feature, at most `MOST_COUNTED`; one table a kind."""

    @classmethod
    def of(cls, smiles: Sequence[str]) -> Self:
        """From SMILES; raises ValueError for one that RDKit does not read."""
        prints = [fingerprint(each) for each in smiles]
        codes, counts = [], []
        for kind in range(len(KINDS)):
            lengths_C = np.array([len(each.codes[kind]) for each in prints], dtype=np.int64)
            code_N = np.concatenate([np.zeros(0, np.uint64), *(each.codes[kind] for each in prints)])
            count_N = np.concatenate([np.zeros(0, np.uint8), *(each.counts[kind] for each in prints)])
            code_V, column_N = np.unique(code_N, return_inverse=True)
            starts = np.concatenate([[0], np.cumsum(lengths_C)])
            codes.append(code_V)
            counts.append(scipy.sparse.csr_array((count_N, column_N, starts), shape=(len(prints), len(code_V))))
        return cls(tuple(codes), tuple(counts))

    def __len__(self) -> int:
        return int(self.counts[0].shape[0])

    @cached_property
    def sizes_C(self) -> list[npt.NDArray[np.float32]]:
        """The sum of counts of every molecule, one array a kind."""
        return [np.asarray(counts_CV.sum(axis=1, dtype=np.float32)).ravel() for counts_CV in self.counts]

    def tanimoto(self, first_M: Ints, second_N: Ints) -> npt.NDArray[np.float32]:
        """How alike these molecules are to those, M x N, 0 to 1: the MinMax similarity of counts, mean over the kinds.

        It is positive definite (Ralaivola et al. 2005; means of kernels are kernels). Two molecules without any feature of a
        kind are equal in it. Where tables ask for much of all pairs, all are compared once and kept: assays of one library.
        """
        pairs, every = len(first_M) * len(second_N), len(self) ** 2
        if "_alike_CC" in self.__dict__ or (len(self) <= _KEPT and pairs >= _MUCH * every):
            return self._alike_CC[np.ix_(first_M, second_N)]
        return self._compared(first_M, second_N)

    @cached_property
    def _alike_CC(self) -> npt.NDArray[np.float32]:
        every_C = np.arange(len(self))
        return self._compared(every_C, every_C)

    def _compared(self, first_M: Ints, second_N: Ints) -> npt.NDArray[np.float32]:
        alike_MN = np.zeros((len(first_M), len(second_N)), dtype=np.float32)
        for levels, size_C in zip(self._levels, self.sizes_C, strict=True):
            shared_MN = np.zeros_like(alike_MN)
            for level_CV in levels:  # min(a, b) is the number of levels that both reach
                shared_MN += (level_CV[first_M] @ level_CV[second_N].T).toarray()
            either_MN = size_C[first_M, None] + size_C[second_N] - shared_MN
            alike_MN += np.divide(shared_MN, either_MN, out=np.ones_like(shared_MN), where=either_MN > 0)
        alike_MN /= np.float32(len(KINDS))
        return alike_MN

    @cached_property
    def _levels(self) -> list[list[scipy.sparse.csr_array]]:
        """For every kind and level 1, 2, ...: 1 where a feature occurs at least so often."""
        kinds = []
        for counts_CV in self.counts:
            levels = []
            for level in range(1, MOST_COUNTED + 1):
                reached_CV = counts_CV.copy()
                reached_CV.data = (reached_CV.data >= level).astype(np.float32)
                reached_CV.eliminate_zeros()
                levels.append(reached_CV)
            kinds.append(levels)
        return kinds
