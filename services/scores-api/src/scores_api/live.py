"""The live view of the store: what is published and named at this moment, checked on every request.

`Live` holds one immutable state and replaces it as a whole. A request asks whether the commit after the known one exists (one
`access`); only when it does, the store is read in a thread. A request waits for that no longer than a moment, and is answered
from the run before: a publication stops nobody. A guard looks every few seconds, for stores that were replaced, restored or
repaired.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from contracts.store import Store
from published.form import OtherFormat
from published.pages import FileDamaged
from published.publications import Publication
from published.registry import Registry
from scores_api.catalogue import Catalogue, Described, candidates
from scores_api.failures import NothingPublished
from scores_api.open_runs import Opener, OpenRun, OpenRuns, open_run
from scores_api.publications import Publications, commit_digest
from scores_api.retry import Retry
from scores_api.settings import Settings

__all__ = ["Live", "StoreView"]

_FIRST_S: Final = 30.0
"""How long a request waits while there is no run to answer from."""
_NOTHING: Final = "No run is published yet; the trainer publishes the first one when its fit is done."
_OUTDATED: Final = "Another release published all runs of the store; what the trainer publishes next is served."
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class StoreView:
    """All publications of one version of the store, with the current run open."""

    catalogue: Catalogue
    current: OpenRun


@dataclass(frozen=True)
class _State:
    """What was read of the store."""

    version: int
    commit: str
    following: str
    """The path whose existence means that more was published since."""
    view: StoreView | None
    """None while no run can be answered from."""
    missing: str = _NOTHING
    """Why there is none."""
    is_whole: bool = True
    """Whether nothing is damaged, and what is answered from is what `current` names."""


class Live:
    """Answers from the run that `current` names, and from others by id, alias or name.

    Assembled without touching anything; `start` and `close` bracket its work on a running event loop.
    """

    def __init__(self, settings: Settings, *, release: str, opener: Opener | None = None) -> None:
        self._store = Store.under(settings.state)
        self._release = release
        self._wait_s = settings.publication_wait_s
        self._guard_s = settings.guard_s
        self._opener = opener or partial(open_run, self._store, release=release)
        self._publications = Publications(self._store)
        self._open_runs = OpenRuns(self._opener, kept=settings.kept_runs)
        self._state = _State(version=-1, commit="", following=str(self._store.publications_log), view=None)
        self._reading: asyncio.Task[None] | None = None
        self._reading_until_s = 0.0
        self._retry = Retry()
        self._repair = Retry()
        """Of readings that find something damaged."""
        self._is_closed = False
        self._guarding: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read the store, and to guard what was read."""
        self._guarding = asyncio.create_task(self._guard())

    async def close(self) -> None:
        """Stop all of it."""
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
        except NothingPublished as error:
            return {"run": str(error)}
        return {}

    async def snapshot(self) -> StoreView:
        """The newest view; when something was published after the known one, that is read first if it takes but a moment.

        Raises:
            NothingPublished: there is no run to answer from.
        """
        if self._is_behind() and self._may_read():
            reading = self._read_once()
            if (left_s := self._reading_until_s - time.monotonic()) > 0:
                await asyncio.wait({reading}, timeout=left_s)
        return self._known()

    def _known(self) -> StoreView:
        if (view := self._state.view) is None:
            raise NothingPublished(self._state.missing)
        return view

    def known(self) -> tuple[int, Catalogue] | None:
        """The store's version when it was last read, and what was published then; None where that was nothing."""
        return None if self._state.view is None else (self._state.version, self._state.view.catalogue)

    async def run(self, name: str) -> OpenRun:
        """A run by id, alias or name; opened first if it is not.

        Raises:
            NothingPublished: there is no run at all.
            RunUnknown: nothing is called so.
            RunDeleted: it was deleted.
            RunOutdated: another release published it.
            RunUnreadable: it is damaged or cannot be read.
        """
        view = await self.snapshot() if self._is_behind() else self._known()
        run = view.catalogue.run(name).id
        return view.current if run == view.current.run else await self._open_runs.get(view.catalogue.publication(run))

    def doubt(self, run: str) -> None:
        """Open a run of which a damaged page was read again, which compares all of it, before anybody is answered from it."""
        self._open_runs.drop(run)
        if self._state.view is not None and self._state.view.current.run == run and not self._is_closed:
            self._read_once(afresh=True)

    def _is_behind(self) -> bool:
        return os.access(self._state.following, os.F_OK)

    def _may_read(self) -> bool:
        return self._retry.is_due and not self._is_closed

    def _read_once(self, *, afresh: bool = False) -> asyncio.Task[None]:
        """The reading that is under way, or a new one."""
        if self._reading is None or self._reading.done():
            self._reading_until_s = time.monotonic() + (self._wait_s if self._state.view else _FIRST_S)
            self._reading = asyncio.create_task(self._read(None if afresh else self._state.view))
        return self._reading

    async def _read(self, before: StoreView | None) -> None:
        """Replace the state by the store's newest version; a failure is logged, and not repeated for a while."""
        began_s, served = time.monotonic(), self._served()
        try:
            state = await asyncio.to_thread(self._state_now, before)
        except Exception as error:  # noqa: BLE001 - whatever fails would be tried again without end
            self._not_read(error)
            return
        self._retry.succeeded()
        if state.is_whole:
            self._repair.succeeded()
        else:
            self._repair.failed()
        if before is not None and (state.view is None or state.view.current is not before.current):
            self._open_runs.put(before.current)
        self._state = state
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
            exc_info=None if isinstance(error, OSError) else error,
        )

    def _served(self) -> str | None:
        """The run that is answered from at the moment."""
        return self._state.view.current.run if self._state.view else None

    def _state_now(self, before: StoreView | None) -> _State:
        """The state of the store as it is, the run that `current` names opened unless `before` has it open; blocks."""
        version = self._store.version()
        commit = commit_digest(self._store, version)
        described, registry = self._publications.read()
        view, missing = self._view(described, registry, before)
        wanted = next((one.run for one in candidates(described, registry) if one.record is not None), None)
        served = None if view is None else view.current.run
        is_whole = wanted == served and not any(one.problem is not None and not one.outdated for one in described)
        following = str(self._store.publications_commit(version + 1))
        return _State(version, commit, following, view, missing, is_whole)

    def _view(
        self, described: Sequence[Described], registry: Registry, before: StoreView | None
    ) -> tuple[StoreView | None, str]:
        """The first candidate that opens, and otherwise why there is none."""
        missing = _OUTDATED if any(one.outdated for one in described) else _NOTHING
        for one in candidates(described, registry):
            if one.problem is not None and not one.outdated:
                missing = self._unreadable(one.run, one.problem)
            if one.publication is None or one.record is None:
                continue
            try:
                current = self._opened(one.publication, before)
            except (FileDamaged, OtherFormat) as error:
                missing = self._unreadable(one.run, str(error))
                continue
            return StoreView(Catalogue.of(described, registry, current.run, self._release), current), ""
        return None, missing

    def _opened(self, publication: Publication, before: StoreView | None) -> OpenRun:
        is_open = before is not None and before.current.publication == publication
        return before.current if before is not None and is_open else self._opener(publication)

    def _unreadable(self, run: str | None, reason: str) -> str:
        _log.error("run_not_read", run=run, reason=reason)
        return f"No run can be read; of the newest, {run}: {reason}."

    async def _guard(self) -> None:
        """Read the store again when its newest commit is another one, and now and then where something is damaged."""
        while True:
            try:
                if self._may_read() and await asyncio.to_thread(self._is_replaced):
                    await asyncio.wait({self._read_once()})
            except Exception:  # noqa: BLE001 - whatever it is, it is logged, and the next look may see more
                _log.exception("store_not_guarded")
            await asyncio.sleep(self._guard_s)

    def _is_replaced(self) -> bool:
        """Whether another reading may see more."""
        try:
            version = self._store.version()
            if version < 0:  # nothing published, or everything was removed: what was read stays readable
                return False
            if not self._state.is_whole and self._repair.is_due:
                return True
            return (version, commit_digest(self._store, version)) != (self._state.version, self._state.commit)
        except OSError as error:
            _log.warning("store_not_guarded", reason=str(error))
            return False
