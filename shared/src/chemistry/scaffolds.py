"""Scaffolds: ring systems and what links them, after Bemis & Murcko, J Med Chem 1996, 39, 2887.

Atoms doubly bonded to a ring or a linker stay, as in RDKit's `MurckoScaffold`, to which the tests hold it equal; hydrogens
take the place of everything else.
"""

import re
from typing import Final

from chemistry.canonical import canonical
from chemistry.graph import Graph

__all__ = ["scaffold"]

_ORDERS: Final = {"-": 1, "=": 2, "#": 3, "$": 4}
_BRACKETED: Final = re.compile(r"(\[(?:[A-Z][a-z]?|[a-z]{1,2}))(?:(H)(\d*))?(.*)")


def scaffold(graph: Graph) -> str:
    """Canonical SMILES of the scaffold; empty for acyclic molecules."""
    if not any(graph.ring):
        return ""
    kept = _kept(graph)
    if len(kept) == len(graph.words):
        return graph.smiles
    cuts: set[int] = set()
    tokens: dict[int, str] = {}
    for before, after in graph.chains:
        if (before in kept) != (after in kept):
            cuts.add(after)
            atom = before if before in kept else after
            tokens[atom] = _with_hydrogens(tokens.get(atom, graph.words[atom][1]), _ORDERS[graph.chain[before][after]])
    texts, places = graph.pieces(cuts, end="", tokens=tokens)
    text = texts[places[graph.ring.index(True)]]
    return canonical(text.replace("()", ""))


def _kept(graph: Graph) -> set[int]:
    """Atoms of the scaffold: what is left when atoms at the end of a chain are taken off, over and over."""
    kept = set(range(len(graph.words)))
    degrees = [len(neighbours) for neighbours in graph.bonds]
    ends = [atom for atom, degree in enumerate(degrees) if degree == 1]
    while ends:
        end = ends.pop()
        kept.remove(end)
        for other in graph.bonds[end]:
            degrees[other] -= 1
            if degrees[other] == 1 and other in kept:
                ends.append(other)
    doubly = {other for atom in kept for other, bond in graph.chain[atom].items() if bond == "="}
    return kept | doubly


def _with_hydrogens(token: str, count: int) -> str:
    """An atom's token after so many hydrogens took the place of its bonds."""
    if token in {"n", "p"}:
        return f"[{token}H]"
    match = _BRACKETED.fullmatch(token)
    if match is None:
        return token  # SMILES fills up the valences of atoms without brackets
    element, hydrogen, hydrogens, rest = match.groups()
    count += int(hydrogens or 1) if hydrogen else 0
    return f"{element}H{count if count > 1 else ''}{rest}"
