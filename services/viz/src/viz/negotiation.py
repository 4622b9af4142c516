"""Negotiation: in which language a request is answered.

What its address says (`?lang=ja`) comes first and is kept in a cookie; then the language of the page that asks, by which it
stays in one language whatever another tab switches to; then the cookie; then what the browser prefers.
"""

import re
from collections.abc import Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viz.language import LANGUAGES, OF_CODE, speaking

__all__ = ["COOKIE", "Negotiation", "kept_as", "negotiated", "stated"]

COOKIE: Final = "lang"
"""The name in addresses as well."""
_KEPT_S: Final = 365 * 24 * 3600
_OF_PAGE: Final = "Page-Language"
"""The header in which a page of ours says its language."""
_RANGE: Final = re.compile(r"\s*([A-Za-z]+)(?:-[A-Za-z0-9]+)*\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?))?\s*")


class Negotiation:
    """Wraps an ASGI application: what it answers with is said in the language of the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        asked = stated(scope["query_string"].decode("latin-1"))
        of_page, cookie, accepted = (
            headers.get(name, b"").decode("latin-1") for name in (_OF_PAGE.lower().encode(), b"cookie", b"accept-language")
        )

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                if speech.has_begun:  # files, pictures, and problems that are told to programs say nothing
                    answered["Content-Language"] = speech.language
                    answered.add_vary_header(f"{_OF_PAGE}, Cookie, Accept-Language")
                if asked is not None:
                    answered.append("Set-Cookie", kept_as(asked))
            await send(message)

        with speaking(negotiated([asked, of_page, _kept(cookie)], accepted)) as speech:
            await self._app(scope, receive, send_told)


def negotiated(named: Sequence[str | None], accepted: str) -> str:
    """The first that is a language of ours of those that a request names, else by `Accept-Language` (RFC 9110, 12.5.4)."""
    return next((each for each in (*named, _preferred(accepted)) if each in LANGUAGES), OF_CODE)


def stated(query: str) -> str | None:
    """The language that the query part of an address asks for."""
    asked = parse_qs(query).get(COOKIE, [""])[-1]
    return asked if asked in LANGUAGES else None


def kept_as(language: str) -> str:
    """The cookie that keeps a language."""
    return f"{COOKIE}={language}; Path=/; Max-Age={_KEPT_S}; SameSite=Lax; HttpOnly"


def _kept(cookie: str) -> str | None:
    try:
        morsel = SimpleCookie(cookie).get(COOKIE)
    except CookieError:
        return None
    return None if morsel is None else morsel.value


def _preferred(accepted: str) -> str | None:
    """The language of ours with the highest weight; of two the one named first."""
    weights: dict[str, float] = {}
    for each in accepted.split(","):
        found = _RANGE.fullmatch(each)
        if found and (language := found[1].lower()) in LANGUAGES:
            weights.setdefault(language, float(found[2] or 1))
    best = max(weights, key=lambda language: weights[language], default=None)
    return best if best is not None and weights[best] > 0 else None
