"""Ring systems: rings that share atoms, with what is doubly bonded to them, cut from everything else.

Fused, bridged and spiro rings are one system; two rings joined by a bond are two. An atom doubly bonded to a ring belongs to
it, because it decides which ring that is (a pyridone is no pyridine), and so does the oxide of an N-oxide. Of a double bond
between two ring systems neither keeps the other's atom: both end in `=*`.
"""

from chemistry.canonical import canonical
from chemistry.graph import Graph

__all__ = ["ring_systems"]


def ring_systems(graph: Graph) -> set[str]:
    """Canonical SMILES of the ring systems; none for acyclic molecules."""
    ring = graph.ring
    if not any(ring):
        return set()
    cuts = {after for before, after in graph.chains if not (graph.belongs(before, after) or graph.belongs(after, before))}
    if not cuts:
        return {graph.smiles}
    texts, places = graph.pieces(cuts)
    return {canonical(texts[place]) for place in {place for place, inside in zip(places, ring, strict=True) if inside}}
