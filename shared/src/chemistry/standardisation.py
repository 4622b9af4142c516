"""Standardisation: one canonical SMILES for all the ways in which the same compound is written.

The drug, without its counter-ions, solvents and metal ions: the organic part with the most heavy atoms that is not on the
list of `counterions`, or the largest on it where all parts are; of equals the heavier, then the first by its SMILES. Neutral
where adding or removing hydrogen ions makes it so; without isotopes, atom maps and stereo. Tautomers are left as drawn: no form
of them is the true one, and telling which are the same costs a thousand times as much as everything else here.
"""

import re
from functools import cache
from typing import Final

from rdkit import Chem, rdBase
from rdkit.Chem.MolStandardize import rdMolStandardize

from chemistry.canonical import Bounds, check, read
from chemistry.counterions import COUNTERIONS
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
    """The drug among the parts of a molecule, neutral and without hydrogen atoms; raises `Unfragmentable`."""
    metals, _, _, metallocene = _standardisers()
    mol = Chem.RemoveHs(mol, sanitize=False)
    metals.DisconnectInPlace(mol)
    mol = _drug(mol)
    if mol.HasSubstructMatch(metallocene):
        raise Unfragmentable("an organometallic compound: without the metal its organic part is a carbanion")
    return _neutral(mol)


def _drug(mol: Chem.Mol) -> Chem.Mol:
    """The part of a molecule that is the compound."""
    parts: list[Chem.Mol] = [
        part for part in Chem.GetMolFrags(mol, asMols=True, sanitizeFrags=False) if part.HasSubstructMatch(_carbon())
    ]
    if len(parts) == 1:
        return parts[0]
    for part in parts:
        check(part)
    by_name: dict[str, Chem.Mol] = {str(Chem.MolToSmiles(part)): part for part in parts}
    drugs = {name: part for name, part in by_name.items() if not _is_counterion(part)} or by_name
    sizes = {name: (-part.GetNumHeavyAtoms(), -_weight(part), name) for name, part in drugs.items()}
    return drugs[min(drugs, key=sizes.__getitem__)]


def _weight(part: Chem.Mol) -> float:
    return sum(atom.GetMass() for atom in part.GetAtoms())


def _is_counterion(part: Chem.Mol) -> bool:
    if part.GetNumHeavyAtoms() > _largest_counterion():
        return False
    try:
        return str(Chem.MolToSmiles(_neutral(Chem.Mol(part)))) in _counterions()
    except Unfragmentable:
        return False


def _neutral(mol: Chem.Mol) -> Chem.Mol:
    """A part, neutral where hydrogen ions make it so, with the bonds that most databases draw."""
    _, normalizer, uncharger, _ = _standardisers()
    normalizer.normalizeInPlace(mol)
    uncharger.unchargeInPlace(mol)
    check(mol)
    return mol


@cache
def _counterions() -> frozenset[str]:
    return frozenset(str(Chem.MolToSmiles(_neutral(read(smiles)))) for smiles in COUNTERIONS)


@cache
def _largest_counterion() -> int:
    return max(read(smiles).GetNumHeavyAtoms() for smiles in COUNTERIONS)


@cache
def _carbon() -> Chem.Mol:
    return Chem.MolFromSmarts("[#6]")


@cache
def _standardisers() -> tuple[
    rdMolStandardize.MetalDisconnector,
    rdMolStandardize.Normalizer,
    rdMolStandardize.Uncharger,
    Chem.Mol,
]:
    """What they do is RDKit's, but for bonds between metals and carbon: those are not ionic, and stay."""
    metals = rdMolStandardize.MetalDisconnector()
    metals.SetMetalNon(Chem.MolFromSmarts(metals.MetalNon.replace("~[B,C,", "~[B,")))
    return (
        metals,
        rdMolStandardize.NormalizerFromData(_DOUBLE_BONDS, rdMolStandardize.CleanupParameters()),
        rdMolStandardize.Uncharger(),
        Chem.MolFromSmarts("[c-;!$(*~[+])]"),
    )
