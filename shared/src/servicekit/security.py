"""Security: what a browser may do with our answers, on every one of them."""

from collections.abc import Mapping
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["PLAIN_HEADERS", "SecurityHeaders", "content_policy"]

PLAIN_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
"""Headers that every answer of a server with pages carries."""


def content_policy(scripts: str) -> str:
    """A Content-Security-Policy that names no outside host; `scripts` says which scripts run beside our own files.

    For pages of Plotly, Bokeh or Swagger UI, which write style attributes, hence `'unsafe-inline'` for styles.
    """
    return (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


class SecurityHeaders:
    """Wraps an ASGI application; answers get `PLAIN_HEADERS` and the policy of their path."""

    def __init__(self, app: ASGIApp, policy: str, exceptions: Mapping[str, str]) -> None:
        self._app = app
        self._policy = policy
        self._exceptions = exceptions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in PLAIN_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", self._exceptions.get(scope["path"], self._policy))
            await send(message)

        await self._app(scope, receive, send_secured)
