"""Published runs that are mapped and ready to answer, the last used ones kept open."""

import asyncio
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import structlog
from cachetools import LRUCache

from scores_api import layout
from scores_api.builds import BuildFailed, Builds
from scores_api.failures import RunUnreadable
from scores_api.projection import DamagedProjection, Projection
from scores_api.retry import Retry

__all__ = ["OpenRun", "OpenRuns"]

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class OpenRun:
    """One run, ready to answer."""

    run: str
    projection: Projection
    tag: str
    """ETag of what is answered from this run."""

    def tag_of(self, form: str) -> str:
        """ETag of another representation of the same."""
        return f'{self.tag[:-1]}-{form}"'


class OpenRuns:
    """Runs by id; what is not in the cache is projected by the builder first."""

    def __init__(self, cache: Path, builds: Builds, *, release: str, timeout_s: float, kept: int) -> None:
        self._cache = cache
        self._builds = builds
        self._release = release
        self._timeout_s = timeout_s
        self._open: LRUCache[str, OpenRun] = LRUCache(kept)
        self._opening: dict[str, asyncio.Task[OpenRun | None]] = {}
        self._retries: dict[str, Retry] = {}

    def open(self, run: str) -> OpenRun:
        """Map a run's projection; blocks for as long as reading its files takes.

        Raises:
            DamagedProjection: there is none, or not a whole one.
        """
        directory = layout.run_directory(self._cache, run)
        projection = Projection.open(directory)
        os.utime(directory)  # the builder removes those that were not used for longest
        tag = hashlib.blake2b(f"{self._release} {layout.FORMAT} {run}".encode(), digest_size=12).hexdigest()
        return OpenRun(run=run, projection=projection, tag=f'"{tag}"')

    def put(self, run: OpenRun) -> None:
        """Keep an open run at hand, in place of the one that was not used for longest."""
        self._open[run.run] = run

    async def get(self, run: str) -> OpenRun:
        """A published run, projected first when it is not in the cache.

        Raises:
            RunUnreadable: its tables could not be read, or not in time.
        """
        if (known := self._open.get(run)) is not None:
            return known
        if run in self._retries and not self._retries[run].is_due:
            raise RunUnreadable(run)
        opening = self._opening.get(run)
        if opening is None:
            opening = self._opening[run] = asyncio.create_task(self._opened(run))
            opening.add_done_callback(lambda _: self._opening.pop(run, None))
        await asyncio.wait({opening}, timeout=self._timeout_s)
        opened = opening.result() if opening.done() else None
        if opened is None:
            raise RunUnreadable(run)
        return opened

    async def close(self) -> None:
        """Stop what is being projected."""
        for task in (opening := list(self._opening.values())):
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)

    async def _opened(self, run: str) -> OpenRun | None:
        """The run, or None after a failure, which is logged and not repeated for a while."""
        try:
            try:
                opened = await asyncio.to_thread(self.open, run)
            except DamagedProjection:
                await self._builds.project(run)
                opened = await asyncio.to_thread(self.open, run)
        except Exception as error:  # noqa: BLE001 - whatever it is: each request would start a builder again
            retry = self._retries.setdefault(run, Retry())
            retry.failed()
            unforeseen = None if isinstance(error, BuildFailed | DamagedProjection | OSError) else error
            reason, again_s = str(error) or type(error).__name__, round(retry.wait_s)
            _log.error("run_not_read", run=run, reason=reason, failures=retry.failures, again_s=again_s, exc_info=unforeseen)
            return None
        self._retries.pop(run, None)
        self.put(opened)
        return opened
