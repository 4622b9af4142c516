"""Molecules: SMILES as the fragments they are made of, asked of the worker, which starts with the first question."""

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import PIPE, Process
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import structlog

from contracts.fingerprints import Fingerprint
from scores_api.failures import MoleculesFailed

__all__ = ["CutMolecule", "Located", "Molecules", "Unreadable", "Wanted"]

_BATCH: Final = 32
"""Molecules asked for at a time: between two batches of a long request, others have their turn."""
_ANSWER_BYTES: Final = 2**26
_TIMEOUT_S: Final = 60.0
"""Of a batch; no molecule within the bounds of `chemistry` takes a second."""
_log = structlog.stdlib.get_logger(__name__)


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
    """Asks one worker, in order; one that died is started again by the next question."""

    def __init__(self) -> None:
        self._worker: Process | None = None
        self._turn = asyncio.Lock()

    async def cut(self, smiles: Sequence[str], *, fingerprints: bool) -> list[CutMolecule | Unreadable]:
        """The fragments of each SMILES, and its fingerprint where these are wanted.

        Raises:
            MoleculesFailed: the worker died or did not answer.
        """
        molecules: list[CutMolecule | Unreadable] = []
        for first in range(0, len(smiles), _BATCH):
            part = list(smiles[first : first + _BATCH])
            cut = await self._ask({"task": "cut", "smiles": part, "fingerprints": fingerprints})
            molecules.extend(map(_molecule, cut))
        return molecules

    async def locate(self, smiles: str, atom: int | None, fragment: str | None) -> Located | Unreadable:
        """The molecule and the fragment in it that is meant.

        Raises:
            MoleculesFailed: as `cut`.
        """
        found = await self._ask({"task": "locate", "smiles": smiles, "atom": atom, "fragment": fragment})
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
            answers = await self._ask({"task": "substitute", "wanted": rows})
            products += [[each for each in map(_molecule, answer) if isinstance(each, CutMolecule)] for answer in answers]
        return products

    async def drawn(self, molecules: Sequence[tuple[str, Mapping[str, str]]]) -> str:
        """An SD file of molecules with their properties.

        Raises:
            MoleculesFailed: as `cut`.
        """
        text: str = await self._ask({"task": "draw", "molecules": [[smiles, dict(stated)] for smiles, stated in molecules]})
        return text

    async def close(self) -> None:
        """End the worker."""
        worker, self._worker = self._worker, None
        if worker is not None:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()

    async def _ask(self, question: Mapping[str, Any]) -> Any:
        async with self._turn:
            answered = False
            try:
                worker = self._worker = self._worker or await _start()
                assert worker.stdin is not None and worker.stdout is not None  # noqa: S101, PT018 - both are pipes
                worker.stdin.write(json.dumps(question).encode() + b"\n")
                async with asyncio.timeout(_TIMEOUT_S):
                    await worker.stdin.drain()
                    line = await worker.stdout.readline()
                if not line.endswith(b"\n"):
                    raise EOFError("the worker ended")  # noqa: TRY301 - one of the ways in which it fails
                answer = json.loads(line)
                answered = True
            except Exception as error:
                reason = str(error) or type(error).__name__
                _log.exception("molecules_not_cut", reason=reason, task=question["task"])
                raise MoleculesFailed(reason) from error
            finally:
                if not answered:  # also when the request was given up: its answer must not become the next one's
                    await self.close()
        return answer


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


async def _start() -> Process:
    command = (sys.executable, "-m", "scores_api.prediction.worker")
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=PIPE,
        stdout=PIPE,
        limit=_ANSWER_BYTES,
        start_new_session=True,  # Ctrl-C in the terminal is for the server, which ends its worker itself
    )
