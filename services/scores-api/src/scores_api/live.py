"""The live view of the store: what is published at this moment, checked on every request.

`Live` holds one immutable state and replaces it as a whole. A request asks whether the commit after the known one exists (one
`access`); only when it does, the builder reads the store in a process of its own, and the request waits for the new state. A
guard compares the newest commit's content every few seconds, for stores that were replaced or restored.
"""

import asyncio
import math
import os
import time
from dataclasses import dataclass
from typing import Final

import structlog

from contracts.store import Store
from scores_api import layout
from scores_api.builds import BuildFailed, Builds
from scores_api.catalogue import Catalogue
from scores_api.failures import NothingPublished
from scores_api.index import Index, commit_digest
from scores_api.projection import DamagedProjection
from scores_api.settings import Settings
from scores_api.shelf import Shelf, View

__all__ = ["Live", "Snapshot"]

_RETRY_S: Final = 5.0
"""A reading that failed is not tried again before this."""
_READING_S: Final = 600.0
"""A reading that lasts longer hangs and is given up."""
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Snapshot:
    """All publications of one version of the store, with the newest run mapped."""

    catalogue: Catalogue
    current: View


@dataclass(frozen=True)
class _State:
    """What was read of the store."""

    version: int
    commit: str
    following: str
    """The path whose existence means that more was published since."""
    snapshot: Snapshot | None
    """None while no run is published."""


class Live:
    """Answers from the newest publication, and from older runs by id.

    Assembled without touching anything; `start` and `close` bracket its work on a running event loop.
    """

    def __init__(self, settings: Settings, builds: Builds, *, release: str) -> None:
        self._store = Store.under(settings.state)
        self._cache = settings.cache_directory
        self._release = release
        self._timeout_s = settings.refresh_timeout_s
        self._guard_s = settings.guard_s
        self._builds = builds
        self._shelf = Shelf(self._cache, self._builds, release=release, timeout_s=self._timeout_s, kept=settings.kept_runs)
        self._state = _State(version=-1, commit="", following=str(self._store.publications_log), snapshot=None)
        self._reading: asyncio.Task[None] | None = None
        self._reading_until_s = 0.0
        self._failed_until_s = 0.0
        self._guarding: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read the store, and to guard what was read."""
        self._guarding = asyncio.create_task(self._guard())

    async def close(self) -> None:
        """Stop all of it, builders included."""
        self._failed_until_s = math.inf  # requests that wait for a reading do not begin another
        tasks = [task for task in (self._guarding, self._reading) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._shelf.close()

    async def missing(self) -> dict[str, str]:
        """What keeps the service from answering, for `/readyz`."""
        try:
            await self.snapshot()
        except NothingPublished:
            if time.monotonic() < self._failed_until_s:
                return {"store": "the store or the cache cannot be read; the service's log says why"}
            return {"run": "no run is published yet; the trainer publishes the first one when its fit is done"}
        return {}

    async def snapshot(self) -> Snapshot:
        """The newest snapshot; when something was published after the known one, that is read first.

        A reading that fails, or lasts longer than `refresh_timeout_s`, leaves the snapshot before it in place.

        Raises:
            NothingPublished: there is no snapshot at all.
        """
        while self._is_behind() and time.monotonic() >= self._failed_until_s:
            reading = self._read_once()
            left_s = self._reading_until_s - time.monotonic()
            if left_s <= 0:
                break
            if not (await asyncio.wait({reading}, timeout=left_s))[0]:
                _log.warning("store_read_slowly", served=self._served(), waited_s=self._timeout_s)
        if (snapshot := self._state.snapshot) is None:
            raise NothingPublished
        return snapshot

    async def view(self, name: str) -> View:
        """A run by id, or the newest by `current`; projected first if it is not in the cache.

        Raises:
            NothingPublished: there is no run at all.
            RunUnknown: no publication has this id.
            RunUnreadable: its tables could not be read, or not in time.
        """
        snapshot = await self.snapshot()
        run = snapshot.catalogue.run(name).id
        return snapshot.current if run == snapshot.current.run else await self._shelf.view(run)

    def _is_behind(self) -> bool:
        return os.access(self._state.following, os.F_OK)

    def _read_once(self) -> asyncio.Task[None]:
        """The reading that is under way, or a new one."""
        if self._reading is None or self._reading.done():
            self._reading_until_s = time.monotonic() + self._timeout_s
            self._reading = asyncio.create_task(self._read())
        return self._reading

    async def _read(self) -> None:
        """Replace the state by the store's newest version; a failure is logged, and not repeated for a while."""
        began_s = time.monotonic()
        before, served = self._state.snapshot, self._served()
        try:
            async with asyncio.timeout(_READING_S):
                state = await asyncio.to_thread(self._state_in_cache)
                if state is None:
                    await self._builds.refresh()
                    state = await asyncio.to_thread(self._state_of, Index.read(self._cache / layout.INDEX))
        except (BuildFailed, DamagedProjection, OSError, ValueError) as error:
            self._failed_until_s = time.monotonic() + _RETRY_S
            _log.error("store_not_read", reason=str(error) or type(error).__name__, served=served)
            return
        self._state = state
        if before is not None and self._served() != served:
            self._shelf.put(before.current)
        ms = round((time.monotonic() - began_s) * 1000)
        _log.info("store_read", version=state.version, run=self._served(), before=served, ms=ms)

    def _served(self) -> str | None:
        """The run that is answered from at the moment."""
        snapshot = self._state.snapshot
        return snapshot.current.run if snapshot else None

    def _state_in_cache(self) -> _State | None:
        """The state without a builder: if the cache holds the index of the store's present version and a whole projection."""
        version = self._store.version()
        try:
            index = Index.read(self._cache / layout.INDEX)
            if (index.version, index.commit) == (version, commit_digest(self._store, version)):
                return self._state_of(index)
        except (OSError, ValueError, DamagedProjection):
            return None
        return None

    def _state_of(self, index: Index) -> _State:
        """The state that an index describes, its newest run mapped unless it is already."""
        snapshot = None
        if index.runs:
            catalogue = Catalogue.of(index, self._release)
            before = self._state.snapshot
            is_same = before is not None and before.current.run == catalogue.current.id
            snapshot = Snapshot(catalogue, before.current if before and is_same else self._shelf.open(catalogue.current.id))
        following = self._store.publications_commit(index.version + 1)
        return _State(version=index.version, commit=index.commit, following=str(following), snapshot=snapshot)

    async def _guard(self) -> None:
        """Read the store again whenever its newest commit is not the one that was read."""
        while True:
            if time.monotonic() >= self._failed_until_s and await asyncio.to_thread(self._is_replaced):
                await asyncio.wait({self._read_once()})
            await asyncio.sleep(self._guard_s)

    def _is_replaced(self) -> bool:
        try:
            version = self._store.version()
            if version < 0:  # nothing published, or everything was removed: what was read stays readable
                return False
            return (version, commit_digest(self._store, version)) != (self._state.version, self._state.commit)
        except OSError as error:
            _log.warning("store_not_guarded", reason=str(error))
            return False
