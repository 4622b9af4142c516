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

from chemistry.canonical import Bounds, check, read
from chemistry.notation import smiles_of
from chemistry.unfragmentable import Unfragmentable

__all__ = ["BOUNDS", "CHARACTERS", "standardise"]

CHARACTERS: Final = 10_000
"""Length of a SMILES, looked at before anything else is."""
BOUNDS: Final = Bounds(atoms=500, rings=100, rings_in_macrocycle=12)
"""Among ChEMBL's small molecules the largest peptides have 300 atoms; C60 has 31 rings; [12]cycloparaphenylene is within."""

_UNPLAIN: Final = re.compile(r"\.|\[(?!(?:[BCNOPS]|[bcnops]|Si|Se|se)@{0,2}(?:H\d?)?\])")
"""A second part, a charge, an isotope, an atom map, a hydrogen atom, a metal: all that `_neutral_parent` may change."""
_LABEL: Final = re.compile(r"(\[)\d+|:\d+(\])")
"""An isotope or the number of an atom map, with the bracket that tells it from a ring closure."""

_DOUBLE_BONDS: Final = "\n".join(
    f"{name}\t[{elements};{charge}:1]-[O,S,Se;-1;D1:2]>>[*{after}:1]=[*+0:2]"
    for name, elements, charge, after in (
        ("oxides", "P,S,As,Se,Te", "+1", "+0"),
        ("dioxides", "P,S,As,Se,Te", "+2", "+1"),
    )
)
"""A sulfoxide or phosphine oxide drawn with charges gets the double bond that most databases draw."""


def standardise(smiles: str) -> str:
    """Canonical SMILES of the parent of a molecule in any notation that `notation` knows; raises `Unfragmentable`.

    Standardising it again changes nothing.
    """
    if not smiles.strip():
        raise Unfragmentable("empty SMILES")
    text = smiles_of(smiles)
    if len(text) > CHARACTERS:
        raise Unfragmentable(f"more than {CHARACTERS} characters")
    if not text.isascii():
        raise Unfragmentable("not a SMILES")
    if "*" in text:
        raise Unfragmentable("an open attachment point (*)")
    plain = _UNPLAIN.search(text) is None
    if not plain:
        text = _LABEL.sub(r"\1\2", text)
    with rdBase.BlockLogs():
        mol = read(text, BOUNDS)
        if not mol.HasSubstructMatch(_carbon()):
            raise Unfragmentable("no organic part: no atom is carbon")
        return str(Chem.MolToSmiles(mol if plain else _neutral_parent(mol)))


def _neutral_parent(mol: Chem.Mol) -> Chem.Mol:
    """The largest organic part of a molecule, neutral and without hydrogen atoms; raises `Unfragmentable`."""
    metals, largest, normalizer, uncharger, metallocene = _standardisers()
    mol = Chem.RemoveHs(mol, sanitize=False)
    metals.DisconnectInPlace(mol)
    largest.chooseInPlace(mol)
    if mol.HasSubstructMatch(metallocene):
        raise Unfragmentable("an organometallic compound: without the metal its organic part is a carbanion")
    normalizer.normalizeInPlace(mol)
    uncharger.unchargeInPlace(mol)
    check(mol)
    return mol


@cache
def _carbon() -> Chem.Mol:
    return Chem.MolFromSmarts("[#6]")


@cache
def _standardisers() -> tuple[
    rdMolStandardize.MetalDisconnector,
    rdMolStandardize.LargestFragmentChooser,
    rdMolStandardize.Normalizer,
    rdMolStandardize.Uncharger,
    Chem.Mol,
]:
    """What they do is RDKit's, but for bonds between metals and carbon: those are not ionic, and stay."""
    metals = rdMolStandardize.MetalDisconnector()
    metals.SetMetalNon(Chem.MolFromSmarts(metals.MetalNon.replace("~[B,C,", "~[B,")))
    return (
        metals,
        rdMolStandardize.LargestFragmentChooser(preferOrganic=True),
        rdMolStandardize.NormalizerFromData(_DOUBLE_BONDS, rdMolStandardize.CleanupParameters()),
        rdMolStandardize.Uncharger(),
        Chem.MolFromSmarts("[c-;!$(*~[+])]"),
    )
