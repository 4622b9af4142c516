"""The server: uvicorn with uvloop and httptools, started the same way by every service's `main`."""

import contextlib
import errno
import socket
import sys

import uvicorn
from starlette.types import ASGIApp

__all__ = ["serve"]


def serve(app: ASGIApp, *, host: str, port: int, shutdown_s: float = 5.0) -> None:
    """Serve `app` until SIGINT or SIGTERM; streams get `shutdown_s` to end.

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
    server = uvicorn.Server(config)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises Ctrl-C again once all is shut down; it has been answered
        server.run(sockets=[listener])
    if not server.started:
        sys.exit("The service could not start; the log above says why.")
