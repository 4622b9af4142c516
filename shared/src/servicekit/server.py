"""The server: uvicorn with uvloop and httptools, started the same way by every service's `main`."""

import asyncio
import contextlib
import errno
import gc
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final

import structlog
import uvicorn
from starlette.types import ASGIApp

from servicekit import telemetry
from servicekit.connections import BoundedConnections, Bounds, file_limit

__all__ = ["serve"]

_CONNECTIONS: Final = 2048
_BACKLOG: Final = 256
"""Connections that wait to be taken: as many are taken at once, each of which needs a file."""
_log = structlog.stdlib.get_logger(__name__)


def serve(app: ASGIApp, *, host: str, port: int, shutdown_s: float = 2.0, on_exit: Callable[[], None] = lambda: None) -> None:
    """Serve `app` until SIGINT or SIGTERM; answers under way get `shutdown_s` to end, a second Ctrl-C cuts them off.

    Connections are bounded in number, silence and size (`servicekit.connections`), whatever files the process may open.

    The signal is logged when it comes, and its handler calls `on_exit`: streams without an end of their own learn of it there.

    Raises:
        SystemExit: the address cannot be bound, which the message names, or the application failed to start.
    """
    connections = min(_CONNECTIONS, file_limit() // 2)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        reason = "is in use by another program" if error.errno == errno.EADDRINUSE else f"cannot be bound: {error.strerror}"
        sys.exit(f"{host}:{port} {reason}; free it or choose another port.")
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=int(shutdown_s),
        http=BoundedConnections(Bounds(connections=connections)).protocol,  # type: ignore[arg-type]  # what makes a protocol
        ws="none",
        backlog=_BACKLOG,
    )
    server = _Server(config, on_exit)
    _log.info("listening", host=host, port=port)
    gc.freeze()  # what was assembled lives as long as the process; to look for garbage in it took a tenth of the time
    collected = telemetry.configure(_name(app), getattr(app, "version", "unknown"))
    # uvicorn raises Ctrl-C again once all is shut down; it has been answered
    with contextlib.suppress(KeyboardInterrupt), collected:
        server.run(sockets=[listener])
    _log.info("stopped")


def _name(app: ASGIApp) -> str:
    """`ntdemo-scores-api`, from the application's title."""
    return str(getattr(app, "title", "ntdemo")).lower().replace(" ", "-")


class _Server(uvicorn.Server):
    """uvicorn's server, which says that it was asked to end."""

    def __init__(self, config: uvicorn.Config, on_exit: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_exit = on_exit
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal comes."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let answers end, then the application, which closes what it opened also when answers were cut off."""
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; said by the loop, because a signal may interrupt a log event half-way."""
        super().handle_exit(sig, frame)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._say, sig)
        self._on_exit()

    def _say(self, sig: int) -> None:
        if self.force_exit:
            _log.warning("stopping_at_once")
        else:
            _log.info(
                "stopping", signal=signal.Signals(sig).name, open=len(self.server_state.tasks), again="Ctrl-C cuts them off"
            )
