"""Structures: SMILES read and drawn by a worker that starts with the first question and ends after an idle minute."""

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import PIPE, Process
from typing import Any, Final

import structlog

__all__ = ["Structures", "StructuresFailed"]

_TIMEOUT_S: Final = 20.0
"""Of one answer, the start of the worker included; no structure within the bounds of `chemistry` takes a second."""
_ANSWER_BYTES: Final = 2**22
_log = structlog.stdlib.get_logger(__name__)


class StructuresFailed(Exception):
    """The worker died or did not answer."""


class Structures:
    """Asks one worker, in order; one that ended is started again by the next question. To be used on one event loop."""

    def __init__(self, *, idle_s: float = 60.0) -> None:
        self._idle_s = idle_s
        self._worker: Process | None = None
        self._turn = asyncio.Lock()
        self._ending: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def names_of(self, smiles: str) -> tuple[str, ...]:
        """What `chemistry.spelling` calls the fragment; empty where the text is no SMILES. Raises `StructuresFailed`."""
        return tuple(await self._ask("names", smiles) or ())

    async def draw(self, smiles: str) -> str | None:
        """The fragment as SVG; None where the text is no SMILES. Raises `StructuresFailed`."""
        drawing: str | None = await self._ask("draw", smiles)
        return drawing

    async def close(self) -> None:
        """End the worker."""
        if self._ending is not None:
            self._ending.cancel()
        worker, self._worker = self._worker, None
        if worker is not None:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()

    async def _ask(self, task: str, smiles: str) -> Any:
        async with self._turn:
            if self._ending is not None:
                self._ending.cancel()
            answered = False
            try:
                worker = self._worker = self._worker or await _start()
                assert worker.stdin is not None and worker.stdout is not None  # noqa: S101, PT018 - both are pipes
                worker.stdin.write(json.dumps([task, smiles]).encode() + b"\n")
                async with asyncio.timeout(_TIMEOUT_S):
                    await worker.stdin.drain()
                    answer = json.loads(await worker.stdout.readline())
                answered = True
            except (OSError, ValueError, TimeoutError) as error:
                _log.exception("structure_not_read", smiles=smiles)
                raise StructuresFailed(str(error) or type(error).__name__) from error
            finally:
                if not answered:  # also when the question was given up: its answer must not become the next one's
                    await self.close()
            self._ending = asyncio.get_running_loop().call_later(self._idle_s, self._end)
            return answer

    def _end(self) -> None:
        if not self._turn.locked():
            closing = asyncio.ensure_future(self.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)


async def _start() -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "chatbot.fragments.structures_worker",
        stdin=PIPE,
        stdout=PIPE,
        limit=_ANSWER_BYTES,
        start_new_session=True,  # Ctrl-C in the terminal is for the server, which ends its worker itself
    )
