"""Orientation: how a molecule lies on the page, the same for all of a list.

What a molecule has in common with a template lies as it does there. What has no template, or shares too little with it, lies by
itself: a fragment with its first open bond to the left, as substituents are drawn, anything else level.
"""

import math
from typing import Final

from rdkit import Chem
from rdkit.Chem import rdDepictor, rdFMCS
from rdkit.Geometry import Point3D

__all__ = ["orient"]

_SHARED: Final = 0.5
"""Of the smaller one's atoms; less in common says nothing of how to turn a molecule."""
_PATIENCE_S: Final = 1


def orient(molecule: Chem.Mol, template: Chem.Mol | None) -> None:
    """Give `molecule` coordinates in the plane."""
    if template is not None and _as_in(molecule, template):
        return
    rdDepictor.Compute2DCoords(molecule)
    if not _attach_from_the_left(molecule):
        rdDepictor.StraightenDepiction(molecule)


def _as_in(molecule: Chem.Mol, template: Chem.Mol) -> bool:
    """Lay what both share as it lies in the template; False where that is too little."""
    orient(template, None)
    common = rdFMCS.FindMCS([template, molecule], timeout=_PATIENCE_S, ringMatchesRingOnly=True)
    if common.numAtoms < _SHARED * min(template.GetNumAtoms(), molecule.GetNumAtoms()):
        return False
    shared = Chem.MolFromSmarts(common.smartsString)
    pairs = list(zip(template.GetSubstructMatch(shared), molecule.GetSubstructMatch(shared), strict=True))
    if not pairs:
        return False
    rdDepictor.GenerateDepictionMatching2DStructure(molecule, template, pairs)
    return True


def _attach_from_the_left(molecule: Chem.Mol) -> bool:
    """Turn a fragment until its first open bond comes from the left; False for what has none."""
    ends = [atom for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0 and atom.GetDegree() == 1]
    if not ends:
        return False
    places = molecule.GetConformer()
    end = places.GetAtomPosition(ends[0].GetIdx())
    held = places.GetAtomPosition(ends[0].GetNeighbors()[0].GetIdx())
    turn = -math.atan2(held.y - end.y, held.x - end.x)
    cosine, sine = math.cos(turn), math.sin(turn)
    for atom in range(molecule.GetNumAtoms()):
        place = places.GetAtomPosition(atom)
        x, y = place.x - held.x, place.y - held.y
        places.SetAtomPosition(atom, Point3D(cosine * x - sine * y, sine * x + cosine * y, 0.0))
    return True
