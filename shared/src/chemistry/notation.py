"""Notation: the SMILES of what tables write for molecules: a SMILES with a name, a CXSMILES or an InChI."""

import re
from functools import cache
from typing import Final

from rdkit import Chem, rdBase
from rdkit.Chem.MolStandardize import rdMolStandardize

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
        mol = Chem.MolFromInchi(word, sanitize=False, removeHs=False)
        if mol is None:
            raise Unfragmentable("not an InChI")
        try:
            Chem.SanitizeMol(mol)
        except (ValueError, RuntimeError) as error:
            raise Unfragmentable(f"an InChI of an impossible molecule: {error}") from error
        return str(Chem.MolToSmiles(_amides().normalize(mol)))


@cache
def _amides() -> rdMolStandardize.Normalizer:
    """An InChI does not say where the hydrogen of an amide stands, and RDKit puts it on the oxygen."""
    data = "\n".join(
        f"{name}\t[{atom}X2H1:1][CX3:2]=[NX2:3]>>[{atom}:1]=[C:2][N:3]" for name, atom in (("amide", "O"), ("thioamide", "S"))
    )
    return rdMolStandardize.NormalizerFromData(data, rdMolStandardize.CleanupParameters())


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
