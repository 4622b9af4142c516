"""The guard of a service: whether a request may come in, told from its head."""

import base64
import binascii
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from servicekit.doors.keys import BadKeys, Caller, KeyRing, Scope
from servicekit.doors.oidc import PAUSE_S, ProviderAway, Tokens
from servicekit.doors.origins import Names, foreign_page, host_of
from servicekit.doors.rates import Rates
from servicekit.doors.settings import DoorSettings
from servicekit.excerpt import excerpt
from servicekit.problems import (
    FORBIDDEN,
    HOST_UNKNOWN,
    NOT_READY,
    ORIGIN_FOREIGN,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    UNSUPPORTED_MEDIA_TYPE,
    Problem,
)

__all__ = ["SAFE", "Doors", "Guard", "Rule", "require_keys", "require_scope"]

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_WITH_BODIES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods that a route may take a body by; any other is answered by 405, whatever it brings."""
_ALWAYS: Final = frozenset({"/healthz", "/readyz"})
"""Asked by what starts and watches services."""
_OF_FORMS: Final = frozenset({"text/plain", "application/x-www-form-urlencoded", "multipart/form-data"})
"""What any web page can send anywhere without asking."""
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Rule:
    """What a group of requests needs beyond reading."""

    methods: frozenset[str]
    path: re.Pattern[str]
    """The whole of it."""
    scope: Scope
    raw: bool = False
    """The body is bytes of any kind but a form's; else it is JSON."""


@dataclass(frozen=True)
class Doors:
    """How one service is guarded."""

    settings: DoorSettings
    host: str
    """Where it listens."""
    keys: Path | None = None
    """The file of keys, where the settings name none."""
    rules: Sequence[Rule] = ()
    """The first that fits a request counts; where none fits, reading is enough."""
    origins: tuple[str, ...] = ()
    """Pages elsewhere that may ask."""
    audit: Path | None = None
    """The audit log, where the settings name none."""

    def rule(self, method: str, path: str) -> Rule | None:
        """The first that fits; None where reading is enough."""
        return next((rule for rule in self.rules if method in rule.methods and rule.path.fullmatch(path)), None)

    def needed(self, method: str, path: str) -> str:
        """The scope that a key must have, where the service asks for keys; `none` where nobody is asked."""
        if path in _ALWAYS:
            return "none"
        rule = self.rule(method, path)
        return (Scope.READ if rule is None else rule.scope).name.lower()

    @property
    def ring(self) -> KeyRing:
        """Its keys."""
        own = self.settings.api_key
        return KeyRing(self.settings.keys or self.keys, None if own is None else own.get_secret_value())


def require_keys(doors: Doors) -> None:
    """Refuse a start in which everybody is asked for a key and nobody has one.

    Raises:
        SystemExit: status 2, after one sentence on standard error.
    """
    try:
        lacking = doors.settings.asks_for_keys(doors.host) and doors.settings.oidc_issuer is None and doors.ring.is_empty()
    except BadKeys as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    if lacking:
        place = doors.settings.keys or doors.keys
        made = "" if place is None else f"make a key with `ntdemo-train keys create` (kept in {place}), "
        sys.stderr.write(
            f"At {doors.settings.reached_at or doors.host} others reach this service: it asks for keys, and there are none; "
            f"{made}set NTDEMO_API_KEY, or let everybody in with NTDEMO_ACCESS=open.\n"
        )
        raise SystemExit(2)


