"""Fingerprints of molecules, by RDKit: one definition for the trainer, which learns from them, and for who asks its models."""

from functools import cache
from typing import Final

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator

from contracts.fingerprints import MOST_COUNTED, Fingerprint

__all__ = ["fingerprint"]

_RADIUS: Final = 2
"""Bonds around an atom."""


def fingerprint(smiles: str) -> Fingerprint:
    """The fingerprint of a molecule.

    Raises:
        ValueError: `smiles` is no molecule that RDKit reads.
    """
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        raise ValueError(f"{smiles!r} is no molecule that RDKit reads")
    codes, counts = [], []
    for generator in _generators():
        occurrences = generator.GetSparseCountFingerprint(molecule).GetNonzeroElements()
        code_V = np.fromiter(occurrences.keys(), np.uint64, len(occurrences))
        count_V = np.minimum(np.fromiter(occurrences.values(), np.int64, len(occurrences)), MOST_COUNTED).astype(np.uint8)
        order_V = np.argsort(code_V)
        codes.append(code_V[order_V])
        counts.append(count_V[order_V])
    return Fingerprint(tuple(codes), tuple(counts))


@cache
def _generators() -> tuple[rdFingerprintGenerator.FingerprintGenerator64, ...]:
    return (
        rdFingerprintGenerator.GetMorganGenerator(radius=_RADIUS),
        rdFingerprintGenerator.GetAtomPairGenerator(),
        rdFingerprintGenerator.GetTopologicalTorsionGenerator(),
    )
