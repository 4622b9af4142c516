"""Structure files: molecules with their properties as the text of an SD file (CTfile formats, V2000)."""

from collections.abc import Mapping, Sequence
from io import StringIO

from rdkit import Chem
from rdkit.Chem import rdDepictor

__all__ = ["sd_file"]


def sd_file(molecules: Sequence[tuple[str, Mapping[str, str]]]) -> str:
    """Of SMILES as `standardise` writes them, laid out in the plane; the property `name` is also the title."""
    stream = StringIO()
    writer = Chem.SDWriter(stream)
    for smiles, stated in molecules:
        mol = Chem.MolFromSmiles(smiles)
        rdDepictor.Compute2DCoords(mol)
        for name, value in stated.items():
            mol.SetProp("_Name" if name == "name" else name, value)
        writer.write(mol)
    writer.close()
    return stream.getvalue()
