"""Plain errors: what Starlette answers as bare text before any handler is asked, turned into problems.

A body over its limit (413), a range that is malformed or lies outside the file (400, 416): these responses are sent from inside
the library. The layer keeps their status and headers and puts a problem document in place of the text.
"""

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.problems import of_status, problem_response

__all__ = ["PlainErrorLayer", "install"]

_REFUSED = 400
_REPLACED = frozenset({"content-type", "content-length"})


class PlainErrorLayer:
    """Wraps an ASGI application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        text = b""

        async def send_problem(message: Message) -> None:
            nonlocal start, text
            if message["type"] == "http.response.start" and _is_plain_error(message):
                start = message
            elif start is None:
                await send(message)
            else:
                text += message.get("body", b"")
                if not message.get("more_body", False):
                    await _response(scope, start, text.decode("utf-8", "replace"))(scope, receive, send)

        await self._app(scope, receive, send_problem)


def install(app: FastAPI) -> None:
    """Add the layer to `app`."""
    app.add_middleware(PlainErrorLayer)


def _is_plain_error(start: Message) -> bool:
    return start["status"] >= _REFUSED and Headers(raw=start["headers"]).get("content-type", "").startswith("text/plain")


def _response(scope: Scope, start: Message, text: str) -> ASGIApp:
    kind = of_status(start["status"])
    headers = {name: value for name, value in Headers(raw=start["headers"]).items() if name not in _REPLACED}
    return problem_response(kind, text or kind.title, scope["path"], status=start["status"], headers=headers)
