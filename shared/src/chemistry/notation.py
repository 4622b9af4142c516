"""Notation: the SMILES of what tables write for molecules: a SMILES with a name, a CXSMILES or an InChI."""

import re
from functools import cache
from typing import Final

from rdkit import Chem, rdBase

from chemistry.unfragmentable import Unfragmentable

__all__ = ["is_molecule", "name_of", "smiles_of"]

_INCHI: Final = "InChI="
_EXTENSION: Final = re.compile(r"^\|[^|]*\|")
_SMILES: Final = re.compile(r"[A-Za-z0-9@+\-\[\]()=#$%/\\.:*~]{1,2000}")
_INCHI_CHARACTERS: Final = 5_000


def smiles_of(text: str) -> str:
    """The SMILES of a text: its first word, or that of an InChI. Raises `Unfragmentable` where an InChI cannot be read."""
    word = text.split(maxsplit=1)[0] if text.strip() else ""
    if not word.startswith(_INCHI):
        return word
    if len(word) > _INCHI_CHARACTERS:
        raise Unfragmentable(f"more than {_INCHI_CHARACTERS} characters")
    with rdBase.BlockLogs():
        mol = Chem.MolFromInchi(word, sanitize=False, removeHs=False)  # type: ignore[no-untyped-call]  # RDKit's own
        if mol is None:
            raise Unfragmentable("not an InChI")
        try:
            Chem.SanitizeMol(mol)
        except (ValueError, RuntimeError) as error:
            raise Unfragmentable(f"an InChI of an impossible molecule: {error}") from error
        return str(Chem.MolToSmiles(_with_amides(mol)))


@cache
def _imidic_acid() -> Chem.Mol:
    return Chem.MolFromSmarts("[OX2H1,SX2H1][CX3]=[NX2]")


def _with_amides(mol: Chem.Mol) -> Chem.Mol:
    """The molecule of an InChI with amides as people draw them: an InChI does not say where their hydrogen stands."""
    drawn = Chem.RWMol(mol)
    while match := drawn.GetSubstructMatch(_imidic_acid()):
        acid, carbon, base = match
        hydrogens = drawn.GetAtomWithIdx(base).GetTotalNumHs()
        drawn.GetBondBetweenAtoms(acid, carbon).SetBondType(Chem.BondType.DOUBLE)
        drawn.GetBondBetweenAtoms(carbon, base).SetBondType(Chem.BondType.SINGLE)
        drawn.GetAtomWithIdx(acid).SetNumExplicitHs(0)
        drawn.GetAtomWithIdx(base).SetNumExplicitHs(hydrogens + 1)
        for atom in (acid, base):
            drawn.GetAtomWithIdx(atom).SetNoImplicit(True)
        Chem.SanitizeMol(drawn)
    return drawn


def name_of(text: str) -> str:
    """The name that follows a SMILES, behind its CXSMILES extension; empty where there is none."""
    _, _, rest = text.strip().partition(" ") if " " in text.strip() else text.strip().partition("\t")
    return _EXTENSION.sub("", rest.strip()).strip()


def is_molecule(text: str) -> bool:
    """Whether RDKit reads a molecule from the text's first word."""
    try:
        word = smiles_of(text)
    except Unfragmentable:
        return False
    if not _SMILES.fullmatch(word):
        return False
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(word, sanitize=False) is not None
