"""Leaves: what remains of a molecule when all the bonds that BRICS would break are cut at once.

The environments L1-L16 and the pairs that make a bond breakable are those of Degen, Wegscheid-Gerlach, Zaliani & Rarey, "On
the Art of Compiling and Using 'Drug-Like' Chemical Fragment Spaces", ChemMedChem 2008, 3, 1503, as RDKit's `Chem.BRICS` reads
them (L2 merged into L5; 9-13, 9-14, 14-14 and 16-16 added). The tests hold the bonds equal to `BRICS.FindBRICSBonds` on real
molecules. No recursion, unlike `BRICSDecompose`: each bond is judged in the whole molecule.
"""
# ruff: noqa: PLR2004 -- how many bonds an atom has is clearest as a digit

from functools import lru_cache
from typing import Final

from chemistry.canonical import canonical
from chemistry.graph import Graph

__all__ = ["brics_bonds", "leaf_list", "leaves"]

_PAIRS: Final = {
    1: (3, 5, 10),
    3: (4, 13, 14, 15, 16),
    4: (5, 11),
    5: (12, 13, 14, 15, 16),
    6: (13, 14, 15, 16),
    8: (9, 10, 13, 14, 15, 16),
    9: (13, 14, 15, 16),
    10: (13, 14, 15, 16),
    11: (13, 14, 15, 16),
    13: (14, 15, 16),
    14: (14, 15, 16),
    15: (16,),
    16: (16,),
}
"""Environments between which a single bond is broken. L7 alone stands at the two ends of a double bond."""
_L1, _L3, _L4, _L5, _L6, _L8, _L9, _L10, _L11, _L12, _L13, _L14, _L15, _L16 = (
    1 << number for number in (1, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 16)
)
_CARBON: Final = frozenset("Cc")
_CARBON_NITROGEN_OXYGEN: Final = frozenset("CNOcno")
_CARBON_SULFUR: Final = frozenset("CSHcs")
_ALIPHATIC: Final = frozenset("CNOS")
_HETERO: Final = frozenset("NOS")
_AROMATIC: Final = frozenset("cnos")
_AROMATIC_HETERO: Final = frozenset("nos")


def leaves(graph: Graph) -> set[str]:
    """Canonical SMILES of the leaves; the whole molecule when BRICS cuts nothing."""
    return set(leaf_list(graph))


def leaf_list(graph: Graph) -> list[str]:
    """The same, each as often as it occurs."""
    bonds = brics_bonds(graph)
    if not bonds:
        return [graph.smiles]
    texts, _ = graph.pieces({after for _, after in bonds})
    return [canonical(text) for text in texts]


def brics_bonds(graph: Graph) -> list[tuple[int, int]]:
    """The bonds that BRICS breaks; the first atom stands before the second. Atoms at the end of a chain stay on it."""
    known: dict[int, int] = {}
    cut = []
    for before, after in graph.chains:
        if len(graph.bonds[before]) == 1 or len(graph.bonds[after]) == 1:
            continue
        bond = graph.chain[before][after]
        if bond == "-":
            for atom in (before, after):
                if atom not in known:
                    known[atom] = _environments(graph, atom)
            if _partners(known[before]) & known[after]:
                cut.append((before, after))
        elif bond == "=" and _is_alkene_end(graph, before) and _is_alkene_end(graph, after):
            cut.append((before, after))
    return cut


@lru_cache(maxsize=1024)
def _partners(environments: int) -> int:
    """Environments to which a bond is broken from an atom in these."""
    partners = 0
    for one, others in _PAIRS.items():
        for other in others:
            partners |= (1 << other) * (environments >> one & 1) | (1 << one) * (environments >> other & 1)
    return partners


def _environments(graph: Graph, atom: int) -> int:
    """The BRICS environments of an atom of two bonds or more, one bit each."""
    symbol = graph.symbols[atom]
    return _OF_ELEMENT[symbol](graph, atom) if symbol in _OF_ELEMENT else 0


