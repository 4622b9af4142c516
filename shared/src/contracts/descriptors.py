"""Descriptors of fragments: what a fragment is, as numbers and as bits, for the trainer and for who asks its files."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["BITS", "BIT_KINDS", "DESCRIPTORS", "ELEMENTS", "END_KINDS", "MOST_ENDS", "PATTERNS", "Described"]

PATTERNS: Final = ("acids", "weak acids", "bases", "weak bases", "carbonyls", "sulfonyls")
"""Of atoms that are counted."""
END_KINDS: Final = (
    "aromatic carbon",
    "sp3 carbon",
    "other carbon",
    "aromatic nitrogen",
    "nitrogen",
    "oxygen",
    "sulfur",
    "halogen",
)
"""Of atoms at an open end."""
ELEMENTS: Final = {"N": (7,), "O": (8,), "S": (16,), "F": (9,), "Cl": (17,), "Br, I": (35, 53)}
DESCRIPTORS: Final = (
    "heavy atoms",
    "logP",
    "refractivity",
    "polar surface",
    "donors",
    "acceptors",
    "charge",
    "aromatic rings",
    "rings",
    "rotatable bonds",
    "sp3 carbons",
    "other carbons",
    "attachments",
    "double attachments",
    "length",
    "degree at the end",
    "partial charges",
    "aromatic heterocycles",
    *PATTERNS,
    *END_KINDS,
    *ELEMENTS,
)
"""Names of the D numbers, in order. Ends count the mean over them; the length is the longest way from an end, in bonds."""
BIT_KINDS: Final = ("environments", "features", "pairs")
"""ECFP4 as a set; FCFP4 and atom pairs with counts."""
BITS: Final = 1024
"""Of each kind."""
MOST_ENDS: Final = 5
"""Open ends of a fragment that is put into molecules, which is done in every order: 120 ways."""


@dataclass(frozen=True, eq=False)
class Described:
    """A fragment."""

    numbers_D: npt.NDArray[np.float32]
    bits_KW: npt.NDArray[np.uint64]
    """K kinds of W words of 64 bits."""
