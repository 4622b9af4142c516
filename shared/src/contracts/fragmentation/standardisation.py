"""Standardisation: one canonical SMILES for all the ways in which the same compound is written.

The largest organic part, without its counter-ions, solvents and metal ions; neutral where adding or removing hydrogen ions
makes it so; without isotopes, atom maps and stereo. Tautomers are left as drawn: no form of them is the true one, and telling
which are the same costs a thousand times as much as everything else here.
"""

import re
from functools import cache
from typing import Final

from rdkit import Chem, rdBase
from rdkit.Chem.MolStandardize import rdMolStandardize

from contracts.fragmentation.canonical import read
from contracts.fragmentation.unfragmentable import Unfragmentable

__all__ = ["CHARACTERS", "HEAVY_ATOMS", "RINGS", "standardise"]

CHARACTERS: Final = 10_000
"""Length of a SMILES, read before anything else is."""
HEAVY_ATOMS: Final = 500
"""Atoms but hydrogen in a SMILES, all parts together; the largest peptides among ChEMBL's small molecules have 300."""
RINGS: Final = 100
"""Independent rings in a SMILES, all parts together; C60 has 31."""

_PLAIN: Final = re.compile(r"(?:[^][.+*]|\[(?:[BCNOPS]|[bcnops]|Si|Se|se)@{0,2}(?:H\d?)?\])+")
"""One part, no charge, no isotope, no atom map, no hydrogen atom, no metal: nothing that `_neutral_parent` would change."""
_CARBON: Final = 6

_DOUBLE_BONDS: Final = "\n".join(
    f"{name}\t[{elements};{charge}:1]-[O,S,Se;-1;D1:2]>>[*{after}:1]=[*+0:2]"
    for name, elements, charge, after in (
        ("oxides", "P,S,As,Se,Te", "+1", "+0"),
        ("dioxides", "P,S,As,Se,Te", "+2", "+1"),
    )
)
"""A sulfoxide or phosphine oxide drawn with charges gets the double bond that most databases draw."""


def standardise(smiles: str) -> str:
    """Canonical SMILES of the parent; raises `Unfragmentable`. Standardising it again changes nothing."""
    words = smiles.split()
    if not words:
        raise Unfragmentable("empty SMILES")
    if len(words) > 1:
        raise Unfragmentable("more than one word")
    text = words[0]
    if len(text) > CHARACTERS:
        raise Unfragmentable(f"more than {CHARACTERS} characters")
    if "*" in text:
        raise Unfragmentable("an open attachment point (*)")
    with rdBase.BlockLogs():
        mol = read(text, heavy_atoms=HEAVY_ATOMS, rings=RINGS)
        if not _PLAIN.fullmatch(text):
            mol = _neutral_parent(mol)
        if not any(atom.GetAtomicNum() == _CARBON for atom in mol.GetAtoms()):
            raise Unfragmentable("no organic part: no atom is carbon")
        return str(Chem.MolToSmiles(mol))


def _neutral_parent(mol: Chem.Mol) -> Chem.Mol:
    """The largest organic part of a molecule, neutral, without isotopes, atom maps and hydrogen atoms."""
    metals, largest, normalizer, uncharger = _standardisers()
    for atom in mol.GetAtoms():
        atom.SetIsotope(0)
        atom.SetAtomMapNum(0)
    mol = largest.choose(metals.Disconnect(Chem.RemoveHs(mol)))
    if mol.HasSubstructMatch(_aromatic_carbanion()):
        Chem.Kekulize(mol, clearAromaticFlags=True)  # a hydrogen more makes its ring another one
    return read(Chem.MolToSmiles(uncharger.uncharge(normalizer.normalize(mol))))


@cache
def _aromatic_carbanion() -> Chem.Mol:
    return Chem.MolFromSmarts("[c-]")


@cache
def _standardisers() -> tuple[
    rdMolStandardize.MetalDisconnector,
    rdMolStandardize.LargestFragmentChooser,
    rdMolStandardize.Normalizer,
    rdMolStandardize.Uncharger,
]:
    """What they do is RDKit's, but for bonds between metals and carbon: those are not ionic, and stay."""
    metals = rdMolStandardize.MetalDisconnector()
    metals.SetMetalNon(Chem.MolFromSmarts(metals.MetalNon.replace("~[B,C,", "~[B,")))
    return (
        metals,
        rdMolStandardize.LargestFragmentChooser(preferOrganic=True),
        rdMolStandardize.NormalizerFromData(_DOUBLE_BONDS, rdMolStandardize.CleanupParameters()),
        rdMolStandardize.Uncharger(),
    )
