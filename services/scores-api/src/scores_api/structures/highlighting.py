"""Highlighting: which atoms of a molecule belong to a fragment or match a pattern, and how strongly each is lit."""

from collections.abc import Sequence
from typing import Final

from rdkit import Chem

from scores_api.structures.reading import Unreadable, pattern

__all__ = ["highlighted"]

_STEPS: Final = 4
_MATCHES: Final = 200


def highlighted(molecule: Chem.Mol, highlights: Sequence[str], weights: Sequence[float] | None) -> dict[int, str]:
    """Atoms to their class in the drawing: `lit`, or `raises1` to `lowers4` where weights are given.

    A fragment's weight is shared out equally to the atoms that it covers, wherever it occurs; an atom of several fragments has
    the sum. The strongest atom has step 4. The open bonds of a fragment are not lit.

    Raises:
        Unreadable: a highlight is neither SMILES nor SMARTS.
    """
    covered = []
    for number, text in enumerate(highlights):
        try:
            covered.append(_atoms(molecule, text))
        except Unreadable as error:
            raise Unreadable(f"highlight.{number}", text, error.reason) from error
    if weights is None:
        return dict.fromkeys(set[int]().union(*covered), "lit")
    share: dict[int, float] = {}
    for atoms, weight in zip(covered, weights, strict=True):
        for atom in atoms:
            share[atom] = share.get(atom, 0.0) + weight / len(atoms)
    most = max(map(abs, share.values()), default=0.0)
    return {atom: _step(value / most) for atom, value in share.items() if value}


def _atoms(molecule: Chem.Mol, text: str) -> set[int]:
    wanted = pattern(text)
    held = [atom.GetIdx() for atom in wanted.GetAtoms() if not _is_open(atom)]
    return {match[atom] for match in molecule.GetSubstructMatches(wanted, maxMatches=_MATCHES) for atom in held}


def _is_open(atom: Chem.Atom) -> bool:
    return atom.GetAtomicNum() == 0 and atom.GetDegree() == 1


def _step(share: float) -> str:
    step = max(1, min(_STEPS, round(abs(share) * _STEPS)))
    return f"{'raises' if share > 0 else 'lowers'}{step}"
