"""Server-sent events, as both services send them."""

from collections.abc import Iterable, Iterator

__all__ = ["server_events"]


def server_events(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Kind and data of each event of a `text/event-stream`; comments and events without data are passed over."""
    kind, data = "message", ""
    for line in lines:
        name, _, value = line.partition(":")
        if name == "event":
            kind = value.removeprefix(" ")
        elif name == "data":
            data += value.removeprefix(" ")
        elif not line:
            if data:
                yield kind, data
            kind, data = "message", ""
