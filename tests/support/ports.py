"""Free TCP ports on the loopback interface."""

import socket

__all__ = ["free_ports"]


def free_ports(count: int) -> list[int]:
    """`count` distinct ports that nothing listened on a moment ago."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
