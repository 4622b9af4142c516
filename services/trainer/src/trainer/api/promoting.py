"""Promotions of bots for callers: each in a process of its own, which measures with PyTorch and ends."""

import asyncio
import json
import os
import sys
from typing import Final

from dialogue.bundle import Language
from trainer.jobs.job import Failure
from trainer.pipelines.promotion import bot_alias, rollback, served_bots
from trainer.pipelines.registry import Alias
from trainer.runs.problems import JOB_BROKEN
from trainer.settings import Settings

__all__ = ["Bots", "PromotionFailed"]

_LANGUAGES: Final = {bot_alias(language): language for language in Language}


class PromotionFailed(Exception):
    """A bot was not promoted; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


class Bots:
    """The plain names of languages as aliases."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._turn = asyncio.Lock()

    def knows(self, alias: str) -> bool:
        """Is it the plain name of a language's bot?"""
        return alias in _LANGUAGES

    async def promote(self, alias: str, run: str, *, force: bool, expected: str | None) -> Alias:
        """Serve a bot under its language's plain name, if it is not worse than the one that is served there.

        Raises:
            PromotionFailed: There is no such bot, it is worse, it speaks another language, or another one is served than was
                expected.
        """
        async with self._turn:
            command = [sys.executable, "-P", "-m", "trainer.cli", "bots", "promote", run, "--language", _LANGUAGES[alias]]
            command += ["--json", *(["--force"] if force else []), *([] if expected is None else [f"--expected={expected}"])]
            pipe = asyncio.subprocess.PIPE
            environment = {**os.environ, "NTDEMO_STATE": str(self._settings.state), "OMP_NUM_THREADS": "1"}
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
            )
            try:
                out, said = await process.communicate()
            except BaseException:
                process.kill()
                await process.wait()
                raise
        try:
            answer = json.loads(out)
        except ValueError:
            detail = f"The comparison broke off: {said.decode('utf-8', 'replace').strip()[-300:]}"
            raise PromotionFailed(Failure(JOB_BROKEN.slug, detail)) from None
        if "problem" in answer:
            problem = answer["problem"]
            slug, detail = problem.pop("type").rpartition("/")[2], problem.pop("detail")
            raise PromotionFailed(Failure(slug, detail, problem))
        return Alias(alias, run)

    async def roll_back(self, alias: str, *, expected: str | None) -> Alias:
        """Serve what was served before the last promotion, the shipped bot before the first.

        Raises:
            AliasMoved: Another bot is served than was expected.
            NotPromoted: None was promoted.
        """
        async with self._turn:
            await asyncio.to_thread(rollback, self._settings, _LANGUAGES[alias], expected=expected)
            return Alias(alias, (await asyncio.to_thread(served_bots, self._settings)).get(_LANGUAGES[alias]))
