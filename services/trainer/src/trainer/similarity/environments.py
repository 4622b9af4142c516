"""Environments: what the hidden block of the activity model sees of a whole molecule, and how alike fragments look."""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse
from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator

from similarity.lists import Lists, of_pairs
from similarity.lists import tanimoto as compared

__all__ = ["environment_sets", "environments_CD", "fingerprints_CD", "tanimoto"]

_COUNTS: Final = 4
"""An environment that occurs n times sets min(n, 4) features."""
_ONE, _MIXER, _REPEAT_MIXER, _HIGH = np.array([1, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 32], dtype=np.uint64)
_RADIUS: Final = 2
"""Bonds around an atom: ECFP4 (Rogers and Hahn 2010)."""


def environments_CD(molecules: Iterable[str], features: int) -> scipy.sparse.csr_array:
    """Molecules by hashed atom environments with counts, 0/1 rows; `molecules` are SMILES that RDKit reads."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=_RADIUS)
    return _counted((_molecule(smiles) for smiles in molecules), [generator], features)


def fingerprints_CD(molecules: Iterable[str], features: int) -> scipy.sparse.csr_array:
    """The same with atom pairs (Carhart et al. 1985) and topological torsions (Nilakantan et al. 1987) beside the environments.

    `features` columns of each kind, one kind behind the other.
    """
    generators = [
        rdFingerprintGenerator.GetMorganGenerator(radius=_RADIUS),
        rdFingerprintGenerator.GetAtomPairGenerator(),
        rdFingerprintGenerator.GetTopologicalTorsionGenerator(),
    ]
    return _counted((_molecule(smiles) for smiles in molecules), generators, features)


def _counted(
    molecules: Iterable[Chem.Mol], generators: list[rdFingerprintGenerator.FingerprintGenerator64], features: int
) -> scipy.sparse.csr_array:
    """What occurs n times sets min(n, 4) features of its kind.

    Feature numbers are mixed from RDKit's codes by multiplication with odd constants (Knuth), so that they are the same on
    every machine.
    """
    rows: list[npt.NDArray[np.int32]] = []
    for molecule in molecules:
        found: list[npt.NDArray[np.int32]] = []
        for kind, generator in enumerate(generators):
            counts = generator.GetSparseCountFingerprint(molecule).GetNonzeroElements()
            code_N = np.fromiter(counts.keys(), np.uint64, len(counts))
            repeats_N = np.minimum(np.fromiter(counts.values(), np.uint64, len(counts)), _COUNTS).astype(np.int64)
            repeat_N = np.arange(repeats_N.sum()) - np.repeat(np.cumsum(repeats_N) - repeats_N, repeats_N)
            mixed_N = (np.repeat(code_N, repeats_N) + _ONE) * _MIXER + repeat_N.astype(np.uint64) * _REPEAT_MIXER
            found.append(np.unique((mixed_N >> _HIGH) % np.uint64(features)).astype(np.int32) + np.int32(kind * features))
        rows.append(np.concatenate(found))
    columns = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int32)
    starts = np.cumsum([0, *map(len, rows)], dtype=scipy.sparse.get_index_dtype(maxval=len(columns)))
    shape = (len(rows), len(generators) * features)
    return scipy.sparse.csr_array((np.ones(len(columns), dtype=np.float32), columns, starts), shape=shape)


def environment_sets(molecules: Sequence[str | None]) -> list[npt.NDArray[np.int32] | None]:
    """The environments of each molecule, numbered from 0 over all of them, rising; None where one is no SMILES."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=_RADIUS)
    codes = [
        None if smiles is None else np.array(generator.GetSparseFingerprint(_molecule(smiles)).GetOnBits(), dtype=np.int64)
        for smiles in molecules
    ]
    every = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(each for each in codes if each is not None)]))
    return [None if each is None else np.searchsorted(every, np.sort(each)).astype(np.int32) for each in codes]


def tanimoto(
    molecules: Sequence[str | None], first_N: npt.NDArray[np.int32], second_N: npt.NDArray[np.int32]
) -> npt.NDArray[np.float32]:
    """How alike each pair of `molecules` looks, in percent: Tanimoto similarity of ECFP4; NaN where one is no SMILES."""
    return of_pairs(compared, Lists.joined(environment_sets(molecules)), first_N, second_N).astype(np.float32)


def _molecule(smiles: str) -> Chem.Mol:
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        raise ValueError(f"{smiles!r} is no molecule that RDKit reads")
    return molecule
