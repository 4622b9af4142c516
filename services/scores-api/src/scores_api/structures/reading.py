"""Reading: a molecule of a SMILES, a pattern of a fragment's name or a SMARTS, within bounds that keep every drawing quick."""

import re
from typing import Any, Final

from rdkit import Chem, rdBase

__all__ = ["Unreadable", "is_smiles", "molecule", "pattern"]

_ATOMS: Final = 250
_BY_NUMBER: Final = re.compile(r"\[[^\]]*#\d")
"""An element by its number, which RDKit reads in a SMILES, too: as an atom without hydrogens."""


class Unreadable(Exception):
    """A text is no structure that can be drawn: which one, what it says, and why."""

    def __init__(self, place: str, value: str, reason: str) -> None:
        super().__init__(reason)
        self.place = place
        self.value = value
        self.reason = reason


def molecule(place: str, text: str) -> Chem.Mol:
    """The molecule or fragment of a SMILES.

    Raises:
        Unreadable: it is none, or has more than 250 atoms.
    """
    with rdBase.BlockLogs():
        read: Chem.Mol | None = Chem.MolFromSmiles(text) if _is_plain(text) else None
    if read is None or not read.GetNumAtoms():
        raise Unreadable(place, text, "not a SMILES of a possible molecule")
    if read.GetNumAtoms() > _ATOMS:
        raise Unreadable(place, text, f"more than {_ATOMS} atoms")
    return read


def is_smiles(text: str) -> bool:
    """Whether a text is a SMILES of a possible molecule or fragment."""
    with rdBase.BlockLogs():
        return _is_plain(text) and not _BY_NUMBER.search(text) and Chem.MolFromSmiles(text) is not None


def pattern(text: str) -> Chem.Mol:
    """What is looked for in a molecule: a fragment by its name, in which `*` is any neighbour, a SMILES, or a SMARTS.

    An atom of a fragment has the neighbours that its name states, so that `*O*` is no hydroxyl; one of a SMILES without `*` has
    these at least.

    Raises:
        Unreadable: it is none of these.
    """
    if not _is_plain(text):
        raise Unreadable("", text, "neither a SMILES nor a SMARTS")
    with rdBase.BlockLogs():
        read: Chem.Mol | None = None if _BY_NUMBER.search(text) else Chem.MolFromSmiles(text)
        if read is not None and read.GetNumAtoms():
            return Chem.AdjustQueryProperties(read, _settings(is_fragment="*" in text))
        as_smarts: Chem.Mol | None = Chem.MolFromSmarts(text)
    if as_smarts is None or not as_smarts.GetNumAtoms():
        raise Unreadable("", text, "neither a SMILES nor a SMARTS")
    if as_smarts.GetNumAtoms() > _ATOMS:
        raise Unreadable("", text, f"more than {_ATOMS} atoms")
    return as_smarts


def _is_plain(text: str) -> bool:
    """Whether a text has nothing that no SMILES or SMARTS has: RDKit's readers take bytes, and stop at a NUL."""
    return text.isascii() and text.isprintable()


def _settings(*, is_fragment: bool) -> Any:
    settings: Any = Chem.AdjustQueryParameters.NoAdjustments()
    settings.makeDummiesQueries = True
    settings.adjustDegree = is_fragment
    settings.adjustDegreeFlags = Chem.AdjustQueryWhichFlags.ADJUST_IGNOREDUMMIES
    return settings
