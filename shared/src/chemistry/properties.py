"""Properties of a fragment that lists are filtered and maps are coloured by: how large, ringed, charged and greasy it is."""

from typing import Any, NamedTuple

from rdkit import Chem, rdBase
from rdkit.Chem import rdMolDescriptors

__all__ = ["Properties", "properties"]


class Properties(NamedTuple):
    """Of a structure, its open bonds left as they are."""

    heavy_atoms: int
    """Open bonds are none."""
    rings: int
    """Of the smallest set of smallest rings."""
    charge: int
    """Formal."""
    logp: float
    """Wildman and Crippen 1999, rounded to three decimals."""


def properties(smiles: str) -> Properties | None:
    """What a fragment is like; None where RDKit does not read it."""
    with rdBase.BlockLogs():
        fragment: Any = Chem.MolFromSmiles(smiles)  # None where it is not read, which the types of RDKit leave out
    if fragment is None:
        return None
    return Properties(
        heavy_atoms=sum(atom.GetAtomicNum() > 1 for atom in fragment.GetAtoms()),
        rings=len(Chem.GetSSSR(fragment)),  # RDKit's ring info holds the symmetrised set, of cages one too many
        charge=Chem.GetFormalCharge(fragment),
        logp=round(rdMolDescriptors.CalcCrippenDescriptors(fragment)[0], 3),
    )
