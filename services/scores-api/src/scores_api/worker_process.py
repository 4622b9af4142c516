"""A worker: a Python module that answers JSON lines in a process of its own, started by the first question.

Neither its memory nor its work nor a crash of it is the server's.
"""

import asyncio
import contextlib
import json
import sys
from asyncio.subprocess import PIPE, Process
from typing import Any, Final

import structlog

from scores_api.failures import MoleculesFailed

__all__ = ["WorkerProcess"]

_ANSWER_BYTES: Final = 2**26
_log = structlog.stdlib.get_logger(__name__)


class WorkerProcess:
    """Asks one process, in order; one that died is started again by the next question."""

    def __init__(self, module: str, *, timeout_s: float) -> None:
        self._module = module
        self._timeout_s = timeout_s
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def ask(self, question: object) -> Any:
        """What the worker answers.

        Raises:
            MoleculesFailed: it died or did not answer in time.
        """
        async with self._turn:
            return await self._ask(question)

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, question: object) -> Any:
        answered = False
        try:
            process = self._process = self._process or await self._start()
            assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
            process.stdin.write(json.dumps(question).encode() + b"\n")
            async with asyncio.timeout(self._timeout_s):
                await process.stdin.drain()
                line = await process.stdout.readline()
            if not line.endswith(b"\n"):
                raise EOFError("the worker ended")  # noqa: TRY301 - one of the ways in which it fails
            answer = json.loads(line)
            answered = True
        except Exception as error:
            reason = str(error) or type(error).__name__
            _log.exception("worker_failed", module=self._module, reason=reason)
            raise MoleculesFailed(reason) from error
        finally:
            if not answered:  # also when the request was given up: its answer must not become the next one's
                await self.close()
        return answer

    async def _start(self) -> Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", self._module),
            stdin=PIPE,
            stdout=PIPE,
            limit=_ANSWER_BYTES,
            start_new_session=True,  # Ctrl-C in the terminal is for the server, which ends its workers itself
        )