def _of_carbon(graph: Graph, atom: int) -> int:
    symbols, bonds, chain, ring = graph.symbols, graph.bonds[atom], graph.chain[atom], graph.ring[atom]
    orders = bonds.values()
    environments = 0
    if "=" not in orders:
        if _is_single(graph, chain, _CARBON):
            environments |= _L4
        if not ring and "#" not in orders:
            environments |= _L8
    elif len(bonds) == 3 and _is_carbonyl(graph, atom) and _is_single(graph, bonds, _CARBON_NITROGEN_OXYGEN):
        environments |= _L1 if ring else _L1 | _L6
    if ring:
        single = [symbols[other] for other, bond in bonds.items() if bond == "-" and other not in chain]
        carbons = single.count("C")
        hetero = sum(symbol in _HETERO for symbol in single)
        if hetero and carbons + hetero > 1:
            environments |= _L13
        if carbons > 1:
            environments |= _L15
    return environments


def _of_aromatic_carbon(graph: Graph, atom: int) -> int:
    around = [graph.symbols[other] for other, bond in graph.bonds[atom].items() if bond == ":"]
    carbons = around.count("c")
    hetero = sum(symbol in _AROMATIC_HETERO for symbol in around)
    return (_L14 if hetero and carbons + hetero > 1 else 0) | (_L16 if carbons > 1 else 0)


def _of_nitrogen(graph: Graph, atom: int) -> int:
    symbols, bonds, chain = graph.symbols, graph.bonds[atom], graph.chain[atom]
    ring = [other for other in bonds if other not in chain]
    acylated = any(symbols[other] == "C" and _is_carbonyl(graph, other) for other in ring)
    environments = 0
    if not acylated and all(bond != "=" and (bond != "-" or symbols[other] in _CARBON_SULFUR) for other, bond in bonds.items()):
        environments |= _L5
    if acylated and sum(symbols[other] in _ALIPHATIC for other in ring) > 1:
        environments |= _L10
    return environments


def _of_aromatic_nitrogen(graph: Graph, atom: int) -> int:
    if "+" in graph.words[atom][1] or "-" in graph.words[atom][1]:
        return 0
    around = (graph.symbols[other] in _AROMATIC for other, bond in graph.bonds[atom].items() if bond == ":")
    return _L9 if sum(around) > 1 else 0


def _of_oxygen(graph: Graph, atom: int) -> int:
    return _L3 if len(graph.bonds[atom]) == 2 and _is_single(graph, graph.chain[atom], _CARBON) else 0


def _of_sulfur(graph: Graph, atom: int) -> int:
    symbols, bonds = graph.symbols, graph.bonds[atom]
    if len(bonds) == 2 and _is_single(graph, graph.chain[atom], _CARBON):
        return _L11
    if len(bonds) == 4 and sum(bond == "=" and symbols[other] == "O" for other, bond in bonds.items()) > 1:
        return _L12 if _is_single(graph, bonds, _CARBON) else 0
    return 0


_OF_ELEMENT: Final = {
    "C": _of_carbon,
    "c": _of_aromatic_carbon,
    "N": _of_nitrogen,
    "n": _of_aromatic_nitrogen,
    "O": _of_oxygen,
    "S": _of_sulfur,
}


def _is_carbonyl(graph: Graph, atom: int) -> bool:
    return any(bond == "=" and graph.symbols[other] == "O" for other, bond in graph.bonds[atom].items())


def _is_alkene_end(graph: Graph, atom: int) -> bool:
    """L7: an aliphatic carbon of two or three bonds, one of them a single bond to carbon."""
    return graph.symbols[atom] == "C" and 2 <= len(graph.bonds[atom]) <= 3 and _is_single(graph, graph.bonds[atom], _CARBON)


def _is_single(graph: Graph, bonds: dict[int, str], symbols: frozenset[str]) -> bool:
    """One of these bonds is a single bond to one of these elements."""
    return any(bond == "-" and graph.symbols[other] in symbols for other, bond in bonds.items())
