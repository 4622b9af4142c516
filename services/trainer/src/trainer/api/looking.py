"""Looking at what users hand in: each look in a process of its own, which may take so much memory and time and no more."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import structlog

from trainer.api.look import LIMIT_BYTES, LIMIT_S, Question
from trainer.data.offences import InvalidData, Offence
from trainer.data.sources import DataNotFound, locate
from trainer.dialogue.corpora import named_sources
from trainer.runs.ingest import IngestOptions
from trainer.runs.spec import BUILT_IN, DEFAULT, RunSpec
from trainer.settings import Settings

__all__ = ["Looking"]

_AT_ONCE: Final = 2
_ANSWER_BYTES: Final = 16 * 2**20
_log = structlog.stdlib.get_logger(__name__)


class Looking:
    """Looks, two at a time; further ones wait."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def at_upload(self, path: Path) -> None:
        """Refuse a file that is of no use; raises InvalidData, OSError."""
        await self._ask(Question(kind="upload", settings=self._settings, paths=(path,)), path.name)

    async def at_job(self, spec: RunSpec) -> None:
        """Refuse data that can be seen to be of no use to a job; raises InvalidData, DataNotFound, OSError.

        What comes with the product and what the start was given is nobody's upload, and was looked at before.
        """
        if set(named_sources(spec)) <= {BUILT_IN, DEFAULT}:
            await asyncio.to_thread(locate, named_sources(spec), self._settings)
            return
        await self._ask(Question(kind="job", settings=self._settings, spec=spec), "the data")

    async def at_plan(self, path: Path, options: IngestOptions) -> Any:
        """How a file would be read, as the API says it; raises InvalidData, OSError."""
        return await self._ask(Question(kind="plan", settings=self._settings, paths=(path,), options=options), path.name)

    async def _ask(self, question: Question, name: str) -> Any:
        async with self._turns:
            answer = await _looked(question, name)
        if "invalid" in answer:
            raise InvalidData([Offence(**offence) for offence in answer["invalid"]["offences"]], answer["invalid"]["total"])
        if "missing" in answer:
            raise DataNotFound(answer["missing"])
        if "unread" in answer:
            raise OSError(answer["unread"]["errno"], answer["unread"]["strerror"], answer["unread"]["filename"])
        return answer["plan"]


async def _looked(question: Question, name: str) -> dict[str, Any]:
    environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
    pipe = asyncio.subprocess.PIPE
    command = (
        sys.executable,
        "-P",
        "-m",
        "trainer.api.look",
    )  # a file of ours by name in the working directory is not imported
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, limit=_ANSWER_BYTES, start_new_session=True
    )
    try:
        out, told = await asyncio.wait_for(process.communicate(question.model_dump_json(by_alias=True).encode()), LIMIT_S)
    except BaseException as error:
        process.kill()
        await process.wait()
        if isinstance(error, TimeoutError):
            raise _too_much(name) from None
        raise
    if process.returncode != 0 or not out:
        _log.warning("look_ended", status=process.returncode, said=told[-500:].decode("utf-8", "replace"))
        raise _too_much(name)
    answer: dict[str, Any] = json.loads(out)
    return answer


def _too_much(name: str) -> InvalidData:
    most = f"{LIMIT_BYTES / 2**30:g} GiB of memory or {LIMIT_S} s"
    reason = (
        f"cannot be looked into with {most}: divide it, or save large tables as CSV or Parquet, large corpora as JSON Lines"
    )
    return InvalidData([Offence(name, None, None, None, reason)])
