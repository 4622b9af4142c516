"""Published runs that are open and ready to answer, the last used ones kept."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from cachetools import LRUCache

from contracts.predictions import ARTIFACT
from contracts.store import Store
from published.form import FORMAT, OtherFormat
from published.pages import FileDamaged
from published.publications import Publication
from scores_api import vouched
from scores_api.failures import RunUnreadable
from scores_api.published_run import PublishedRun
from scores_api.retry import Retry

__all__ = ["OpenRun", "OpenRuns", "Opener", "open_run"]

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class OpenRun:
    """One run, ready to answer."""

    publication: Publication
    published: PublishedRun
    tag: str
    """ETag of what is answered from this run."""

    @property
    def run(self) -> str:
        """Its id."""
        return self.published.run

    def tag_of(self, form: str) -> str:
        """ETag of another representation of the same."""
        return f'{self.tag[:-1]}-{form}"'


Opener = Callable[[Publication], OpenRun]
"""Opens a published factor run; blocks."""


def open_run(store: Store, publication: Publication, *, release: str) -> OpenRun:
    """Open a run, every file of it compared with what the publication vouches for; blocks for as long as that takes.

    Raises:
        FileDamaged: something is missing or differs.
        OtherFormat: another release published it.
    """
    manifest = vouched.manifest(store, publication, ARTIFACT)
    record, head = vouched.record(store, publication, manifest), vouched.head(store, publication, manifest)
    run = PublishedRun.open(store.artifact(ARTIFACT, publication.artifacts[ARTIFACT]), head, record)
    tag = hashlib.blake2b(f"{release} {FORMAT} {run.run}".encode(), digest_size=12).hexdigest()
    return OpenRun(publication=publication, published=run, tag=f'"{tag}"')


class OpenRuns:
    """Runs other than the current one, by id."""

    def __init__(self, opener: Opener, *, kept: int) -> None:
        self._opener = opener
        self._open: LRUCache[str, OpenRun] = LRUCache(kept)
        self._opening: dict[str, asyncio.Task[OpenRun]] = {}
        self._failed: dict[str, tuple[Retry, str]] = {}

    def put(self, run: OpenRun) -> None:
        """Keep an open run at hand, in place of the one that was not used for longest."""
        self._open[run.run] = run

    def drop(self, run: str) -> None:
        """Open a run again before anybody is answered from it."""
        self._open.pop(run, None)

    async def get(self, publication: Publication) -> OpenRun:
        """A published run, opened first where it is not; one that fails is not tried at once again.

        Raises:
            RunUnreadable: it is damaged or cannot be read.
        """
        run = publication.run
        if (known := self._open.get(run)) is not None:
            return known
        if run in self._failed and not self._failed[run][0].is_due:
            raise RunUnreadable(run, self._failed[run][1])
        opening = self._opening.get(run)
        if opening is None:
            opening = self._opening[run] = asyncio.create_task(self._opened(publication))
            opening.add_done_callback(lambda _: self._opening.pop(run, None))
        return await asyncio.shield(opening)  # a request that goes away does not stop it for the others

    async def close(self) -> None:
        """Stop what is being opened."""
        for task in (opening := list(self._opening.values())):
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)

    async def _opened(self, publication: Publication) -> OpenRun:
        run = publication.run
        try:
            opened = await asyncio.to_thread(self._opener, publication)
        except Exception as error:  # whatever it is: each request would try it again
            retry, reason = self._failed.get(run, (Retry(), ""))[0], str(error) or type(error).__name__
            retry.failed()
            self._failed[run] = (retry, reason)
            unforeseen = None if isinstance(error, FileDamaged | OtherFormat | OSError) else error
            _log.error("run_not_read", run=run, reason=reason, again_s=round(retry.wait_s), exc_info=unforeseen)
            raise RunUnreadable(run, reason) from error
        self._failed.pop(run, None)
        self.put(opened)
        return opened
