"""Molecules: SMILES as the fragments they are made of, asked of the worker, which starts with the first question."""

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from scores_api.failures import MoleculesFailed

__all__ = ["Molecule", "Molecules", "Unreadable"]

_BATCH: Final = 32
"""Molecules asked for at a time: between two batches of a long request, others have their turn."""
_ANSWER_BYTES: Final = 2**26
_TIMEOUT_S: Final = 60.0
"""Of a batch; no molecule within the bounds of `chemistry` takes a second."""


@dataclass(frozen=True)
class Molecule:
    """What was found."""

    parent: str
    fragments: list[str]


@dataclass(frozen=True)
class Unreadable:
    """Why a text has no fragments."""

    reason: str


class Molecules:
    """Asks one worker, in order; one that died is started again by the next question."""

    def __init__(self) -> None:
        self._worker: Process | None = None
        self._turn = asyncio.Lock()

    async def cut(self, smiles: Sequence[str]) -> list[Molecule | Unreadable]:
        """The fragments of each SMILES.

        Raises:
            MoleculesFailed: the worker died or did not answer.
        """
        found: list[Molecule | Unreadable] = []
        for first in range(0, len(smiles), _BATCH):
            async with self._turn:
                found.extend(await self._ask(smiles[first : first + _BATCH]))
        return found

    async def close(self) -> None:
        """End the worker."""
        worker, self._worker = self._worker, None
        if worker is not None:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()

    async def _ask(self, smiles: Sequence[str]) -> list[Molecule | Unreadable]:
        answered = False
        try:
            worker = self._worker = self._worker or await _start()
            assert worker.stdin is not None and worker.stdout is not None  # noqa: S101, PT018 - both are pipes
            worker.stdin.write(json.dumps(list(smiles)).encode() + b"\n")
            async with asyncio.timeout(_TIMEOUT_S):
                await worker.stdin.drain()
                line = await worker.stdout.readline()
            answered = line.endswith(b"\n")
        except (OSError, TimeoutError) as error:
            raise MoleculesFailed(str(error) or type(error).__name__) from error
        finally:
            if not answered:  # also when the request was given up: its answer must not become the next one's
                await self.close()
        if not answered:
            raise MoleculesFailed("the worker ended")
        return [Unreadable(each["reason"]) if "reason" in each else Molecule(**each) for each in json.loads(line)]


async def _start() -> Process:
    command = (sys.executable, "-m", "scores_api.prediction.worker")
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=PIPE,
        stdout=PIPE,
        limit=_ANSWER_BYTES,
        start_new_session=True,  # Ctrl-C in the terminal is for the server, which ends its worker itself
    )
