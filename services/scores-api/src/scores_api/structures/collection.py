"""The structures of a run's fragments, read once: which contain a pattern, and how large, charged and greasy each is."""

from collections.abc import Sequence
from typing import Any

from rdkit import Chem, rdBase
from rdkit.Chem import rdMolDescriptors

from scores_api.structures.named import meant
from scores_api.structures.reading import is_smiles, pattern

__all__ = ["Collection"]


class Collection:
    """Fragments by their ids; those without a structure, or with one that cannot be read, match nothing."""

    def __init__(self, smiles: Sequence[str | None]) -> None:
        with rdBase.BlockLogs():
            self._molecules: list[Chem.Mol | None] = [None if text is None else Chem.MolFromSmiles(text) for text in smiles]

    def containing(self, text: str) -> list[int]:
        """Ids of the fragments that contain a structure, in ascending order.

        A text is a SMILES if it can be one (`CN` is methylamine), else a common name (`Ac` is acetyl), else a SMARTS.

        Raises:
            Unreadable: the text is none of these.
        """
        named = () if is_smiles(text) else meant(text)
        wanted = [pattern(each) for each in named or (text,)]
        held = ((id_, molecule) for id_, molecule in enumerate(self._molecules) if molecule is not None)
        return [id_ for id_, molecule in held if any(map(molecule.HasSubstructMatch, wanted))]

    def properties(self) -> dict[str, list[Any]]:
        """By id, null where there is no structure: heavy atoms without open bonds, rings, formal charge, Crippen's logP."""
        rows = [_properties(held) for held in self._molecules]
        return dict(zip(("atoms", "rings", "charge", "logp"), map(list, zip(*rows, strict=True)), strict=True))


def _properties(held: Chem.Mol | None) -> tuple[Any, ...]:
    if held is None:
        return None, None, None, None
    atoms = sum(atom.GetAtomicNum() > 1 for atom in held.GetAtoms())
    return (
        atoms,
        held.GetRingInfo().NumRings(),
        Chem.GetFormalCharge(held),
        round(rdMolDescriptors.CalcCrippenDescriptors(held)[0], 3),
    )
