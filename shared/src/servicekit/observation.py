"""Observation: one ASGI layer that gives every request an id, a log event and its place in the metrics.

The id comes from the caller's `X-Request-ID` when that is plain, else it is made here; it goes out with the response and
into every log event of the request. `GET /metrics` answers in the Prometheus text format.
"""

import re
import time
import uuid
from typing import Final

import structlog
from fastapi import FastAPI, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["ObservationMiddleware", "install"]

_PLAIN: Final = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_log = structlog.stdlib.get_logger("servicekit.requests")


class ObservationMiddleware:
    """Wraps an ASGI application; streams pass through untouched."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "Time from the request's head to the end of the response.",
            ("method", "route"),
            registry=registry,
        )
        self._requests = Counter("http_requests", "Requests answered.", ("method", "route", "status"), registry=registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        status = 0

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (b"x-request-id", request_id.encode())]}
            await send(message)

        started_s = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_observed)
            finally:
                self._observe(scope, status, time.perf_counter() - started_s)

    def _observe(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in {"GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"} else "OTHER"
        self._seconds.labels(method, route).observe(seconds)
        self._requests.labels(method, route, str(status)).inc()
        if scope["path"] not in _QUIET:
            _log.info("request", method=method, path=scope["path"], status=status, ms=round(seconds * 1000, 2))


def install(app: FastAPI) -> None:
    """Add the layer and `GET /metrics` to `app`, with a registry of its own."""
    registry = CollectorRegistry()
    app.add_middleware(ObservationMiddleware, registry=registry)
    app.state.metrics = registry

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            text = value.decode("latin-1")
            if _PLAIN.match(text):
                return str(text)
    return uuid.uuid4().hex
