"""Drawing: a fragment or molecule as an SVG picture."""

from typing import Any, Final

from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from chemistry.canonical import Bounds, read

__all__ = ["draw"]

_BOUNDS: Final = Bounds(atoms=200, rings=30, rings_in_macrocycle=8)
_WIDTH, _HEIGHT = 220, 160


def draw(smiles: str) -> str:
    """The picture, 220 × 160, without a background; a bond that leaves the fragment ends in a wavy line.

    Raises:
        Unfragmentable: the text is no SMILES of a possible molecule, or it is too large to draw.
    """
    with rdBase.BlockLogs():
        mol = read(smiles, _BOUNDS)
        Chem.SanitizeMol(mol)
        rdDepictor.Compute2DCoords(mol)
        drawer = rdMolDraw2D.MolDraw2DSVG(_WIDTH, _HEIGHT)
        options: Any = drawer.drawOptions()
        options.clearBackground = False
        options.dummiesAreAttachments = True
        options.fixedBondLength = 26
        drawer.DrawMolecule(rdMolDraw2D.PrepareMolForDrawing(mol, kekulize=True))
        drawer.FinishDrawing()
    return str(drawer.GetDrawingText())
