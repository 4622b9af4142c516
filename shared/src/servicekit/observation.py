"""Observation: one ASGI layer that gives every request an id, a log event and its place in the metrics.

The id comes from the caller's `X-Request-ID` when that is plain, else it is made here; it goes out with the response and
into every log event of the request. `GET /metrics` answers in the Prometheus text format.

Reading is the ordinary case and is logged at debug level, also of what is not there; what changes something or is refused is
logged at info, what fails at warning. Every request is counted, and an exception that nobody foresaw becomes the problem
`internal-error`.
"""

import itertools
import logging
import re
import secrets
import time
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

import structlog
from fastapi import FastAPI, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.logs import request_context
from servicekit.problems import unforeseen

__all__ = ["Meter", "ObservationMiddleware", "Series", "install", "request_id"]

_PLAIN: Final = re.compile(rb"^[A-Za-z0-9._-]{1,64}\Z")
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BOUNDS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_OK, _REFUSED, _NOT_THERE, _FAILED = 100, 400, 404, 500
_LOGGER: Final = "servicekit.requests"
_log = structlog.stdlib.get_logger(_LOGGER)


class Meter:
    """Counts requests and their time by method, route and status, for a Prometheus registry.

    Counting is a few additions on the event loop's thread; prometheus_client's own instruments, made for many threads, take
    five times as long. The totals become metrics when the registry is read.
    """

    def __init__(self) -> None:
        self._series: dict[tuple[str, str], Series] = {}
        self._logger = logging.getLogger(_LOGGER)

    def series(self, method: str, route: str) -> "Series":
        """The totals of a method and a route, for callers that count into them often."""
        key = (method if method in _METHODS else "OTHER", route)
        if (series := self._series.get(key)) is None:
            series = self._series[key] = Series(*key)
        return series

    def observe(self, method: str, route: str, path: str, status: int, seconds: float) -> None:
        """Count one answered request, and log it if its kind is logged at the present level."""
        self.observe_in(self.series(method, route), path, status, seconds)

    def observe_in(self, series: "Series", path: str, status: int, seconds: float) -> None:
        """As `observe`, for a request of these totals."""
        series.add(status, seconds)
        level = series.level(status)
        if self._logger.isEnabledFor(level) and path not in _QUIET:
            _log.log(level, "request", method=series.method, path=path, status=status, ms=round(seconds * 1000, 2))

    def each(self) -> Iterator["Series"]:
        """All totals."""
        return iter(self._series.values())

    def collect(self) -> Iterator[Metric]:
        """The totals, as `prometheus_client` reads a collector."""
        durations = HistogramMetricFamily(
            "http_request_duration_seconds",
            "Time from the request's head to the end of the response.",
            labels=("method", "route"),
        )
        requests = CounterMetricFamily("http_requests", "Requests answered.", labels=("method", "route", "status"))
        for series in self.each():
            durations.add_metric((series.method, series.route), series.cumulative(), series.seconds)
            for status, count in series.statuses.items():
                requests.add_metric((series.method, series.route, str(status)), count)
        yield durations
        yield requests


class Series:
    """The totals of one method and route."""

    def __init__(self, method: str, route: str) -> None:
        self.method = method
        self.route = route
        self.statuses: dict[int, int] = {}
        self.seconds = 0.0
        self._buckets = [0] * (len(_BOUNDS_S) + 1)
        self._reading = method in _READING

    def level(self, status: int) -> int:
        """The level at which a request that ended so is logged; 0 is one that was cut off before it was answered."""
        if _OK <= status < _REFUSED or (self._reading and status == _NOT_THERE):
            return logging.DEBUG if self._reading else logging.INFO
        return logging.INFO if _REFUSED <= status < _FAILED else logging.WARNING

    def add(self, status: int, seconds: float) -> None:
        """Count one request."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.seconds += seconds
        self._buckets[bisect_left(_BOUNDS_S, seconds)] += 1

    def cumulative(self) -> list[tuple[str, float]]:
        """Requests that took at most so long, by bound."""
        bounds = [*(str(bound) for bound in _BOUNDS_S), "+Inf"]
        return list(zip(bounds, itertools.accumulate(self._buckets), strict=True))


class ObservationMiddleware:
    """Wraps an ASGI application; streams pass through untouched."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identity = request_id(next((value for name, value in scope["headers"] if name == b"x-request-id"), None))
        status = 0

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (b"x-request-id", identity)]}
            await send(message)

        started_s = time.perf_counter()
        with request_context(identity.decode()):
            try:
                await self._app(scope, receive, send_observed)
            except Exception as error:
                response = unforeseen(scope["path"], error)
                if status:
                    raise  # too late to answer anything else
                await response(scope, receive, send_observed)
            finally:
                route = getattr(scope.get("route"), "path", "unmatched")
                self._meter.observe(scope["method"], route, scope["path"], status, time.perf_counter() - started_s)


def install(app: FastAPI) -> None:
    """Add the layer and `GET /metrics` to `app`, with a registry of its own; the meter is `app.state.meter`."""
    registry = CollectorRegistry()
    meter = Meter()
    registry.register(meter)
    app.add_middleware(ObservationMiddleware, meter=meter)
    app.state.metrics = registry
    app.state.meter = meter

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")


def request_id(asked: bytes | None) -> bytes:
    """The id of a request: that of the caller's `X-Request-ID` if it is plain, else a new one."""
    return asked if asked is not None and _PLAIN.match(asked) else _ids.following()


class _Ids:
    """Request ids of this process: random for the process, then counted."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(8)
        self._numbers = itertools.count(1)

    def following(self) -> bytes:
        return f"{self._prefix}-{next(self._numbers):x}".encode()


_ids = _Ids()
