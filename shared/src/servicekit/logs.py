"""Logs: events with fields on standard error, as lines for people or JSON for machines."""

import logging
import sys
from contextvars import ContextVar
from typing import Final, Literal

import structlog

from servicekit.tracing import current

__all__ = ["LogFormat", "RequestContext", "configure", "current_request"]

LogFormat = Literal["text", "json"]
_request_id: Final[ContextVar[str | None]] = ContextVar("request_id", default=None)


def configure(format_: LogFormat, level: str) -> None:
    """Send structlog's events and the standard library's records to standard error in one format.

    Called once, by a service's `main`.

    Raises:
        ValueError: `level` is not a level of the `logging` module.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_request_id,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ExtraAdder(),
        _drop_colours,
        *([_add_trace] if format_ == "json" else []),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: list[structlog.typing.Processor] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if format_ == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(),
                pad_event_to=0,
                exception_formatter=structlog.dev.plain_traceback,  # rich's would print every local variable
            )
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "py4j", "asyncio", "uvicorn.error", "tornado.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def current_request() -> str | None:
    """The id of the request that is being answered; None outside of one."""
    return _request_id.get()


class RequestContext:
    """Puts a request id into every event that is logged while it is entered."""

    def __init__(self, request_id: str) -> None:
        self._id = request_id

    def __enter__(self) -> None:
        self._token = _request_id.set(self._id)

    def __exit__(self, *_: object) -> None:
        _request_id.reset(self._token)


def _add_request_id(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if (request_id := _request_id.get()) is not None:
        event["request_id"] = request_id
    return event


def _add_trace(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The ids of the trace, for machines alone: a person reads `request_id`."""
    if (trace := current()) is not None:
        event["trace_id"], event["span_id"] = trace.trace_id, trace.span_id
    return event


def _drop_colours(_: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Uvicorn repeats each of its messages with terminal colours."""
    event.pop("color_message", None)
    return event
