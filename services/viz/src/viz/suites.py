"""Component suites: the scripts of Dash, Plotly and the structure editor, compressed once and kept by browsers.

They are files of packages, so they do not change while the process lives. Plotly alone is 4.8 MB; compressing it for
every reader would hold up all of them.
"""

import asyncio
import gzip
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["ComponentSuites"]

_PREFIXES: Final = ("/_dash-component-suites/", "/vendor/")
_FINGERPRINT: Final = re.compile(r"\.v\w+m\d+\.")
_LEVEL: Final = 6


@dataclass(frozen=True)
class _File:
    media_type: str
    plain: bytes
    compressed: bytes
    etag: str


class ComponentSuites:
    """Wraps an ASGI application; a suite's file is asked from it once and then answered from memory."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._files: dict[str, _File] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(_PREFIXES):
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path not in self._files:
            status, headers, body = await self._read(scope, receive)
            if status != 200:  # noqa: PLR2004 - found
                await Response(body, status, headers=dict(headers))(scope, receive, send)
                return
            compressed = await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)
            etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
            self._files[path] = _File(headers.get("content-type", "text/javascript"), body, compressed, etag)
        await _answer(self._files[path], path, Headers(scope=scope))(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive) -> tuple[int, Headers, bytes]:
        """The application's own answer, whole."""
        start: Message = {}
        parts: list[bytes] = []

        async def keep(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
            else:
                parts.append(message.get("body", b""))

        await self._app(scope, receive, keep)
        return start["status"], Headers(raw=start["headers"]), b"".join(parts)


def _answer(file: _File, path: str, request: Headers) -> Response:
    fingerprinted = _FINGERPRINT.search(path) is not None
    headers = {
        "ETag": file.etag,
        "Vary": "Accept-Encoding",
        "Cache-Control": "public, max-age=31536000, immutable" if fingerprinted else "public, no-cache",
    }
    if file.etag in request.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.get("accept-encoding", ""):
        return Response(file.compressed, headers=headers | {"Content-Encoding": "gzip"}, media_type=file.media_type)
    return Response(file.plain, headers=headers, media_type=file.media_type)
