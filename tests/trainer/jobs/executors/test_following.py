"""What is known of a cluster is asked for again where it is not told, but not without pause."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from trainer.jobs.executors.executor import Away
from trainer.jobs.executors.kubernetes.following import Following
from trainer.jobs.executors.kubernetes.server import Expired, Kind, Listed, Refused
from trainer.jobs.templates import Owner

pytestmark = pytest.mark.anyio
POD = {"metadata": {"name": "pod-1", "uid": "u-1"}}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class _Server:
    """Lists nothing; its watches tell so many events, then end, or fail."""

    def __init__(self, error: Exception | None, events: int = 0) -> None:
        self._error, self._events = error, events

    async def create_job(self, job: dict[str, Any]) -> None:
        raise NotImplementedError

    async def delete_job(self, name: str) -> bool:
        raise NotImplementedError

    async def listed(self, kind: Kind, selector: str) -> Listed:  # noqa: ARG002 - the protocol's
        return [], "7"

    async def watch(
        self,
        kind: Kind,  # noqa: ARG002 - the protocol's
        selector: str,  # noqa: ARG002
        version: str,  # noqa: ARG002
        within_s: float,  # noqa: ARG002
    ) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        for _ in range(self._events):
            yield "ADDED", POD
        if self._error is not None:
            raise self._error

    async def uid(self, owner: Owner) -> str:
        raise NotImplementedError

    async def close(self) -> None:
        pass


async def _pauses(server: _Server, count: int) -> list[float]:
    """The first pauses of one kind."""
    pauses: list[float] = []
    enough = asyncio.Event()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) >= count:
            enough.set()
            await asyncio.Event().wait()

    following = Following(server, "a=b", watch_s=60.0, pause=pause)
    follows = asyncio.create_task(following._follow(Kind.POD))  # noqa: SLF001 - one kind, whose pauses are all there are
    await asyncio.wait_for(enough.wait(), 30)
    follows.cancel()
    await asyncio.gather(follows, return_exceptions=True)
    return pauses


@pytest.mark.parametrize(
    "error",
    [Refused("pods may not be watched"), Expired("too old"), Away("away"), None],
    ids=["refused", "expired", "broken", "ended at once"],
)
async def test_watches_that_tell_nothing_and_end_at_once_are_asked_for_more_and_more_seldom(error: Exception | None) -> None:
    assert await _pauses(_Server(error), 6) == [1.0, 2.0, 5.0, 10.0, 10.0, 10.0]


async def test_a_watch_that_breaks_after_it_told_something_is_soon_asked_for_again() -> None:
    assert await _pauses(_Server(Away("the connection broke"), events=1), 3) == [1.0, 1.0, 1.0]
