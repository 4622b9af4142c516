"""Single cuts: a molecule as a group and the rest of it, at each acyclic single bond (matched molecular pairs).

Hussain & Rea, "Computationally Efficient Algorithm to Identify Matched Molecular Pairs (MMPs) in Large Data Sets", J Chem Inf
Model 2010, 50, 339. The bonds are those of RDKit's `rdMMPA`: one of the two atoms is a neutral carbon without a multiple bond
to a hetero atom. Groups are written as fragments are (`*Cl`, `*c1ccncc1`), so that both have the same names.
"""

from dataclasses import dataclass
from typing import Final

from rdkit import Chem

from chemistry.canonical import canonical, read
from chemistry.graph import Graph

__all__ = ["GROUP_ATOMS", "HYDROGEN", "Cut", "is_cut", "single_cuts"]

GROUP_ATOMS: Final = 13
"""Heavy atoms of a group, at most; and no more than half of the molecule."""
HYDROGEN: Final = "*[H]"
"""The group that a molecule has where it could have another: as `canonical` writes it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Two parts of a molecule, each with a `*` where the other was."""

    group: str
    rest: str
    """All else, canonical."""
    parent: str
    """The rest with a hydrogen in place of the group: a molecule, as `standardise` writes it."""


def single_cuts(graph: Graph) -> list[Cut]:
    """Every group of the molecule with its rest; both parts of a cut in half are groups."""
    total = len(graph.words)
    cuts = []
    for before, after in graph.chains:
        if not is_cut(graph, before, after):
            continue
        texts, places = graph.pieces({after})
        inside = sum(places)
        for part, size in ((1, inside), (0, total - inside)):
            if size <= GROUP_ATOMS and 2 * size <= total:
                cuts.append(Cut(canonical(texts[part]), *_rest(texts[1 - part])))
    return cuts


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
