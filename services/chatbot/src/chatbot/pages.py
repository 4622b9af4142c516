"""Pages: the chat page at `/` and its files, as they lie in the package, with headers that let nothing else run."""

import hashlib
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from fastapi import FastAPI, Request, Response

__all__ = ["CONTENT_POLICY", "DOCUMENTATION_POLICY", "install"]

CONTENT_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For everything: our own files and our own API, and nothing inline."""
DOCUMENTATION_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""For `/docs` alone, whose page starts by a script of its own."""
_FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/chat.css": ("chat.css", "text/css; charset=utf-8"),
    "/chat.js": ("chat.js", "text/javascript; charset=utf-8"),
    "/favicon.svg": ("favicon.svg", "image/svg+xml"),
}


def install(app: FastAPI) -> None:
    """Add the page to `app`."""
    for path, (name, media_type) in _FILES.items():
        app.add_api_route(path, _route(name, media_type), methods=["GET", "HEAD"], include_in_schema=False)


def _route(name: str, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    content = (files("chatbot") / "page" / name).read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'

    async def page(request: Request) -> Response:
        headers = {"ETag": tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        return Response(content, media_type=media_type, headers=headers)

    return page
