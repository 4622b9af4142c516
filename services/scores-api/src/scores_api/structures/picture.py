"""A picture: a molecule as SVG that follows the reader's light or dark, on no ground of its own."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from rdkit import Chem
from rdkit.Chem.Draw import rdMolDraw2D

from scores_api.structures.theme import ELEMENTS, INK, STYLE, themed

__all__ = ["picture"]

_BOND_PX: Final = 24.0
_BOND_UNITS: Final = 1.5
"""Length of a bond in RDKit's coordinates."""
_END_OF_HEADER: Final = "<!-- END OF HEADER -->"
_RADIUS_PX: Final = 9.0
_MARGIN_PX: Final = 6
"""Around what RDKit draws: what is lit reaches further than its bonds."""


def picture(molecule: Chem.Mol, title: str, highlights: Mapping[int, str], *, atoms: bool = False) -> str:
    """The SVG of a molecule that has coordinates; open bonds end in a wavy line. `highlights` are atoms and their classes.

    With `atoms` an invisible disc lies on each, whose `data-atom` is its number, for pages on which atoms can be pressed.
    """
    canvas = rdMolDraw2D.MolDraw2DSVG(-1, -1)
    options: Any = canvas.drawOptions()
    options.clearBackground = False
    options.dummiesAreAttachments = True
    options.scalingFactor = _BOND_PX / _BOND_UNITS
    options.bondLineWidth = 2
    options.minFontSize = 10
    options.padding = 0.03
    options.addStereoAnnotation = False
    palette: dict[int, Any] = {number: _rgb(colour) for number, colour in ELEMENTS.items()}
    options.setAtomPalette({**palette, -1: _rgb(INK), 1: _rgb(INK)})
    drawn = rdMolDraw2D.PrepareMolForDrawing(molecule, kekulize=True, addChiralHs=False)
    canvas.DrawMolecule(drawn)
    canvas.FinishDrawing()
    body = canvas.GetDrawingText().split(_END_OF_HEADER, 1)[1].strip()
    if atoms:
        body = f"{body.removesuffix('</svg>')}{_discs(canvas, molecule)}</svg>"
    width, height = canvas.Width() + 2 * _MARGIN_PX, canvas.Height() + 2 * _MARGIN_PX
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="{-_MARGIN_PX} {-_MARGIN_PX} {width} {height}">'
        f"<title>{escape(_readable(title))}</title>{STYLE}{_lit(canvas, molecule, highlights)}{themed(body)}\n"
    )


def _discs(canvas: Any, molecule: Chem.Mol) -> str:
    places = [(atom.GetIdx(), atom.GetSymbol(), canvas.GetDrawCoords(atom.GetIdx())) for atom in molecule.GetAtoms()]
    return "".join(
        f'<circle class="atom" data-atom="{number}" data-element="{element}" cx="{place.x:.1f}" cy="{place.y:.1f}" '
        f'r="{_RADIUS_PX:g}" fill="none" pointer-events="all"/>'
        for number, element, place in places
        if element != "*"
    )


def _readable(title: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(letter for letter in title if letter.isprintable())


def _lit(canvas: Any, molecule: Chem.Mol, highlights: Mapping[int, str]) -> str:
    """Discs below atoms, and bands below the bonds between two that are lit alike."""
    places = {atom: canvas.GetDrawCoords(atom) for atom in highlights}
    bands = [
        f'<line class="{highlights[one]}" x1="{places[one].x:.1f}" y1="{places[one].y:.1f}" x2="{places[other].x:.1f}" '
        f'y2="{places[other].y:.1f}" stroke-width="{2 * _RADIUS_PX:g}"/>'
        for bond in molecule.GetBonds()
        for one, other in [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx())]
        if highlights.get(one, "") == highlights.get(other)
    ]
    discs = [
        f'<circle class="{name}" cx="{places[atom].x:.1f}" cy="{places[atom].y:.1f}" r="{_RADIUS_PX:g}" stroke="none"/>'
        for atom, name in highlights.items()
    ]
    return "".join(bands + discs)


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue
