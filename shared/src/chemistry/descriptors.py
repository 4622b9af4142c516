"""Descriptors of fragments: what they are as numbers, and what they look like as bits, for any two to be compared.

A fragment is described with a methyl group at each of its open ends: of two fragments with as many ends the methyl groups
cancel out. Its bits are those of the fragment with its open ends.
"""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from rdkit import Chem, rdBase
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors, rdPartialCharges

from chemistry.ends import attachments, kind_of
from contracts.descriptors import BITS, ELEMENTS, END_KINDS, PATTERNS, Described

__all__ = ["described"]

_PATTERNS: Final = {
    "acids": (
        "[CX3](=O)[OX2H1,OX1-]",
        "[SX4](=O)(=O)[OX2H1,OX1-]",
        "P(=O)[OX2H1,OX1-]",
        "c1nnn[nH]1",
        "c1nn[nH]n1",
        "C(=O)[NH]S(=O)=O",
    ),
    "weak acids": ("c[OX2H1]", "[SX4](=O)(=O)[NX3;H1,H2]", "C(=O)[NH]C(=O)", "C(=O)[NX3][OX2H1]", "[SX2H1]"),
    "bases": (
        "[NX3;!$(N[C,S,P]=[O,S,N]);!$(N[a]);!$(NC=C);!$(N[N,O]);!$(NC#N)]",
        "[NX3][CX3]=[NX2;!$(N[C,S]=O)]",
        "[N+;!$([N+]-[O-])]",
    ),
    "weak bases": ("[nX2;r6]", "[nX2;r5;$(n(c)c)]", "[NX3;$(N[a]);!$(N[C,S,P]=[O,S,N])]"),
    "carbonyls": ("[CX3]=[OX1]",),
    "sulfonyls": ("[SX4](=[OX1])=[OX1]",),
}
"""SMARTS that are counted."""
_CARBON: Final = 6
_COUNTED: Final = 4
"""What occurs n times sets min(n, 4) bits."""
_MIXER, _REPEAT_MIXER, _SHIFT = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 54], dtype=np.uint64)


def described(name: str) -> Described:
    """The fragment of this name, a SMILES with or without open ends; raises ValueError for one that RDKit does not read."""
    with rdBase.BlockLogs():
        fragment = Chem.MolFromSmiles(name)
    if fragment is None:
        raise ValueError(f"{name!r} is no fragment that RDKit reads")
    return Described(_numbers(name, fragment), _bits(fragment))


def _numbers(name: str, fragment: Chem.Mol) -> npt.NDArray[np.float32]:
    ends = [atom for atom in fragment.GetAtoms() if atom.GetAtomicNum() == 0]
    capped = Chem.RWMol(fragment)
    for end in ends:
        capped.GetAtomWithIdx(end.GetIdx()).SetAtomicNum(_CARBON)
        capped.GetAtomWithIdx(end.GetIdx()).SetNoImplicit(False)
    with rdBase.BlockLogs():
        capped = Chem.RemoveHs(capped, sanitize=False)
        Chem.SanitizeMol(capped)
        rdPartialCharges.ComputeGasteigerCharges(capped)
    atoms = list(capped.GetAtoms())
    charges = [atom.GetDoubleProp("_GasteigerCharge") for atom in atoms]
    carbons = [atom for atom in atoms if atom.GetAtomicNum() == _CARBON]
    sp3 = sum(atom.GetHybridization() == Chem.HybridizationType.SP3 for atom in carbons)
    inner = [end.GetNeighbors()[0] for end in ends]
    share = 1.0 / max(len(inner), 1)
    kinds = [kind_of(atom) for atom in inner]
    far = Chem.GetDistanceMatrix(fragment)
    return np.array(
        [
            len(atoms) - len(ends),
            *rdMolDescriptors.CalcCrippenDescriptors(capped),
            rdMolDescriptors.CalcTPSA(capped),
            rdMolDescriptors.CalcNumHBD(capped),
            rdMolDescriptors.CalcNumHBA(capped),
            Chem.GetFormalCharge(capped),
            rdMolDescriptors.CalcNumAromaticRings(capped),
            rdMolDescriptors.CalcNumRings(capped),
            rdMolDescriptors.CalcNumRotatableBonds(capped),
            sp3 - len(ends),
            len(carbons) - sp3,
            *attachments(name),
            max((float(far[end.GetIdx()].max()) for end in ends), default=float(far.max(initial=0.0))),
            share * sum(atom.GetDegree() for atom in inner),
            float(np.abs(np.nan_to_num(charges, nan=0.0, posinf=0.0, neginf=0.0)).sum()),
            rdMolDescriptors.CalcNumAromaticHeterocycles(capped),
            *(sum(len(capped.GetSubstructMatches(each)) for each in patterns) for patterns in _patterns()),
            *(share * kinds.count(kind) for kind in range(len(END_KINDS))),
            *(sum(atom.GetAtomicNum() in numbers for atom in atoms) for numbers in ELEMENTS.values()),
        ],
        dtype=np.float32,
    )


def _bits(fragment: Chem.Mol) -> npt.NDArray[np.uint64]:
    rows = []
    for generator, most in zip(_generators(), (1, _COUNTED, _COUNTED), strict=True):
        counts = generator.GetSparseCountFingerprint(fragment).GetNonzeroElements()
        code_N = np.fromiter(counts.keys(), np.uint64, len(counts))
        count_N = np.minimum(np.fromiter(counts.values(), np.int64, len(counts)), most)
        repeat_M = (np.arange(count_N.sum()) - np.repeat(np.cumsum(count_N) - count_N, count_N)).astype(np.uint64)
        places_M = ((np.repeat(code_N, count_N) + np.uint64(1)) * _MIXER + repeat_M * _REPEAT_MIXER) >> _SHIFT
        set_B = np.zeros(BITS, dtype=np.uint8)
        set_B[places_M] = 1
        rows.append(np.packbits(set_B, bitorder="little").view(np.uint64))
    return np.stack(rows)


@cache
def _patterns() -> tuple[tuple[Chem.Mol, ...], ...]:
    return tuple(tuple(map(Chem.MolFromSmarts, smarts)) for smarts in (_PATTERNS[name] for name in PATTERNS))


@cache
def _generators() -> tuple[rdFingerprintGenerator.FingerprintGenerator64, ...]:
    features = rdFingerprintGenerator.GetMorganFeatureAtomInvGen()
    return (
        rdFingerprintGenerator.GetMorganGenerator(radius=2),
        rdFingerprintGenerator.GetMorganGenerator(radius=2, atomInvariantsGenerator=features),
        rdFingerprintGenerator.GetAtomPairGenerator(),
    )