class Guard:
    """Judges requests."""

    def __init__(self, doors: Doors) -> None:
        settings = doors.settings
        self.rule = doors.rule
        self._names = Names(doors.host, *settings.allowed_hosts, *([settings.reached_at] if settings.reached_at else []))
        self._origins = frozenset(doors.origins)
        self._asks_all = settings.asks_for_keys(doors.host)
        self._ring = doors.ring
        self._tokens = Tokens.of(settings)
        self._rates = Rates(settings.rate_limit, time.monotonic)

    async def admit(self, method: str, path: str, headers: Mapping[str, str], *, server: str | None) -> Caller | None:
        """Who asks; None where nobody need say. `headers` has lower-case names, `server` is where the server listens.

        Raises:
            Problem: The request may not come in.
        """
        rule = self.rule(method, path)
        self._look(method, headers, rule, server)
        return await self.caller(method, path, headers, Scope.READ if rule is None else rule.scope)

    def _look(self, method: str, headers: Mapping[str, str], rule: Rule | None, server: str | None) -> None:
        """The name it was asked by, the page that asks, and the kind of its body; raises Problem."""
        host = headers.get("host", "")
        if host not in self._names and (server is None or host_of(host) != server):
            raise Problem(
                HOST_UNKNOWN,
                f"{excerpt(host)!r} is not a name of this service: NTDEMO_ALLOWED_HOSTS lists those it answers to.",
            )
        if method in SAFE:
            return
        if (page := foreign_page(headers, self._origins)) is not None:
            raise Problem(ORIGIN_FOREIGN, f"A web page of {excerpt(page)!r} may not ask this service to change anything.")
        if method not in _WITH_BODIES or (headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers):
            return
        stated = headers.get("content-type", "").partition(";")[0].strip().casefold()
        is_raw = rule is not None and rule.raw
        if stated in _OF_FORMS or (not is_raw and stated != "application/json" and not stated.endswith("+json")):
            wanted = "application/octet-stream, or what the file is" if is_raw else "application/json"
            raise Problem(UNSUPPORTED_MEDIA_TYPE, f"The body is stated to be {excerpt(stated) or 'nothing'}; send {wanted}.")

    async def caller(self, method: str, path: str, headers: Mapping[str, str], needed: Scope) -> Caller | None:
        """Who asks for what needs `needed`; None where nobody need say. One of the caller's requests is taken.

        Raises:
            Problem: They send no key that may.
        """
        if path in _ALWAYS or (method == "OPTIONS" and "access-control-request-method" in headers):
            return None
        sent = _sent(headers)
        try:
            if not self._asks_all and (needed is Scope.READ or (self._ring.is_empty() and self._tokens is None)):
                return None
            caller = None if sent is None else self._ring.caller(sent)
        except BadKeys as error:
            _log.error("keys_unusable", reason=str(error))
            raise Problem(NOT_READY, "The file of keys cannot be read; the service's log says why.") from None
        if caller is None and sent is not None and self._tokens is not None:
            try:
                caller = await self._tokens.caller(sent)
            except ProviderAway as away:
                raise Problem(NOT_READY, str(away), headers={"Retry-After": str(int(PAUSE_S))}) from None
        if caller is None:
            reason = "No key was sent." if sent is None else "The key that was sent is not one of this service, or has expired."
            raise Problem(UNAUTHORIZED, reason, headers={"WWW-Authenticate": _challenge(headers)})
        if (wait_s := self._rates.wait_s(caller.id)) > 0:
            raise Problem(
                TOO_MANY_REQUESTS,
                "This key has made its requests of this minute.",
                headers={"Retry-After": str(int(wait_s) + 1)},
            )
        require_scope(caller, needed)
        return caller


def require_scope(caller: Caller, needed: Scope) -> None:
    """Let a caller do what needs `needed`; raises Problem where their key may not."""
    if caller.scope < needed:
        raise Problem(FORBIDDEN, f"This key may {caller.scope.name.lower()}; this needs one that may {needed.name.lower()}.")


def _sent(headers: Mapping[str, str]) -> str | None:
    """The key of a request: as a bearer's, or as the password that a browser asked its user for."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.casefold() == "bearer":
        return value.strip() or None
    if kind.casefold() != "basic":
        return None
    try:
        return base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")[2] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _challenge(headers: Mapping[str, str]) -> str:
    """A browser that opens a page, or sends something for one, asks its user; programs are told to send a bearer's key."""
    of_browser = "text/html" in headers.get("accept", "") or "origin" in headers or "sec-fetch-site" in headers
    return 'Basic realm="ntdemo", charset="UTF-8"' if of_browser else "Bearer"
