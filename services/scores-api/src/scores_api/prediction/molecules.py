"""Molecules: SMILES as the fragments they are made of, asked of the worker."""

from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from contracts.fingerprints import Fingerprint
from scores_api.worker_process import WorkerProcess

__all__ = ["CutMolecule", "Molecules", "Unreadable"]

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
            answers = await self._worker.ask({"smiles": list(smiles[first : first + _BATCH]), "fingerprints": fingerprints})
            molecules += [Unreadable(each["reason"]) if "reason" in each else _molecule(**each) for each in answers]
        return molecules

    async def close(self) -> None:
        """End the worker."""
        await self._worker.close()


def _molecule(parent: str, fragments: list[str], features: list[list[str]] | None) -> CutMolecule:
    return CutMolecule(parent, fragments, None if features is None else _fingerprint(features))


def _fingerprint(features: list[list[str]]) -> Fingerprint:
    codes, counts = zip(*features, strict=True)
    return Fingerprint(tuple(_array(text, "<u8") for text in codes), tuple(_array(text, "u1") for text in counts))


def _array(text: str, kind: str) -> Any:
    return np.frombuffer(b64decode(text), kind)
