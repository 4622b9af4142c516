"""Open ends: what a fragment has there, and which way round it takes another's place.

A fragment of several ends has as many ways to take another's place as its ends have orders. It does so the way in which the
atoms at its ends are most like those that it replaces, `*NC(*)=O` by `*OC(*)=O` with oxygen for nitrogen; all ways that are
equally good are meant, as in a ring. Molecules are paired and made by this one rule.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from rdkit import Chem, rdBase

from contracts.descriptors import END_KINDS

__all__ = ["OTHER", "alike", "attachments", "end_kinds", "kind_of"]

Ints = npt.NDArray[np.int64]

OTHER: Final = -1
"""In place of a place in `END_KINDS`: any other atom."""
_CARBON: Final = 6
_NAMES: Final = {_CARBON: "carbon", 7: "nitrogen", 8: "oxygen", 16: "sulfur", **dict.fromkeys((9, 17, 35, 53), "halogen")}
_IS_CARBON: Final = np.array(["carbon" in kind for kind in (*END_KINDS, "other")])
_ALIKE: Final = (_IS_CARBON[:, None] == _IS_CARBON).astype(np.int64) + np.eye(len(_IS_CARBON), dtype=np.int64)
"""Of two kinds; the last is any other atom."""


def attachments(name: str) -> tuple[int, int]:
    """How many open ends a fragment has, and how many of these are of a double bond."""
    return name.count("*"), name.count("=*") + name.startswith("*=")


def kind_of(atom: Chem.Atom) -> int:
    """The kind of an atom at an open end: its place in `END_KINDS`, or `OTHER`."""
    element = _NAMES.get(atom.GetAtomicNum())
    if element is None:
        return OTHER
    if element == "nitrogen" and atom.GetIsAromatic():
        element = "aromatic nitrogen"
    elif element == "carbon":
        saturated = "sp3 carbon" if atom.GetHybridization() == Chem.HybridizationType.SP3 else "other carbon"
        element = "aromatic carbon" if atom.GetIsAromatic() else saturated
    return END_KINDS.index(element)


def end_kinds(name: str) -> tuple[int, ...]:
    """The kind of atom at each open end of a fragment, in order of the name."""
    with rdBase.BlockLogs():
        fragment = Chem.MolFromSmiles(name)
    return tuple(
        kind_of(atom.GetNeighbors()[0]) for atom in fragment.GetAtoms() if atom.GetAtomicNum() == 0 and atom.GetDegree()
    )


def alike(one_NE: npt.ArrayLike, other_NE: npt.ArrayLike) -> Ints:
    """How alike the atoms at E ends are, end by end, N times: 2 for one kind, 1 where both are carbon or neither is, else 0."""
    alike_N: Ints = _ALIKE[np.asarray(one_NE, dtype=np.int64), np.asarray(other_NE, dtype=np.int64)].sum(axis=-1)
    return alike_N
