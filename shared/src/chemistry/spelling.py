"""Spelling: the names that a fragment written in any way may have, as this package writes them."""

import re
from typing import Final

from rdkit import Chem, rdBase

from chemistry.canonical import Bounds, canonical, read
from chemistry.unfragmentable import Unfragmentable

__all__ = ["names_of"]

_BOUNDS: Final = Bounds(atoms=200, rings=30, rings_in_macrocycle=8)
_CHARACTERS: Final = 500
_ATTACHMENT: Final = re.compile(r"\[(?:R\d*|\*(?::\d+)?|\d+\*(?::\d+)?)\]")
"""`[R]`, `[R1]`, `[*]`, `[*:1]` and `[1*]` are all ways to write where a fragment is attached."""
_DUMMY: Final = 0


def names_of(text: str) -> tuple[str, ...]:
    """The fragment that a SMILES spells; where it marks no attachment, then also the same attached at each hydrogen.

    `O1CCNCC1` is `C1COCCN1`, which as a fragment is `*N1CCOCC1`, `*C1CNCCO1` or `*C1COCCN1`. A leading `-` is an attachment.

    Raises:
        Unfragmentable: the text is no SMILES of a possible molecule, or it is too large.
    """
    word = _ATTACHMENT.sub("*", text.strip())
    if word.startswith("-"):
        word = f"*{word[1:]}"
    if not word or len(word) > _CHARACTERS:
        raise Unfragmentable(f"empty or more than {_CHARACTERS} characters")
    with rdBase.BlockLogs():
        mol = read(word, _BOUNDS)
        for atom in mol.GetAtoms():
            atom.SetIsotope(0)
            atom.SetAtomMapNum(0)
        name = canonical(str(Chem.MolToSmiles(Chem.RemoveHs(mol))))
        if "*" in name:
            return (name,)
        return (name, *_attached(name))


def _attached(name: str) -> list[str]:
    """The molecule with a `*` in place of one hydrogen, once for each place that is not equal to another."""
    mol = Chem.MolFromSmiles(name)
    rank_A = list(Chem.CanonicalRankAtoms(mol, breakTies=False))
    found: dict[str, None] = {}
    for atom in mol.GetAtoms():
        if atom.GetTotalNumHs() and rank_A.index(rank_A[atom.GetIdx()]) == atom.GetIdx():
            grown = Chem.RWMol(mol)
            place = grown.GetAtomWithIdx(atom.GetIdx())
            if place.GetNumExplicitHs():
                place.SetNumExplicitHs(place.GetNumExplicitHs() - 1)
            grown.AddBond(atom.GetIdx(), grown.AddAtom(Chem.Atom(_DUMMY)), Chem.BondType.SINGLE)
            found[canonical(str(Chem.MolToSmiles(grown)))] = None
    return list(found)
