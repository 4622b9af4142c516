"""The answers layer: what was answered from the present publication is answered again without asking FastAPI.

A published run never changes, so an answer with an ETag holds for as long as the snapshot it came from. The layer keeps such
answers by address and forgets all of them when the snapshot is replaced, which it checks on every request as the routes do.
It compares `If-None-Match`, sends the request id and counts the request, as the layers behind it do; all else passes through.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scores_api.etag import is_held
from scores_api.live import Live, Snapshot
from servicekit.observation import Meter, Series, request_id

__all__ = ["AnswerLayer"]

_PLACES: Final = ("/v1/", "/cosine/score")
_LARGEST_BYTES: Final = 256 * 1024
_KEPT_BYTES: Final = 8 * 1024 * 1024
"""Of bodies in the process's memory; those mapped from the cache cost none and are kept at any size."""
_WHOLE: Final = 2
"""Messages of a response that was sent in one piece: its start and its body."""
_OVERHEAD_BYTES: Final = 1024
_OK: Final = 200
_NOT_MODIFIED: Final = 304
_KEPT_HEADERS: Final = frozenset({b"etag", b"cache-control", b"vary"})
_NO_BODY: Final[Message] = {"type": "http.response.body"}
_Headers = list[tuple[bytes, bytes]]
_Key = tuple[bytes, bytes, bytes]


@dataclass(frozen=True)
class _Answer:
    """A response as it was sent, apart from its request id."""

    series: Series
    tag: str
    headers: _Headers
    headers_not_modified: _Headers
    body: Message
    size_bytes: int
    """Memory it takes."""


class AnswerLayer:
    """Wraps the application; GET alone."""

    def __init__(self, app: ASGIApp, live: Live, meter: Meter) -> None:
        self._app = app
        self._live = live
        self._meter = meter
        self._snapshot: Snapshot | None = None
        self._answers: OrderedDict[_Key, _Answer] = OrderedDict()
        self._size_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        if (snapshot := self._live.newest()) is not self._snapshot:
            self._forget(snapshot)
        accept, condition, asked_id = b"", b"", None
        for name, value in scope["headers"]:
            if name == b"accept":
                accept = value
            elif name == b"if-none-match":
                condition = value
            elif name == b"x-request-id":
                asked_id = value
        key = (scope["raw_path"], scope["query_string"], accept)
        if (answer := self._answers.get(key)) is None:
            await self._ask(key, scope, receive, send)
            return
        self._answers.move_to_end(key)
        identity = (b"x-request-id", request_id(asked_id))
        if condition and is_held(condition.decode("latin-1"), answer.tag):
            status, headers, body = _NOT_MODIFIED, answer.headers_not_modified, _NO_BODY
        else:
            status, headers, body = _OK, answer.headers, answer.body
        await send({"type": "http.response.start", "status": status, "headers": [*headers, identity]})
        await send(body)
        self._meter.observe_in(answer.series, scope["path"], status, time.perf_counter() - began_s)

    def _forget(self, snapshot: Snapshot | None) -> None:
        self._snapshot = snapshot
        self._answers.clear()
        self._size_bytes = 0

    async def _ask(self, key: _Key, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and keep what it sent if that holds for as long as the present snapshot."""
        snapshot = self._snapshot
        if snapshot is None or not _is_kept(scope["path"]):
            await self._app(scope, receive, send)
            return
        sent: list[Message] = []

        async def listen(message: Message) -> None:
            if len(sent) <= _WHOLE:
                sent.append(message)
            await send(message)

        await self._app(scope, receive, listen)
        if len(sent) == _WHOLE and snapshot is self._snapshot and snapshot is self._live.newest():
            self._keep(key, getattr(scope.get("route"), "path", "unmatched"), *sent)

    def _keep(self, key: _Key, route: str, start: Message, body: Message) -> None:
        headers: _Headers = [(name, value) for name, value in start["headers"] if name != b"x-request-id"]
        tag = next((value.decode("latin-1") for name, value in headers if name == b"etag"), None)
        content = body.get("body", b"")
        own_bytes = len(content) if isinstance(content, bytes) else 0
        if start["status"] != _OK or tag is None or own_bytes > _LARGEST_BYTES:
            return
        answer = _Answer(
            series=self._meter.series("GET", route),
            tag=tag,
            headers=headers,
            headers_not_modified=[header for header in headers if header[0] in _KEPT_HEADERS],
            body=body,
            size_bytes=_OVERHEAD_BYTES + own_bytes,
        )
        if (before := self._answers.get(key)) is not None:
            self._size_bytes -= before.size_bytes
        self._answers[key] = answer
        self._size_bytes += answer.size_bytes
        while self._size_bytes > _KEPT_BYTES:
            self._size_bytes -= self._answers.popitem(last=False)[1].size_bytes


def _is_kept(path: str) -> bool:
    """Published answers; files are streamed, in ranges too, and stay out."""
    return path.startswith(_PLACES) and "/files/" not in path
