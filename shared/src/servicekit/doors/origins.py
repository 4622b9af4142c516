"""Hosts and origins: by which name a service was asked, and which web page asks.

A page elsewhere can make a browser ask any address it reaches, and can point a name of its own at it (DNS rebinding). What then
comes in bears that page's name: in `Host` for a name of its own, in `Origin` or `Sec-Fetch-Site` for a foreign page.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final

__all__ = ["Names", "foreign_page", "host_of"]

_HOST: Final = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(?::\d{1,5})?")
_OWN: Final = frozenset({"localhost"})
_SAME: Final = frozenset({"same-origin", "none"})
_DEFAULT_PORTS: Final = (":80", ":443")


class Names:
    """The names that a service answers to; addresses of numbers are always among them: no foreign page has one for its name."""

    def __init__(self, *names: str) -> None:
        self._names = _OWN | {name.casefold().rstrip(".") for name in names}

    def __contains__(self, host: object) -> bool:
        """Whether `host`, as `Host` states it, is one of them."""
        name = host_of(host) if isinstance(host, str) else None
        return name is not None and (name in self._names or _is_address(name))


def host_of(header: str) -> str | None:
    """The name or address in a `Host`, without its port; None for what is none."""
    found = _HOST.fullmatch(header)
    return None if found is None else found["name"].casefold().rstrip(".")


def foreign_page(headers: Mapping[str, str], allowed: frozenset[str] = frozenset()) -> str | None:
    """The origin of a page that is not of this service and not `allowed`, from which a browser asks; None for anything else."""
    origin = headers.get("origin")
    if origin is not None:
        return None if origin in allowed or _place(origin) == _place(f"http://{headers.get('host', '')}") else origin
    site = headers.get("sec-fetch-site")
    return None if site is None or site in _SAME else site


def _place(origin: str) -> str | None:
    """Host and port of an origin; behind a proxy its scheme is not that of this service."""
    scheme, _, place = origin.casefold().partition("://")
    if scheme not in {"http", "https"} or not place:
        return None
    for port in _DEFAULT_PORTS:
        place = place.removesuffix(port)
    return place


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
