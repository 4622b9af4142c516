"""Observation: one ASGI layer that gives every request an id, a trace, a log event and its place in the metrics.

The id comes from the caller's `X-Request-ID` when that is plain, else it is made here; it goes out with the response and
into every log event of the request. The trace is that of the caller's `traceparent`, or begins here. `GET /metrics` answers in
the Prometheus text format.

Reading is the ordinary case and is logged at debug level, also of what is not there; what changes something or is refused is
logged at info, what fails at warning; of reads that wait for something (503) the first is, until one is answered. Every request
is counted, and an exception that nobody foresaw becomes the problem `internal-error`, the bare text of a library a problem of
its status.
"""

import itertools
import logging
import re
import secrets
import time
from collections.abc import Iterable
from typing import Final

import structlog
from anyio import BrokenResourceError
from fastapi import FastAPI, Response
from prometheus_client import (
    CONTENT_TYPE_PLAIN_0_0_4,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.logs import RequestContext
from servicekit.plain_errors import ProblemInstead, is_plain_error
from servicekit.problems import unforeseen
from servicekit.telemetry import spans
from servicekit.tracing import Trace, TraceContext

__all__ = ["ObservationMiddleware", "RequestMetrics", "install", "request_id"]

_PLAIN: Final = re.compile(rb"^[A-Za-z0-9._-]{1,64}\Z")
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BOUNDS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_OK, _REFUSED, _NOT_THERE, _FAILED, _WAITING = 100, 400, 404, 500, 503
_CUT: Final = 499
"""What nginx calls a request that its client cut off."""
_LOGGER: Final = "servicekit.requests"
_log = structlog.stdlib.get_logger(_LOGGER)


class RequestMetrics:
    """Requests and their time by method, route and status, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter("http_requests", "Requests answered.", ("method", "route", "status"), registry=registry)
        self._durations_s = Histogram(
            "http_request_duration_seconds",
            "Time from the request's head to the end of the response.",
            ("method", "route"),
            registry=registry,
            buckets=_BOUNDS_S,
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        """Those of each label; to look them up by `labels` takes three times as long as to count."""

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request; methods that HTTP does not know are one, whatever callers make up."""
        key = (method if method in _METHODS else "OTHER", route, status)
        if (metrics := self._known.get(key)) is None:
            metrics = self._known[key] = (self._requests.labels(*key), self._durations_s.labels(*key[:2]))
        requests, durations_s = metrics
        requests.inc()
        durations_s.observe(seconds)


class ObservationMiddleware:
    """Wraps an ASGI application; streams pass through untouched."""

    def __init__(self, app: ASGIApp, metrics: RequestMetrics) -> None:
        self._app = app
        self._metrics = metrics
        self._logger = logging.getLogger(_LOGGER)
        self._waits = False
        """Whether the last read of what is not quiet found something missing."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent, traced = _told(scope["headers"])
        identity = request_id(sent)
        status = 0

        async def send_observed(message: Message) -> None:
            nonlocal status, send
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", identity)]
                if status >= _REFUSED and is_plain_error(message):
                    send = ProblemInstead(scope, receive, send)
            await send(message)

        started_s = time.perf_counter()
        with RequestContext(identity.decode()), TraceContext(Trace.continued(traced)) as trace:
            try:
                await self._app(scope, receive, send_observed)
            except ClientDisconnect:
                status = _CUT  # nobody is there any more to be answered
            except Exception as error:
                if not _is_hung_up(error):
                    response = unforeseen(scope["path"], error)
                    if status:
                        raise  # too late to answer anything else
                    await response(scope, receive, send_observed)
            finally:
                seconds = time.perf_counter() - started_s
                self._metrics.observe(scope["method"], getattr(scope.get("route"), "path", "unmatched"), status, seconds)
                self._log(scope["method"], scope["path"], status, seconds)
                _collect(scope, trace, status, seconds)

    def _log(self, method: str, path: str, status: int, seconds: float) -> None:
        if path in _QUIET:
            return
        level = _level(method, status)
        if method in _READING:
            level = logging.DEBUG if status == _WAITING and self._waits else level
            self._waits = status == _WAITING
        if self._logger.isEnabledFor(level):
            _log.log(level, "request", method=method, path=path, status=status, ms=round(seconds * 1000, 2))


def install(app: FastAPI) -> None:
    """Add the layer and `GET /metrics` to `app`; other collectors can join its registry, `app.state.metrics`."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    build = Gauge("ntdemo_build_info", "1; its labels say what runs.", ("service", "version"), registry=registry)
    build.labels(app.title, app.version).set(1)
    app.add_middleware(ObservationMiddleware, metrics=RequestMetrics(registry))
    app.state.metrics = registry

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)


def _is_hung_up(error: Exception) -> bool:
    """Did a stream of events meet that its reader had gone? FastAPI lets that out (https://github.com/fastapi/fastapi/discussions/15725)."""
    return isinstance(error, ExceptionGroup) and error.split(BrokenResourceError)[1] is None


def _told(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes | None, str | None]:
    """The request's id and trace, as its sender names them; the last of several counts."""
    sent = traced = None
    for name, value in headers:
        if name == b"x-request-id":
            sent = value
        elif name == b"traceparent":
            traced = value.decode("latin-1")
    return sent, traced


def _collect(scope: Scope, trace: Trace, status: int, seconds: float) -> None:
    """Hand the request to OpenTelemetry, where it collects; probes and scrapes are no part of anything."""
    if (collecting := spans()) is None or scope["path"] in _QUIET:
        return
    route = getattr(scope.get("route"), "path", "unmatched")
    attributes = {
        "http.request.method": scope["method"],
        "http.route": route,
        "http.response.status_code": status,
        "url.path": scope["path"],
    }
    failed = status >= _FAILED or not status
    collecting.finished(f"{scope['method']} {route}", trace, seconds, attributes, serves=True, failed=failed)


def _level(method: str, status: int) -> int:
    """The level at which a request is logged; status 0 is one that was cut off before it was answered."""
    is_reading = method in _READING
    if _OK <= status < _REFUSED or (is_reading and status == _NOT_THERE):
        return logging.DEBUG if is_reading else logging.INFO
    return logging.INFO if _REFUSED <= status < _FAILED else logging.WARNING


def request_id(sent: bytes | None) -> bytes:
    """The id of a request: that of the caller's `X-Request-ID` if it is plain, else a new one."""
    return sent if sent is not None and _PLAIN.match(sent) else _ids.following()


class _Ids:
    """Request ids of this process: random for the process, then counted."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(8)
        self._numbers = itertools.count(1)

    def following(self) -> bytes:
        return f"{self._prefix}-{next(self._numbers):x}".encode()


_ids = _Ids()
