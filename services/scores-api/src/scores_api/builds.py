"""Builds: the builder, started in a process of its own whenever a projection is missing.

Delta tables are read there, with a library and a memory peak that the server must not have. A build is short and harmless:
it writes beside what is served and renames, so it may be killed at any moment and run twice at once.
"""

import asyncio
import contextlib
import sys
from pathlib import Path

__all__ = ["BuildFailed", "Builds"]


class BuildFailed(Exception):
    """The builder ended with an error; the text is what it said last."""


class Builds:
    """Runs the builder, one at a time."""

    def __init__(self, *, state: Path, cache: Path, kept_runs: int) -> None:
        self._arguments = ["--state", str(state), "--cache", str(cache), "--kept-runs", str(kept_runs)]
        self._turn = asyncio.Lock()

    async def refresh(self) -> None:
        """Bring the index up to the store's newest version and project its newest run.

        Raises:
            BuildFailed: the store or the cache could not be read or written.
        """
        await self._run("refresh", *self._arguments)

    async def project(self, run: str) -> None:
        """Project one run of the index.

        Raises:
            BuildFailed: as `refresh`.
        """
        await self._run("project", *self._arguments, "--run", run)

    async def _run(self, *arguments: str) -> None:
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "scores_api.builder",
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C in the terminal is for the server, which ends its builder itself
            )
            try:
                _, said = await process.communicate()
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
                raise
        if process.returncode != 0:
            raise BuildFailed(said.decode(errors="replace").strip() or f"exit status {process.returncode}")
