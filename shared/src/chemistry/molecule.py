"""Molecule: a standardised compound, its scaffold and its fragments."""

from dataclasses import dataclass
from typing import Final

from rdkit import rdBase

from chemistry.graph import Graph
from chemistry.groups import groups
from chemistry.leaves import leaves
from chemistry.rings import ring_systems
from chemistry.scaffolds import scaffold
from chemistry.standardisation import standardise

__all__ = ["FRAGMENTATION_VERSION", "Molecule", "fragment"]

FRAGMENTATION_VERSION: Final = f"2+rdkit-{rdBase.rdkitVersion}"
"""Part of every data digest: changes whenever any molecule's parent, scaffold or fragments may. RDKit's version belongs to
it because canonical SMILES are its own."""


@dataclass(frozen=True, slots=True)
class Molecule:
    """What `fragment` found; every text is canonical SMILES without stereo and isotopes."""

    parent: str
    """The largest organic part that is no counter-ion, neutral where possible. Fragmenting it again gives an equal molecule."""
    scaffold: str
    """Murcko scaffold: ring systems and what links them (Bemis & Murcko 1996); empty for acyclic compounds."""
    fragments: tuple[str, ...]
    """BRICS leaves, ring systems and functional groups, sorted and unique. At least one: an uncut parent is its own leaf."""


def fragment(smiles: str) -> Molecule:
    """The standardised molecule of a SMILES, and what it is made of.

    Safe in threads. Raises `Unfragmentable` for a text without fragments: empty, unparsable, impossible, inorganic, with open
    attachment points, or larger than the bounds in `standardisation`, which keep every call well under a second.
    """
    parent = standardise(smiles)
    graph = Graph.read(parent)
    return Molecule(
        parent=parent,
        scaffold=scaffold(graph),
        fragments=tuple(sorted(leaves(graph) | ring_systems(graph) | groups(graph))),
    )
