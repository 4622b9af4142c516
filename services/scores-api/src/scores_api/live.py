"""The live view of the store: what is published at this moment, checked on every request.

`Live` holds one immutable `Snapshot` and replaces it as a whole. A request asks whether the commit after the known one exists
(one `stat`); only when it does, the builder reads the store in a process of its own, and the request waits for the new snapshot.
A slower guard compares the newest commit's content, for stores that were replaced or restored.
"""

import asyncio
import contextlib
import hashlib
import os
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import structlog

from contracts.store import Store
from scores_api import layout
from scores_api.builds import BuildFailed, Builds
from scores_api.catalogue import Catalogue
from scores_api.failures import NothingPublished, RunUnreadable
from scores_api.index import Index
from scores_api.models.runs import RunDetail
from scores_api.projection import DamagedProjection, Projection
from scores_api.settings import Settings

__all__ = ["Live", "Snapshot", "View"]

_RETRY_S: Final = 5.0
"""A reading that failed is not tried again before this."""
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class View:
    """One run, ready to answer."""

    run: RunDetail
    projection: Projection
    tag: str
    """ETag of what is answered from this run."""

    def tag_of(self, form: str) -> str:
        """ETag of another representation of the same."""
        return f'{self.tag[:-1]}-{form}"'


@dataclass(frozen=True)
class Snapshot:
    """The store at one version, with its newest run mapped."""

    catalogue: Catalogue
    current: View
    following: str
    """The commit file whose existence means that this snapshot is not the newest."""


class Live:
    """Answers from the newest publication, and from older ones by id.

    `start` and `close` bracket its life on a running event loop.
    """

    def __init__(self, settings: Settings, *, release: str) -> None:
        self._store = Store.under(settings.state)
        self._cache = settings.cache_directory
        self._builds = Builds(state=settings.state, cache=self._cache, kept_runs=settings.kept_runs)
        self._release = release
        self._timeout_s = settings.refresh_timeout_s
        self._guard_s = settings.guard_s
        self._kept_runs = settings.kept_runs
        self._snapshot: Snapshot | None = None
        self._shelf: OrderedDict[str, View] = OrderedDict()
        self._projecting: dict[str, asyncio.Task[View]] = {}
        self._refreshing: asyncio.Task[None] | None = None
        self._retry_at_s = 0.0
        self._guard: asyncio.Task[None] | None = None

    def newest(self) -> Snapshot | None:
        """The snapshot, if no publication followed it: one `stat`, about 2 µs."""
        snapshot = self._snapshot
        return None if snapshot is None or os.path.exists(snapshot.following) else snapshot

    async def snapshot(self) -> Snapshot:
        """The newest snapshot, after a refresh when a publication followed the known one.

        Raises:
            NothingPublished: there is none yet.
        """
        return self.newest() or await self._refreshed()

    async def view(self, name: str) -> View:
        raise NotImplementedError

    async def _refreshed(self) -> Snapshot:
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError

    async def missing(self) -> dict[str, str]:
        raise NotImplementedError
