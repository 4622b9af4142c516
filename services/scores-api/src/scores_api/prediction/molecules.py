"""Molecules: SMILES as the fragments they are made of, asked of the worker."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from contracts.fingerprints import Fingerprint
from scores_api.worker_process import WorkerProcess

__all__ = ["CutMolecule", "Located", "Molecules", "Unreadable", "Wanted"]

_BATCH: Final = 32
"""Molecules asked for at a time: between two batches of a long request, others have their turn."""
_TIMEOUT_S: Final = 60.0
"""Of a batch; no molecule within the bounds of `chemistry` takes a second."""


@dataclass(frozen=True)
class CutMolecule:
    """A molecule in fragments."""

    parent: str
    fragments: list[str]
    fingerprint: Fingerprint | None
    """None where none was asked for."""


@dataclass(frozen=True)
class Unreadable:
    """Why a text has no fragments."""

    reason: str


@dataclass(frozen=True)
class Located:
    """A molecule, and where in it a fragment is."""

    molecule: CutMolecule
    fragment: str
    atoms: tuple[int, ...]
    """Of the parent."""


@dataclass(frozen=True)
class Wanted:
    """A molecule with a fragment replaced."""

    parent: str
    fragment: str
    by: str
    atoms: tuple[int, ...] | None = None
    """Where the fragment is; None: where it is found first."""


class Molecules:
    """Asks one worker, in order."""

    def __init__(self) -> None:
        self._worker = WorkerProcess("scores_api.prediction.worker", timeout_s=_TIMEOUT_S)

    async def cut(self, smiles: Sequence[str], *, fingerprints: bool) -> list[CutMolecule | Unreadable]:
        """The fragments of each SMILES, and its fingerprint where these are wanted.

        Raises:
            MoleculesFailed: the worker died or did not answer.
        """
        molecules: list[CutMolecule | Unreadable] = []
        for first in range(0, len(smiles), _BATCH):
            part = list(smiles[first : first + _BATCH])
            cut = await self._worker.ask({"task": "cut", "smiles": part, "fingerprints": fingerprints})
            molecules.extend(map(_molecule, cut))
        return molecules

    async def locate(self, smiles: str, atom: int | None, fragment: str | None) -> Located | Unreadable:
        """The molecule and the fragment in it that is meant.

        Raises:
            MoleculesFailed: as `cut`.
        """
        found = await self._worker.ask({"task": "locate", "smiles": smiles, "atom": atom, "fragment": fragment})
        if "reason" in found:
            return Unreadable(found["reason"])
        molecule = _molecule(found["molecule"])
        return molecule if isinstance(molecule, Unreadable) else Located(molecule, found["fragment"], tuple(found["atoms"]))

    async def substitute(self, wanted: Sequence[Wanted]) -> list[list[CutMolecule]]:
        """For each of what is wanted the molecules that it leads to; none where it leads to none.

        Raises:
            MoleculesFailed: as `cut`.
        """
        products: list[list[CutMolecule]] = []
        for first in range(0, len(wanted), _BATCH):
            rows = [[each.parent, each.fragment, each.atoms, each.by] for each in wanted[first : first + _BATCH]]
            answers = await self._worker.ask({"task": "substitute", "wanted": rows})
            products += [[each for each in map(_molecule, answer) if isinstance(each, CutMolecule)] for answer in answers]
        return products

    async def drawn(self, molecules: Sequence[tuple[str, Mapping[str, str]]]) -> str:
        """An SD file of molecules with their properties.

        Raises:
            MoleculesFailed: as `cut`.
        """
        parts = []
        for first in range(0, len(molecules), _BATCH):
            part = [[smiles, dict(stated)] for smiles, stated in molecules[first : first + _BATCH]]
            parts.append(await self._worker.ask({"task": "draw", "molecules": part}))
        return "".join(parts)

    async def close(self) -> None:
        """End the worker."""
        await self._worker.close()


def _molecule(stated: Mapping[str, Any]) -> CutMolecule | Unreadable:
    if "reason" in stated:
        return Unreadable(stated["reason"])
    features = stated["features"]
    return CutMolecule(stated["parent"], stated["fragments"], None if features is None else _fingerprint(features))


def _fingerprint(features: list[list[str]]) -> Fingerprint:
    codes, counts = zip(*features, strict=True)
    return Fingerprint(tuple(_array(text, "<u8") for text in codes), tuple(_array(text, "u1") for text in counts))


def _array(text: str, kind: str) -> Any:
    return np.frombuffer(b64decode(text), kind)
