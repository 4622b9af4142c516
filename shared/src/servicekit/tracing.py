"""Trace context (W3C, level 1): one identity from a caller's question through every service and job that works on it.

`ObservationMiddleware` continues the trace of a request's `traceparent`, or begins one; log events carry its ids, and clients
of other services that were made with `propagating()` pass it on. Work that outlives its request keeps the header in a file.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

__all__ = ["Trace", "TraceContext", "current", "keep", "kept", "propagating"]

_HEADER: Final = "traceparent"
_STATED: Final = re.compile(r"^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$")
_SAMPLED: Final = 1


@dataclass(frozen=True)
class Trace:
    """Where in which trace something is done."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits: what is done here."""
    parent_id: str | None
    """The span that asked for it; None where the trace begins here."""
    sampled: bool

    @classmethod
    def continued(cls, header: str | None) -> Self:
        """The next span of the trace that a `traceparent` states; of a new trace where it states none."""
        stated = None if header is None else _STATED.match(header.strip())
        if stated is None or (stated[1] == "00" and stated[5]):
            return cls(secrets.token_hex(16), secrets.token_hex(8), None, sampled=True)
        return cls(stated[2], secrets.token_hex(8), stated[3], sampled=bool(int(stated[4], 16) & _SAMPLED))

    def header(self) -> str:
        """The `traceparent` for whoever is asked from here."""
        return f"00-{self.trace_id}-{self.span_id}-{int(self.sampled):02x}"


_current: Final[ContextVar[Trace | None]] = ContextVar("trace", default=None)


def current() -> Trace | None:
    """The trace of what is done now; None outside of any."""
    return _current.get()


class TraceContext:
    """Makes a trace the current one while it is entered."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def __enter__(self) -> Trace:
        self._token = _current.set(self.trace)
        return self.trace

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def propagating() -> Mapping[str, Any]:
    """Arguments of an `httpx.AsyncClient` that passes the current trace on."""
    hooks: dict[str, list[Callable[[Any], Any]]] = {"request": [_pass_on]}
    return {"event_hooks": hooks}


async def _pass_on(request: Any) -> None:
    """A hook of httpx, which this module does without: what logs has to know no HTTP."""
    if (trace := _current.get()) is not None:
        request.headers[_HEADER] = trace.header()


def keep(directory: Path) -> None:
    """Keep the current trace for work that is done later, in a process that knows the directory."""
    if (trace := _current.get()) is not None:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / _HEADER).write_text(trace.header(), encoding="ascii")


def kept(directory: Path) -> Trace:
    """The next span of the trace that was kept there; of a new one where none was."""
    try:
        return Trace.continued((directory / _HEADER).read_text(encoding="ascii"))
    except (FileNotFoundError, UnicodeDecodeError):
        return Trace.continued(None)
