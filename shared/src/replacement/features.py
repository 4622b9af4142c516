"""Features of a pair of fragments, by which a change is expected that was never measured: the same for both orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from contracts.descriptors import BIT_KINDS, DESCRIPTORS, Described

__all__ = ["DIRECTIONS", "ENDS", "FEATURES", "Descriptions", "pair_features"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_EXTREMES: Final = (
    "heavy atoms",
    "logP",
    "polar surface",
    "donors",
    "acceptors",
    "acids",
    "bases",
    "aromatic rings",
    "rings",
    "rotatable bonds",
    "attachments",
    "length",
)
"""Those of which the smaller and the larger of both fragments count, not only by how much they differ."""
ENDS: Final = tuple(DESCRIPTORS.index(name) for name in ("attachments", "double attachments"))
"""Columns that are equal for fragments that can take each other's place."""
_PLACES: Final = np.array([DESCRIPTORS.index(name) for name in _EXTREMES])
FEATURES: Final = (
    *(f"difference in {name}" for name in DESCRIPTORS),
    *(f"smaller {name}" for name in _EXTREMES),
    *(f"larger {name}" for name in _EXTREMES),
    *(f"alike in {name}" for name in BIT_KINDS),
)
"""Names of the D features."""
DIRECTIONS: Final = np.array([1] * len(DESCRIPTORS) + [0] * (2 * len(_EXTREMES)) + [-1] * len(BIT_KINDS), dtype=np.int8)
"""Fragments that differ more are not expected to change less (1), those that look more alike not to change more (-1)."""


@dataclass(frozen=True, eq=False)
class Descriptions:
    """F fragments as `chemistry.descriptors` describes them."""

    numbers_FD: Floats
    bits_FKW: npt.NDArray[np.uint64]

    @classmethod
    def of(cls, described: Sequence[Described]) -> Self:
        """In this order."""
        return cls(np.stack([each.numbers_D for each in described]), np.stack([each.bits_KW for each in described]))

    def __len__(self) -> int:
        return len(self.numbers_FD)


def pair_features(one: Descriptions, first_N: Ints, other: Descriptions, second_N: Ints) -> Floats:
    """N x D: of fragments of `one` with fragments of `other`."""
    here_ND, there_ND = one.numbers_FD[first_N], other.numbers_FD[second_N]
    here_NE, there_NE = here_ND[:, _PLACES], there_ND[:, _PLACES]
    here_NKW, there_NKW = one.bits_FKW[first_N], other.bits_FKW[second_N]
    both_NK = np.bitwise_count(here_NKW & there_NKW).sum(axis=2, dtype=np.float32)
    either_NK = np.bitwise_count(here_NKW | there_NKW).sum(axis=2, dtype=np.float32)
    alike_NK = np.divide(both_NK, either_NK, out=np.ones_like(both_NK), where=either_NK > 0)
    parts = (np.abs(here_ND - there_ND), np.minimum(here_NE, there_NE), np.maximum(here_NE, there_NE), alike_NK)
    return np.concatenate(parts, axis=1)
