"""Functional groups after Ertl, "An algorithm to identify functional groups in organic molecules", J Cheminform 2017, 9:36.

Marked are all heteroatoms, carbons in double and triple bonds, acetal carbons (and their sulfur and nitrogen relatives) and
the carbons of oxiranes, aziridines and thiiranes; marked atoms that are bonded to each other form a group.

Two differences follow from the notation of this package. The carbons around a group are `*`, whether aliphatic or aromatic.
And aromatic atoms form no groups: the paper lists aromatic heteroatoms one by one and says that chemists see them as parts of
their ring, which is where this package has them, together with an oxygen that makes the ring a pyridone or an N-oxide.
"""

from typing import Final

from chemistry.canonical import canonical
from chemistry.graph import Graph

__all__ = ["groups"]

_ACETAL: Final = frozenset("NOS")


def groups(graph: Graph) -> set[str]:
    """Canonical SMILES of the functional groups; none for a hydrocarbon without multiple bonds outside aromatic rings."""
    marked = _marked(graph)
    found = set()
    while marked:
        group = {marked.pop()}
        reached = list(group)
        while reached:
            joined = marked.intersection(graph.bonds[reached.pop()])
            marked -= joined
            group |= joined
            reached.extend(joined)
        found.add(canonical(graph.piece(group)))
    return found


def _marked(graph: Graph) -> set[int]:
    """Atoms that are part of a functional group."""
    symbols = graph.symbols
    marked = set()
    for atom, symbol in enumerate(symbols):
        bonds = graph.bonds[atom]
        if symbol == "C":
            orders = bonds.values()
            if "=" in orders or "#" in orders:
                marked.add(atom)
                continue
            hetero = [other for other in bonds if symbols[other] in _ACETAL]
            if hetero and (_is_acetal(graph, hetero) or _is_in_epoxide(graph, atom, hetero)):
                marked.add(atom)
        elif not (symbol.islower() or symbol == "H" or _is_of_aromatic_ring(graph, atom)):
            marked.add(atom)
    return marked


def _is_acetal(graph: Graph, hetero: list[int]) -> bool:
    """A saturated carbon is bonded to two or more O, N or S that have single bonds only."""
    return len(hetero) > 1 and sum(all(bond == "-" for bond in graph.bonds[other].values()) for other in hetero) > 1


def _is_in_epoxide(graph: Graph, atom: int, hetero: list[int]) -> bool:
    """A carbon is in a ring of three with one of these O, N or S and another carbon."""
    bonds = graph.bonds
    return any(
        graph.symbols[third] == "C" and third in bonds[atom] for other in hetero for third in bonds[other] if third != atom
    )


def _is_of_aromatic_ring(graph: Graph, atom: int) -> bool:
    """An atom of one bond belongs to the aromatic ring at the other end of it."""
    neighbours = graph.bonds[atom]
    return len(neighbours) == 1 and all(graph.symbols[ring].islower() and graph.belongs(atom, ring) for ring in neighbours)
