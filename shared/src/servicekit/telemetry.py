"""Telemetry: spans for OpenTelemetry, where it is asked for (`OTEL_EXPORTER_OTLP_ENDPOINT`) and installed (the extra `otel`).

Off by default: then nothing is imported and nothing is kept. Spans have the ids of `servicekit.tracing`, so a trace reads the
same in the logs and in whatever collects them. OpenTelemetry's own variables (`OTEL_SERVICE_NAME`, `OTEL_TRACES_SAMPLER_ARG`,
`OTEL_EXPORTER_OTLP_HEADERS`, …) are read by its exporter.
"""

import importlib
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from servicekit.tracing import Trace

__all__ = ["Spans", "collecting", "configure", "spans"]

_ENDPOINT: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_MISSING: Final = (
    "OTEL_EXPORTER_OTLP_ENDPOINT is set, but OpenTelemetry is not installed: pip install 'ntdemo-shared[otel]', or unset it.\n"
)


class Spans:
    """Sends finished spans to `processor`, an OpenTelemetry span processor."""

    def __init__(self, service: str, release: str, processor: Any) -> None:
        self._processor = processor
        self._trace: Any = importlib.import_module("opentelemetry.trace")
        self._sdk: Any = importlib.import_module("opentelemetry.sdk.trace")
        resources: Any = importlib.import_module("opentelemetry.sdk.resources")
        stated = {"service.name": os.environ.get("OTEL_SERVICE_NAME", service), "service.version": release}
        self._resource = resources.Resource.create(stated)

    def finished(
        self, name: str, trace: Trace, seconds: float, attributes: Mapping[str, str | int], *, serves: bool, failed: bool
    ) -> None:
        """A span that ended now and took so long; `serves` where somebody asked for it over HTTP."""
        if not trace.sampled:
            return
        ended_ns = time.time_ns()
        api = self._trace
        span = self._sdk.ReadableSpan(
            name=name,
            context=self._context(trace.trace_id, trace.span_id, remote=False),
            parent=None if trace.parent_id is None else self._context(trace.trace_id, trace.parent_id, remote=True),
            resource=self._resource,
            attributes=attributes,
            kind=api.SpanKind.SERVER if serves else api.SpanKind.CONSUMER,
            status=api.Status(api.StatusCode.ERROR if failed else api.StatusCode.UNSET),
            start_time=ended_ns - round(seconds * 1e9),
            end_time=ended_ns,
        )
        self._processor.on_end(span)

    def close(self) -> None:
        """Send what is left."""
        self._processor.shutdown()

    def _context(self, trace_id: str, span_id: str, *, remote: bool) -> Any:
        flags = self._trace.TraceFlags(self._trace.TraceFlags.SAMPLED)
        return self._trace.SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=remote, trace_flags=flags)


_active: list[Spans] = []
"""Of this process: at most one, as there is one log."""


def spans() -> Spans | None:
    """Where finished spans go; None where nobody collects them."""
    return _active[0] if _active else None


@contextmanager
def collecting(active: Spans) -> Iterator[None]:
    """Collect this process's spans for the length of the context, and send what is left at its end."""
    _active.append(active)
    try:
        yield
    finally:
        _active.remove(active)
        active.close()


@contextmanager
def configure(service: str, release: str) -> Iterator[None]:
    """Collect this process's spans for the length of the context, where the environment names a collector.

    Raises:
        SystemExit: status 2, after one sentence, where OpenTelemetry is not installed.
    """
    if not any(os.environ.get(name) for name in _ENDPOINT) or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        yield
        return
    try:
        exporting: Any = importlib.import_module("opentelemetry.sdk.trace.export")
        otlp: Any = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError:
        sys.stderr.write(_MISSING)
        raise SystemExit(2) from None
    with collecting(Spans(service, release, exporting.BatchSpanProcessor(otlp.OTLPSpanExporter()))):
        yield
