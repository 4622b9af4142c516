"""Fragmentation: which fragments a molecule is made of, from the text of its SMILES. Needs the extra `chem`."""

from dataclasses import dataclass
from typing import Final

from rdkit import Chem, rdBase
from rdkit.Chem import BRICS
from rdkit.Chem.MolStandardize import rdMolStandardize
from rdkit.Chem.Scaffolds import MurckoScaffold

__all__ = ["FRAGMENTATION_VERSION", "Molecule", "Unfragmentable", "fragment"]

FRAGMENTATION_VERSION: Final = "0"
"""Changes whenever any molecule's parent, scaffold or fragments may change; part of every data digest."""

_HEAVY_ATOMS = 200


@dataclass(frozen=True, slots=True)
class Molecule:
    """A standardised compound and what it is made of; every text is canonical SMILES, `*` marks a bond to the rest."""

    parent: str
    """Largest organic part, neutral where possible, without isotopes and stereo."""
    scaffold: str
    """Murcko scaffold; empty for acyclic compounds."""
    fragments: tuple[str, ...]
    """Sorted and unique."""


class Unfragmentable(ValueError):
    """A text that has no fragments; `reason` says why in one plain sentence part."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def fragment(smiles: str) -> Molecule:
    """The standardised molecule of a SMILES and its fragments; raises `Unfragmentable`."""
    text = smiles.strip()
    if not text:
        raise Unfragmentable("empty SMILES")
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(text)
        if mol is None:
            raise Unfragmentable("unparsable SMILES")
        mol = rdMolStandardize.MetalDisconnector().Disconnect(mol)
        mol = rdMolStandardize.LargestFragmentChooser(preferOrganic=True).choose(mol)
        mol = rdMolStandardize.Uncharger().uncharge(mol)
        for atom in mol.GetAtoms():
            atom.SetIsotope(0)
        Chem.RemoveStereochemistry(mol)
        mol = Chem.RemoveHs(mol)
        if not any(atom.GetAtomicNum() == 6 for atom in mol.GetAtoms()):
            raise Unfragmentable("no organic part")
        if mol.GetNumHeavyAtoms() > _HEAVY_ATOMS:
            raise Unfragmentable(f"more than {_HEAVY_ATOMS} heavy atoms")
        parent = Chem.MolToSmiles(mol)
        bonds = [mol.GetBondBetweenAtoms(*atoms).GetIdx() for atoms, _ in BRICS.FindBRICSBonds(mol)]
        cut = Chem.FragmentOnBonds(mol, bonds, dummyLabels=[(0, 0)] * len(bonds)) if bonds else mol
        leaves = set(Chem.MolToSmiles(cut).split("."))
        return Molecule(parent, MurckoScaffold.MurckoScaffoldSmiles(mol=mol), tuple(sorted(leaves)))
