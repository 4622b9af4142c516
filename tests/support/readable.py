"""Waiting for connections, whatever their numbers: `select.select` knows the first 1,024 open files of a process alone."""

import selectors
from collections.abc import Iterable
from typing import Any

__all__ = ["readable"]


def readable(connections: Iterable[Any], within_s: float) -> list[Any]:
    """Those of sockets or descriptors that can be read, or have ended, the first of them within so many seconds."""
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        return [key.fileobj for key, _ in selector.select(within_s)]
