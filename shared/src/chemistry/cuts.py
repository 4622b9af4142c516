"""Cuts: a molecule as a group and the rest of it, at acyclic single bonds (matched molecular pairs).

Hussain & Rea, "Computationally Efficient Algorithm to Identify Matched Molecular Pairs (MMPs) in Large Data Sets", J Chem Inf
Model 2010, 50, 339. The bonds are those of RDKit's `rdMMPA`: one of the two atoms is a neutral carbon without a multiple bond
to a hetero atom. One cut takes a group off (`*Cl`, `*c1ccncc1`), two cuts take a linker out (`*NC(*)=O`); both are written as
fragments are, so that they have the same names.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Final

from rdkit import Chem

from chemistry.canonical import canonical, read
from chemistry.graph import Graph

__all__ = ["GROUP_ATOMS", "HYDROGEN", "Bond", "Cut", "Linker", "double_cuts", "is_cut", "linkers", "opened", "single_cuts"]

GROUP_ATOMS: Final = 13
"""Heavy atoms of a group or linker, at most; and no more than half of the molecule."""
HYDROGEN: Final = "*[H]"
"""The group that a molecule has where it could have another: as `canonical` writes it."""


@dataclass(frozen=True, slots=True)
class Bond:
    """A bond that may be cut, and what cutting it alone leaves."""

    before: int
    after: int
    texts: list[str]
    """Both parts as SMILES, not canonical, that of `after` second."""
    places: list[int]
    """0 or 1 for each atom: in which part it is."""

    @property
    def inside(self) -> int:
        """Atoms of the second part."""
        return sum(self.places)


@dataclass(frozen=True, slots=True)
class Cut:
    """Two parts of a molecule, each with a `*` where the other was."""

    group: str
    rest: str
    """All else, canonical."""
    parent: str
    """The rest with a hydrogen in place of the group: a molecule, as `standardise` writes it."""


@dataclass(frozen=True, slots=True)
class Linker:
    """The part of a molecule between two others."""

    name: str
    ends: tuple[str, str]
    """The others, canonical and in order."""
    turned: bool | None
    """Whether the first `*` of the name stands for the second end; None where both ways are the same."""
    atoms: tuple[int, ...]


def opened(graph: Graph) -> list[Bond]:
    """Every bond of the molecule that may be cut, as the text has them."""
    bonds = sorted((after, before) for before, after in graph.chains if is_cut(graph, before, after))
    return [Bond(before, after, *graph.pieces({after})) for after, before in bonds]


def single_cuts(graph: Graph, bonds: list[Bond]) -> list[Cut]:
    """Every group of the molecule with its rest, at these bonds; both parts of a cut in half are groups."""
    total = len(graph.words)
    cuts = []
    for bond in bonds:
        for part, size in ((1, bond.inside), (0, total - bond.inside)):
            if size <= GROUP_ATOMS and 2 * size <= total:
                cuts.append(Cut(canonical(bond.texts[part]), *_rest(bond.texts[1 - part])))
    return cuts


def double_cuts(graph: Graph, bonds: list[Bond]) -> list[Linker]:
    """Every linker of the molecule between two of these bonds that is small enough."""
    return linkers(graph, bonds, most=min(GROUP_ATOMS, len(graph.words) // 2))


def linkers(graph: Graph, bonds: list[Bond], *, most: int) -> list[Linker]:
    """The parts between any two of these bonds that have so many atoms at most."""
    found = []
    for one, other in combinations(bonds, 2):  # the second is never around the first
        within = bool(one.places[other.after])
        size = one.inside - other.inside if within else len(graph.words) - one.inside - other.inside
        if not 0 < size <= most:
            continue
        texts, places = graph.pieces({one.after, other.after})
        middle = 1 if within else 0
        name, ways = _named(texts[middle])
        first, second = canonical(one.texts[0 if within else 1]), canonical(other.texts[1])
        turned = None if ways is None or first == second else ways != (first > second)
        ends = (first, second) if first <= second else (second, first)
        found.append(Linker(name, ends, turned, tuple(atom for atom, place in enumerate(places) if place == middle)))
    return found


def is_cut(graph: Graph, before: int, after: int) -> bool:
    """Whether an acyclic bond may be cut."""
    plain = _is_plain_carbon(graph, before) or _is_plain_carbon(graph, after)
    return plain and graph.chain[before][after] == "-"


def _is_plain_carbon(graph: Graph, atom: int) -> bool:
    if graph.symbols[atom] not in {"C", "c"} or graph.words[atom][1].endswith(("+]", "-]")):
        return False
    return not any(bond in {"=", "#"} and graph.symbols[other] not in {"C", "c"} for other, bond in graph.bonds[atom].items())


def _rest(text: str) -> tuple[str, str]:
    """The rest as it is, and with a hydrogen where it was cut."""
    mol = read(text)
    rest = str(Chem.MolToSmiles(mol))
    (end,) = (atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0)
    (cut,) = end.GetNeighbors()
    if cut.GetNoImplicit() or (cut.GetIsAromatic() and cut.GetSymbol() != "C"):
        cut.SetNumExplicitHs(cut.GetNumExplicitHs() + 1)
    whole = Chem.RWMol(mol)
    whole.RemoveAtom(end.GetIdx())
    whole.UpdatePropertyCache(strict=False)
    return rest, str(Chem.MolToSmiles(whole))


@lru_cache(maxsize=1 << 16)
def _named(text: str) -> tuple[str, bool | None]:
    """The canonical name of a part with two open ends, and whether it has these the other way round; None for the same."""
    mol = read(text)
    name = str(Chem.MolToSmiles(mol))
    order = list(mol.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"])
    first, second = (atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0)
    rank_A = list(Chem.CanonicalRankAtoms(mol, breakTies=False))
    if rank_A[first] == rank_A[second]:
        return name, None
    return name, order.index(first) > order.index(second)
