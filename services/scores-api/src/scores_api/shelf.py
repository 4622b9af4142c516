"""The shelf: published runs that are mapped and ready to answer, the last used ones kept open."""

import asyncio
import hashlib
import os
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from scores_api import layout
from scores_api.builds import BuildFailed, Builds
from scores_api.failures import RunUnreadable
from scores_api.projection import DamagedProjection, Projection

__all__ = ["Shelf", "View"]

_RETRY_S: Final = 10.0
"""A run that could not be projected is not tried again before this."""
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class View:
    """One run, ready to answer."""

    run: str
    projection: Projection
    tag: str
    """ETag of what is answered from this run."""

    def tag_of(self, form: str) -> str:
        """ETag of another representation of the same."""
        return f'{self.tag[:-1]}-{form}"'


class Shelf:
    """Views of runs by id; what is not in the cache is projected by the builder first."""

    def __init__(self, cache: Path, builds: Builds, *, release: str, timeout_s: float, kept: int) -> None:
        self._cache = cache
        self._builds = builds
        self._release = release
        self._timeout_s = timeout_s
        self._kept = kept
        self._views: OrderedDict[str, View] = OrderedDict()
        self._coming: dict[str, asyncio.Task[View | None]] = {}
        self._failed_until_s: dict[str, float] = {}

    def open(self, run: str) -> View:
        """Map a run's projection; blocks for as long as reading its files takes.

        Raises:
            DamagedProjection: there is none, or not a whole one.
        """
        directory = layout.run_directory(self._cache, run)
        projection = Projection.open(directory)
        os.utime(directory)  # the builder removes those that were not used for longest
        tag = hashlib.blake2b(f"{self._release} {layout.FORMAT} {run}".encode(), digest_size=12).hexdigest()
        return View(run=run, projection=projection, tag=f'"{tag}"')

    def put(self, view: View) -> None:
        """Keep a view at hand, in place of the one that was not used for longest."""
        self._views[view.run] = view
        self._views.move_to_end(view.run)
        while len(self._views) > self._kept:
            self._views.popitem(last=False)

    async def view(self, run: str) -> View:
        """A published run, projected first when it is not in the cache.

        Raises:
            RunUnreadable: its tables could not be read, or not in time.
        """
        if run in self._views:
            self._views.move_to_end(run)
            return self._views[run]
        if time.monotonic() < self._failed_until_s.get(run, 0.0):
            raise RunUnreadable(run)
        coming = self._coming.get(run)
        if coming is None:
            coming = self._coming[run] = asyncio.create_task(self._bring(run))
            coming.add_done_callback(lambda _: self._coming.pop(run, None))
        await asyncio.wait({coming}, timeout=self._timeout_s)
        view = coming.result() if coming.done() else None
        if view is None:
            raise RunUnreadable(run)
        return view

    async def close(self) -> None:
        """Stop what is being projected."""
        for task in (coming := list(self._coming.values())):
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)

    async def _bring(self, run: str) -> View | None:
        try:
            try:
                view = await asyncio.to_thread(self.open, run)
            except DamagedProjection:
                await self._builds.project(run)
                view = await asyncio.to_thread(self.open, run)
        except (BuildFailed, DamagedProjection, OSError) as error:
            self._failed_until_s[run] = time.monotonic() + _RETRY_S
            _log.error("run_not_read", run=run, reason=str(error))
            return None
        self._failed_until_s.pop(run, None)
        self.put(view)
        return view
