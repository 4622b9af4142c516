"""Streams: answers that end, with the work behind them, when nobody listens any more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from fastapi import Request
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.types import Receive, Scope, Send

__all__ = ["CallerGone", "EventStream", "unless_gone"]

_T = TypeVar("_T")
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""No proxy may hold events back."""


class CallerGone(Exception):
    """Nobody waits for the answer any more."""


class EventStream(EventSourceResponse):
    """Server-sent events: data, or a name and data. `finally_` is awaited when the stream ends, for whatever reason."""

    def __init__(self, data: AsyncIterator[str | tuple[str, str]], *, finally_: Callable[[], Awaitable[None]]) -> None:
        super().__init__(_events(data), headers=_HEADERS)
        self._finally = finally_

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until they end or the caller goes."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._finally()


async def _events(data: AsyncIterator[str | tuple[str, str]]) -> AsyncIterator[bytes]:
    async for each in data:
        name, text = (None, each) if isinstance(each, str) else each
        yield format_sse_event(data_str=text, event=name)


async def unless_gone(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """What the work gives.

    Raises:
        CallerGone: the caller went first, and the work was cancelled.
    """
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_gone(request.receive))
    try:
        await asyncio.wait((working, watching), return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise CallerGone
        return working.result()
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
