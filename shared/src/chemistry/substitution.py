"""Substitution: a molecule with one of its fragments replaced by another of as many open ends."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from rdkit import Chem, rdBase

from chemistry.canonical import canonical
from chemistry.cuts import GROUP_ATOMS, HYDROGEN, linkers, opened
from chemistry.ends import alike, kind_of
from chemistry.graph import Graph
from chemistry.leaves import brics_bonds
from chemistry.standardisation import standardise
from chemistry.unfragmentable import Unfragmentable
from contracts.descriptors import MOST_ENDS

__all__ = ["Place", "atom_of_parent", "places", "substituted"]


@dataclass(frozen=True)
class Place:
    """Where a molecule has a fragment that can be replaced."""

    fragment: str
    atoms: tuple[int, ...]
    """Of the parent, counted from 0; of a hydrogen the atom it is bonded to."""


@dataclass(frozen=True)
class _End:
    """Where a fragment is bonded to something: the atom there, of the molecule or of the fragment that comes."""

    atom: int
    bond: Chem.BondType
    kind: int
    """Of the atom that goes or comes."""


def places(parent: str) -> list[Place]:
    """Every group that one or two cuts take out, every BRICS leaf, and every hydrogen on a carbon or hetero atom.

    The smallest first. `parent` is a SMILES as `standardise` writes it.
    """
    graph = Graph.read(parent)
    found: dict[tuple[int, ...], str] = {}
    cut = opened(graph)
    for each in linkers(graph, cut, most=GROUP_ATOMS):
        found[each.atoms] = each.name
    for bond in cut:
        for part in (0, 1):
            found[tuple(atom for atom, piece in enumerate(bond.places) if piece == part)] = canonical(bond.texts[part])
    bonds = brics_bonds(graph)
    if bonds:
        texts, inside = graph.pieces({after for _, after in bonds})
        for part, text in enumerate(texts):
            found[tuple(atom for atom, piece in enumerate(inside) if piece == part)] = canonical(text)
    mol = Chem.MolFromSmiles(parent)
    hydrogens = [Place(HYDROGEN, (atom.GetIdx(),)) for atom in mol.GetAtoms() if atom.GetTotalNumHs()]
    return [
        *hydrogens,
        *(Place(name, atoms) for atoms, name in sorted(found.items(), key=lambda item: (len(item[0]), item[0]))),
    ]


def substituted(parent: str, place: Place, fragment: str) -> list[str]:
    """The molecules, standardised, with another fragment there: one for each way in which its open ends fit, none if none does.

    Of several ways it is the one that `chemistry.ends` says, and all of these that are equally good.

    Raises ValueError for a fragment that RDKit does not read, or with more than `MOST_ENDS` open ends.
    """
    if place.fragment.count("*") > MOST_ENDS:
        raise ValueError(f"{place.fragment} has more than {MOST_ENDS} open ends")
    with rdBase.BlockLogs():
        new = Chem.MolFromSmiles(fragment, _as_written())
        if new is None:
            raise ValueError(f"{fragment!r} is no fragment that RDKit reads")
        whole = Chem.AddHs(Chem.MolFromSmiles(parent))
        inside = _inside(whole, place)
        ends = [
            _End(bond.GetOtherAtomIdx(atom), bond.GetBondType(), kind_of(whole.GetAtomWithIdx(atom)))
            for atom in sorted(inside)
            for bond in whole.GetAtomWithIdx(atom).GetBonds()
            if bond.GetOtherAtomIdx(atom) not in inside
        ]
        return sorted(set(_joined(whole, inside, ends, new)))


def atom_of_parent(smiles: str, atom: int) -> int:
    """Which atom of the parent an atom of a molecule is, as it was written, counted from 0.

    Raises:
        Unfragmentable: The molecule is not its own parent but for stereo: a salt, a charge.
        IndexError: It has no such atom.
    """
    parent = standardise(smiles)
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
        if not 0 <= atom < mol.GetNumAtoms():
            raise IndexError(atom)
        Chem.RemoveStereochemistry(mol)
        if Chem.MolToSmiles(mol) != parent:
            raise Unfragmentable(f"another molecule than its parent {parent}, of which the atom must be counted")
        return list(mol.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"]).index(atom)


def _as_written() -> Chem.SmilesParserParams:
    """Hydrogens that are written as atoms stay atoms."""
    params = Chem.SmilesParserParams()
    params.removeHs = False  # type: ignore[assignment]  # RDKit's stubs take attributes for constants
    return params


def _inside(whole: Chem.Mol, place: Place) -> set[int]:
    """The atoms of a place, with their hydrogens."""
    if place.fragment == HYDROGEN:
        bonded = whole.GetAtomWithIdx(place.atoms[0]).GetNeighbors()
        return {next(atom.GetIdx() for atom in bonded if atom.GetAtomicNum() == 1)}
    inside = set(place.atoms)
    for atom in place.atoms:
        inside |= {other.GetIdx() for other in whole.GetAtomWithIdx(atom).GetNeighbors() if other.GetAtomicNum() == 1}
    return inside


def _joined(whole: Chem.Mol, inside: Collection[int], ends: Sequence[_End], new: Chem.Mol) -> Iterator[str]:
    """Molecules with the inner atoms removed and `new` bonded to what they were bonded to."""
    open_ends = [atom for atom in new.GetAtoms() if atom.GetAtomicNum() == 0]
    bonded = [(end.GetNeighbors()[0], end.GetBonds()[0].GetBondType()) for end in open_ends]
    inner = [_End(atom.GetIdx(), bond, kind_of(atom)) for atom, bond in bonded]
    shift = whole.GetNumAtoms()
    for way in _ways(ends, inner):
        joined = Chem.RWMol(Chem.CombineMols(whole, new))
        for outer, end in zip(way, inner, strict=True):
            joined.AddBond(outer.atom, shift + end.atom, end.bond)
        gone = [*inside, *(shift + end.GetIdx() for end in open_ends)]
        for atom in sorted(gone, reverse=True):
            joined.RemoveAtom(atom)
        try:
            Chem.SanitizeMol(joined)
            yield standardise(Chem.MolToSmiles(Chem.RemoveHs(joined)))
        except (Chem.MolSanitizeException, Unfragmentable):
            continue


def _ways(ends: Sequence[_End], inner: Sequence[_End]) -> list[tuple[_End, ...]]:
    """The orders in which ends of a molecule can be bonded to those of a fragment, and are most like them."""
    if len(ends) != len(inner):
        return []
    ways = [way for way in permutations(ends) if all(one.bond == other.bond for one, other in zip(way, inner, strict=True))]
    likeness = [int(alike([end.kind for end in way], [end.kind for end in inner])) for way in ways]
    return [way for way, alike_so in zip(ways, likeness, strict=True) if alike_so == max(likeness)]
