"""Structure files: molecules with their properties as the text of an SD file (CTfile formats, V2000)."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from rdkit import Chem
from rdkit.Chem import rdDepictor

__all__ = ["sd_file"]

_END: Final = "$$$$"
"""Ends a record wherever it begins a line."""
_BREAKS: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
"""A line that ends within a title or a value ends the field, or the record."""
_BRACKETS: Final = str.maketrans("<>", "()")
"""Those of a property's name stand around it."""


def sd_file(molecules: Sequence[tuple[str, Mapping[str, str]]]) -> str:
    """Of SMILES as `standardise` writes them, laid out in the plane; the property `name` is the title.

    Line breaks of names and values, which data may hold, become spaces, `<` and `>` of a property's name `(` and `)`, and a
    space stands before a value that would end the record. Fields are not left to
    RDKit's writer, which leaves out those that it does not like.
    """
    lines: list[str] = []
    for smiles, stated in molecules:
        mol = Chem.MolFromSmiles(smiles)
        rdDepictor.Compute2DCoords(mol)
        mol.SetProp("_Name", _on_a_line(stated.get("name", "")))
        lines.append(Chem.MolToMolBlock(mol))
        for name, value in stated.items():
            if name != "name":
                lines.append(f">  <{_on_a_line(name).translate(_BRACKETS)}>\n{_on_a_line(value)}\n\n")
        lines.append(f"{_END}\n")
    return "".join(lines)


def _on_a_line(value: str) -> str:
    text = _BREAKS.sub(" ", value)
    return f" {text}" if text.startswith(_END) else text
