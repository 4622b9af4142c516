"""The structures of a run's fragments, read once: which contain a pattern."""

from collections.abc import Sequence

from rdkit import Chem, rdBase

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
