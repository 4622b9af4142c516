"""Free TCP ports on the loopback interface."""

import socket
import sys
from typing import Final

__all__ = ["free_ports"]

_RESERVED: Final[list[socket.socket]] = []
"""Bound, never listening, as long as this process lives: the kernel gives their ports to nobody who asks for any, and to the
server that asks for one of them by number."""


def free_ports(count: int) -> list[int]:
    """`count` ports that nothing listens on, and that no other process of tests is given meanwhile (on Linux).

    A server takes such a port with SO_REUSEADDR, as servers do.
    """
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    for each in sockets:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    if sys.platform == "linux":
        _RESERVED.extend(sockets)
    else:  # elsewhere a bound port is taken, whoever asks
        for each in sockets:
            each.close()
    return ports
