"""Fragmentation: which fragments a molecule is made of, from the text of its SMILES. Needs the extra `chem`.

One chemistry for the trainer, which names the fragments it learns vectors for, and the scores API, which names those of an
unseen compound.

    >>> fragment("CC(=O)Oc1ccccc1C(=O)[O-].[Na+]")
    Molecule(parent='CC(=O)Oc1ccccc1C(=O)O', scaffold='c1ccccc1',
             fragments=('*C(=O)O', '*C(C)=O', '*O*', '*OC(*)=O', '*c1ccccc1*'))

**The notation.** A fragment is a set of atoms of the parent. Its name is the canonical SMILES of those atoms with a `*` at
the end of every bond that leaves the set; a hydrogen stays a hydrogen. The rule is the same for every kind of fragment, so:

- the same substructure has one name, whichever kind found it: a pyridin-4-yl group is `*c1ccncc1` as a BRICS leaf and as a
  ring system, and counts once; an ether is `*O*` as a leaf and as a functional group;
- the same name always means the same atoms, attached at the same places: `*c1ccc(*)cc1` is a benzene ring substituted at
  1 and 4 and nowhere else, `*c1ccc(C)cc1` is the tolyl group;
- a name without `*` is a whole molecule.

What lies beyond a `*` is not told: neither which atom it is nor which of BRICS's 16 environments was cut.
"""

from chemistry.molecule import FRAGMENTATION_VERSION, Molecule, fragment
from chemistry.unfragmentable import Unfragmentable

__all__ = ["FRAGMENTATION_VERSION", "Molecule", "Unfragmentable", "fragment"]
