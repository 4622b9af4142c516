"""Connections: how many there are, how long each may keep silent, and how much it may say before it is understood.

uvicorn with httptools sets no limit to the size of headers, to the time they take, or to connections that say nothing. Here
each connection is in one of three queues: those of which no request is known (`idle`), those whose body is coming
(`receiving`), and those that do not take their answer (`stalled`). One look a second ends those whose time is over; where a new
connection is one too many, the one that kept silent longest gives way, so that the next client is answered in any case.
"""

import asyncio
import json
import resource
import socket
import struct
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

__all__ = ["BoundedConnections", "Bounds", "file_limit"]

_LOOK_S: Final = 1.0
_FILES_WANTED: Final = 8192
_AT_ONCE: Final = struct.pack("ii", 1, 0)
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Bounds:
    """Of one server."""

    connections: int
    """Open at a time."""
    head_bytes: int = 32 * 2**10
    """Of a request line with its headers."""
    head_s: float = 10.0
    """Until all of it is there, from the first byte of a connection or of a request."""
    body_rate: int = 1024
    """Bytes a second that a body must come with, on average over `body_s`."""
    body_s: float = 10.0
    answer_s: float = 60.0
    """That an answer may wait for a client who does not take it."""


def file_limit() -> int:
    """Raise the number of files that this process may open as far as it may; what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, _FILES_WANTED)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft


@dataclass
class BoundedConnections:
    """The connections of one server; `protocol` is what uvicorn makes for each."""

    bounds: Bounds
    idle: "dict[_Bounded, None]" = field(default_factory=dict)
    receiving: "dict[_Bounded, None]" = field(default_factory=dict)
    stalled: "dict[_Bounded, None]" = field(default_factory=dict)
    open: int = 0
    refused: int = 0
    """Connections that gave way or were turned away since that was last told."""
    _looking: asyncio.TimerHandle | None = None

    def protocol(self, *args: Any, **kwargs: Any) -> "_Bounded":
        """A connection's protocol."""
        if self._looking is None:
            self._looking = asyncio.get_running_loop().call_later(_LOOK_S, self._look)
        return _Bounded(self, *args, **kwargs)

    def make_room(self) -> bool:
        """Whether one more connection may stay; the one that kept silent longest gives way to it."""
        if self.open <= self.bounds.connections:
            return True
        self.refused += 1
        for queue in (self.idle, self.receiving, self.stalled):
            if queue:
                next(iter(queue)).leave()
                return True
        return False

    def _look(self) -> None:
        """End those whose time is over; each queue has those who came first in front."""
        loop = asyncio.get_running_loop()
        self._looking = loop.call_later(_LOOK_S, self._look)
        now_s = loop.time()
        while self.idle and now_s - (first := next(iter(self.idle))).since_s > self.bounds.head_s:
            first.time_out()
        for one in list(self.receiving):
            one.judge_pace(now_s)
        while self.stalled and now_s - (first := next(iter(self.stalled))).stalled_s > self.bounds.answer_s:
            first.leave()
        if self.refused:
            _log.warning("connections_refused", refused=self.refused, open=self.open)
            self.refused = 0


class _Bounded(HttpToolsProtocol):
    """uvicorn's protocol, which knows how long it waits for what."""

    def __init__(self, others: BoundedConnections, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._others = others
        self._bounds = others.bounds
        self._head_bytes = 0
        self._too_large = False
        self._came_bytes = 0
        self._pace_s = 0.0
        self.since_s = 0.0
        self.stalled_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self.since_s = self.loop.time()
        self._others.open += 1
        if self._others.make_room():
            self._others.idle[self] = None
        else:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many requests are being answered; ask again.")

    def connection_lost(self, exc: Exception | None) -> None:
        self._others.open -= 1
        self._forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._came_bytes += len(data)
        if self in self._others.idle:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > self._bounds.head_bytes and self in self._others.idle:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        if self in self._others.idle:
            del self._others.idle[self]
            self._others.idle[self] = None
            self.since_s = self.loop.time()

    def on_headers_complete(self) -> None:
        if sum(len(name) + len(value) for name, value in self.headers) + len(self.url) > self._bounds.head_bytes:
            self._too_large = True
            raise ValueError("the headers are too large")
        self._others.idle.pop(self, None)
        self._others.receiving[self] = None
        self._came_bytes, self._pace_s = 0, self.loop.time()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._others.receiving.pop(self, None)
        super().on_message_complete()
        self._wait_for_another()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self not in self._others.receiving:  # a body that nobody wanted still comes: it is no head
            self._wait_for_another()

    def _wait_for_another(self) -> None:
        if not self.transport.is_closing() and self.cycle.response_complete:
            self._head_bytes = 0
            self.since_s = self.loop.time()
            self._others.idle[self] = None

    def pause_writing(self) -> None:
        super().pause_writing()
        self.stalled_s = self.loop.time()
        self._others.stalled[self] = None

    def resume_writing(self) -> None:
        super().resume_writing()
        self._others.stalled.pop(self, None)

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP, or too much of it."""
        if self._too_large:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "The headers are too large.")
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def time_out(self) -> None:
        """The head did not come in time; who has said nothing at all is told nothing."""
        if self._head_bytes:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request did not come in time.")
        else:
            self.leave()

    def judge_pace(self, now_s: float) -> None:
        """End a body that comes too slowly; while the application itself does not read on, its pace is not the client's."""
        if now_s - self._pace_s < self._bounds.body_s:
            return
        too_slow = self._came_bytes < self._bounds.body_rate * self._bounds.body_s and not self.flow.read_paused
        self._came_bytes, self._pace_s = 0, now_s
        if too_slow and self.cycle.response_complete:
            self.leave()
        elif too_slow:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The body came too slowly.")

    def leave(self) -> None:
        """End without a word, and with what the kernel still holds for it."""
        self._forget()
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """End with a problem, where no answer has begun."""
        self._forget()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or not cycle.response_started or cycle.response_complete:
            body = json.dumps(
                {"type": "/problems/http-error", "title": status.phrase, "status": status, "detail": detail, "instance": "/"}
            )
            head = (
                f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/problem+json\r\n"
                f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write((head + body).encode())
        self.transport.close()

    def _forget(self) -> None:
        for queue in (self._others.idle, self._others.receiving, self._others.stalled):
            queue.pop(self, None)
