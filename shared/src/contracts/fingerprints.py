"""Fingerprints: the features by which whole molecules are compared, as what makes them and what compares them agree on."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["KINDS", "MOST_COUNTED", "Fingerprint"]

KINDS: Final = ("environments", "atom_pairs", "torsions")
"""ECFP4 environments (Rogers and Hahn 2010), atom pairs (Carhart et al. 1985), torsions (Nilakantan et al. 1987)."""
MOST_COUNTED: Final = 4
"""A feature that occurs more often counts as so often."""


@dataclass(frozen=True, eq=False)
class Fingerprint:
    """The features of a molecule, one pair of arrays a kind."""

    codes: tuple[npt.NDArray[np.uint64], ...]
    """Rising."""
    counts: tuple[npt.NDArray[np.uint8], ...]
    """1 to `MOST_COUNTED`, of the feature at the same place."""
