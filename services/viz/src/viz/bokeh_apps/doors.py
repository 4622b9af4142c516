"""The doors of the Bokeh server: those of all services, and bounds on its connections, for Tornado."""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any, Final, cast

from bokeh.server.tornado import BokehTornado
from tornado.http1connection import HTTP1ServerConnection
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.iostream import IOStream

from servicekit.connections import Bounds
from servicekit.doors.guard import Doors, Guard
from servicekit.problems import MEDIA_TYPE, Problem, problem_response

__all__ = ["GuardedServer"]

_BODY_BYTES: Final = 2**20
_BODY_S: Final = 30.0


class GuardedServer(HTTPServer):
    """Tornado's server of a Bokeh application, which refuses requests as the other services do."""

    def initialize(self, application: BokehTornado, doors: Doors, bounds: Bounds) -> None:  # type: ignore[override]
        """As Tornado's own, by which a server is made."""
        super().initialize(
            application,
            max_header_size=bounds.head_bytes,
            idle_connection_timeout=bounds.head_s,
            body_timeout=_BODY_S,
            max_body_size=_BODY_BYTES,
            max_buffer_size=2 * _BODY_BYTES,
        )
        self._guard = Guard(doors)
        self._most = bounds.connections
        self._open: set[IOStream] = set()
        """Connections, also those that became WebSockets, which Tornado's own count leaves out."""
        self.waiting: dict[IOStream, None] = {}
        """Connections of which no request is known, the longest silent in front."""

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Take a connection; where it is one too many, the one that kept silent longest gives way."""
        if len(self._open) >= self._most:
            self._open = {each for each in self._open if not each.closed()}
        if len(self._open) >= self._most:
            if not self.waiting:
                stream.close()
                return
            silent = next(iter(self.waiting))
            # Now: many are taken in one turn of the loop, and Tornado tells of an end in a later one.
            del self.waiting[silent]
            self._open.discard(silent)
            silent.close()
        self._open.add(stream)
        self.waiting[stream] = None
        super().handle_stream(stream, address)

    def start_request(self, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        """Wait for the head of a request."""
        stream = cast("HTTP1ServerConnection", server_conn).stream
        if not stream.closed():  # as it is where it gave way before it was looked at
            self.waiting.pop(stream, None)
            self.waiting[stream] = None
        return _Guarded(self, self._guard, stream, super().start_request(server_conn, request_conn), request_conn)

    def on_close(self, server_conn: object) -> None:
        """Forget a connection."""
        stream = cast("HTTP1ServerConnection", server_conn).stream
        self.waiting.pop(stream, None)
        if stream.closed():
            self._open.discard(stream)
        super().on_close(server_conn)


class _Guarded(HTTPMessageDelegate):
    """Passes a request on once its head was judged."""

    def __init__(
        self, server: GuardedServer, guard: Guard, stream: IOStream, delegate: HTTPMessageDelegate, connection: HTTPConnection
    ) -> None:
        self._server = server
        self._guard = guard
        self._stream = stream
        self._delegate = delegate
        self._connection = connection
        self._refused = False

    async def headers_received(self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders) -> None:
        self._server.waiting.pop(self._stream, None)
        request = cast("RequestStartLine", start_line)
        path = request.path.partition("?")[0]
        try:
            named = {name.lower(): value for name, value in headers.get_all()}
            await self._guard.admit(request.method, path, named, server=None)
        except Problem as refused:
            self._refused = True
            self._refuse(refused, path)
            return
        passed: Awaitable[None] | None = self._delegate.headers_received(start_line, headers)
        if passed is not None:
            await passed

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return None if self._refused else self._delegate.data_received(chunk)

    def finish(self) -> None:
        if not self._refused:
            self._delegate.finish()

    def on_connection_close(self) -> None:
        if not self._refused:
            self._delegate.on_connection_close()

    def _refuse(self, refused: Problem, path: str) -> None:
        response = problem_response(refused.kind, refused.detail, path, headers=refused.headers)
        status = response.status_code
        sizes = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(response.body))}
        headers = HTTPHeaders({**sizes, "Connection": "close", **refused.headers})  # Tornado ends it, the rest unread
        self._connection.write_headers(
            ResponseStartLine("HTTP/1.1", status, HTTPStatus(status).phrase), headers, bytes(response.body)
        )
        self._connection.finish()
