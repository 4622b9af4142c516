"""Streams: answers that end, with the work behind them, when nobody listens any more."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

__all__ = ["CallerGone", "EventStream", "unless_gone"]

_T = TypeVar("_T")
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""No proxy may hold events back."""


class CallerGone(Exception):
    """Nobody waits for the answer any more."""


class EventStream(Response):
    """Server-sent events without names. `finally_` is awaited when the stream ends, for whatever reason."""

    media_type = "text/event-stream"

    def __init__(self, data: AsyncIterator[str], *, finally_: Callable[[], Awaitable[None]]) -> None:
        self.status_code = 200
        self.background = None
        self._data = data
        self._finally = finally_
        self.init_headers(_HEADERS)

    @staticmethod
    def json(value: Any) -> str:
        """A value as the data of an event."""
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - an ASGI application
        """Send the events until they end or the caller goes."""
        try:
            await _unless(receive, self._send(send))
        except CallerGone:
            return
        finally:
            await self._finally()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for data in self._data:
            await send({"type": "http.response.body", "body": f"data: {data}\n\n".encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def unless_gone(request: Request, work: Coroutine[Any, Any, _T]) -> _T:
    """What the work gives.

    Raises:
        CallerGone: the caller went first, and the work was cancelled.
    """
    return await _unless(request.receive, work)


async def _unless(receive: Receive, work: Coroutine[Any, Any, _T]) -> _T:
    working = asyncio.ensure_future(work)
    watching = asyncio.ensure_future(_gone(receive))
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
