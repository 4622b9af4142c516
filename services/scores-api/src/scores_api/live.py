"""The live view of the store: what is published at this moment, checked on every request.

`Live` holds one immutable state and replaces it as a whole. A request asks whether the commit after the known one exists (one
`access`); only when it does, the builder reads the store in a process of its own, and the request waits for the new state. A
guard compares the newest commit's content every few seconds, for stores that were replaced or restored.
"""

import asyncio
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
from scores_api.open_runs import OpenRun, OpenRuns
from scores_api.projection import DamagedProjection
from scores_api.retry import Retry
from scores_api.settings import Settings

__all__ = ["Live", "StoreView"]

_READING_S: Final = 600.0
"""A reading that lasts longer hangs and is given up."""
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class StoreView:
    """All publications of one version of the store, with the newest run mapped."""

    catalogue: Catalogue
    current: OpenRun


@dataclass(frozen=True)
class _State:
    """What was read of the store."""

    version: int
    commit: str
    following: str
    """The path whose existence means that more was published since."""
    snapshot: StoreView | None
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
        self._open_runs = OpenRuns(
            self._cache, self._builds, release=release, timeout_s=self._timeout_s, kept=settings.kept_runs
        )
        self._state = _State(version=-1, commit="", following=str(self._store.publications_log), snapshot=None)
        self._reading: asyncio.Task[None] | None = None
        self._reading_until_s = 0.0
        self._retry = Retry()
        self._is_closed = False
        self._guarding: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read the store, and to guard what was read."""
        self._guarding = asyncio.create_task(self._guard())

    async def close(self) -> None:
        """Stop all of it, builders included."""
        self._is_closed = True  # requests that wait for a reading do not begin another
        tasks = [task for task in (self._guarding, self._reading) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._open_runs.close()

    async def missing(self) -> dict[str, str]:
        """What keeps the service from answering, for `/readyz`."""
        try:
            await self.snapshot()
        except NothingPublished:
            if self._retry.failures:
                return {
                    "store": f"the store or the cache cannot be read ({self._retry.failures} attempts failed, the next is in "
                    f"{self._retry.wait_s:.0f} s); the service's log says why"
                }
            return {"run": "no run is published yet; the trainer publishes the first one when its fit is done"}
        return {}

    async def snapshot(self) -> StoreView:
        """The newest snapshot; when something was published after the known one, that is read first.

        A reading that fails, or lasts longer than `refresh_timeout_s`, leaves the snapshot before it in place.

        Raises:
            NothingPublished: there is no snapshot at all.
        """
        while self._is_behind() and self._may_read():
            reading = self._read_once()
            left_s = self._reading_until_s - time.monotonic()
            if left_s <= 0:
                break
            if not (await asyncio.wait({reading}, timeout=left_s))[0]:
                _log.warning("store_read_slowly", served=self._served(), waited_s=self._timeout_s)
        return self._known()

    def _known(self) -> StoreView:
        if (snapshot := self._state.snapshot) is None:
            raise NothingPublished
        return snapshot

    def catalogue(self) -> Catalogue | None:
        """What was published when the store was last read, without looking; None where that was nothing."""
        try:
            return self._known().catalogue
        except NothingPublished:
            return None

    async def run(self, name: str) -> OpenRun:
        """A run by id, or the newest by `current`; projected first if it is not in the cache.

        Raises:
            NothingPublished: there is no run at all.
            RunUnknown: no publication has this id.
            RunUnreadable: its tables could not be read, or not in time.
        """
        snapshot = await self.snapshot() if self._is_behind() else self._known()
        run = snapshot.catalogue.run(name).id
        return snapshot.current if run == snapshot.current.run else await self._open_runs.get(run)

    def _is_behind(self) -> bool:
        return os.access(self._state.following, os.F_OK)

    def _may_read(self) -> bool:
        return self._retry.is_due and not self._is_closed

    def _read_once(self) -> asyncio.Task[None]:
        """The reading that is under way, or a new one."""
        if self._reading is None or self._reading.done():
            self._reading_until_s = time.monotonic() + self._timeout_s
            self._reading = asyncio.create_task(self._read())
        return self._reading

    async def _read(self) -> None:
        """Replace the state by the store's newest version; a failure is logged, and not repeated for a while.

        Whatever fails, and a builder that ends well without having read what is there: either would be started without end.
        """
        began_s = time.monotonic()
        before, served = self._state, self._served()
        try:
            async with asyncio.timeout(_READING_S):
                state = await asyncio.to_thread(self._state_in_cache)
                if state is None:
                    await self._builds.refresh()
                    state = await asyncio.to_thread(self._state_of, Index.read(self._cache / layout.INDEX))
        except Exception as error:  # noqa: BLE001 - see above
            self._not_read(error)
            return
        if (state.version, state.commit) == (before.version, before.commit) and self._is_behind():
            self._not_read(BuildFailed("the builder ended without having read the newest version"))
            return
        self._retry.succeeded()
        self._state = state
        if before.snapshot is not None and self._served() != served:
            self._open_runs.put(before.snapshot.current)
        ms = round((time.monotonic() - began_s) * 1000)
        _log.info("store_read", version=state.version, run=self._served(), before=served, ms=ms)

    def _not_read(self, error: Exception) -> None:
        self._retry.failed()
        _log.error(
            "store_not_read",
            reason=str(error) or type(error).__name__,
            served=self._served(),
            failures=self._retry.failures,
            again_s=round(self._retry.wait_s),
            exc_info=None if isinstance(error, BuildFailed | DamagedProjection | OSError | ValueError) else error,
        )

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
            current = before.current if before and is_same else self._open_runs.open(catalogue.current.id)
            snapshot = StoreView(catalogue, current)
        following = self._store.publications_commit(index.version + 1)
        return _State(version=index.version, commit=index.commit, following=str(following), snapshot=snapshot)

    async def _guard(self) -> None:
        """Read the store again whenever its newest commit is not the one that was read."""
        while True:
            try:
                if self._may_read() and await asyncio.to_thread(self._is_replaced):
                    await asyncio.wait({self._read_once()})
            except Exception:  # noqa: BLE001 - whatever it is, it is logged, and the next look may see more
                _log.exception("store_not_guarded")
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
