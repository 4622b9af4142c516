"""The server: uvicorn with uvloop and httptools, started the same way by every service's `main`."""

import contextlib
import errno
import socket
import sys
from collections.abc import Callable
from types import FrameType

import structlog
import uvicorn
from starlette.types import ASGIApp

__all__ = ["serve"]

_log = structlog.stdlib.get_logger(__name__)


def serve(app: ASGIApp, *, host: str, port: int, shutdown_s: float = 5.0, on_exit: Callable[[], None] = lambda: None) -> None:
    """Serve `app` until SIGINT or SIGTERM; streams get `shutdown_s` to end.

    `on_exit` is called when the signal comes, by its handler: streams that have no end of their own can learn of it there.

    Raises:
        SystemExit: the address cannot be bound, which the message names, or the application failed to start.
    """
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
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = _Server(config, on_exit)
    _log.info("listening", host=host, port=port)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises Ctrl-C again once all is shut down; it has been answered
        server.run(sockets=[listener])
    _log.info("stopped")


class _Server(uvicorn.Server):
    """uvicorn's server, which tells that it was asked to end."""

    def __init__(self, config: uvicorn.Config, on_exit: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_exit = on_exit

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        super().handle_exit(sig, frame)
        self._on_exit()
