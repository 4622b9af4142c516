"""HEAD for every GET route (RFC 9110, section 9.3.2): the same head, no body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HeadLayer"]


class HeadLayer:
    """Wraps an application; file downloads, which answer HEAD without reading the file, are left to it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or "/files/" in scope["path"]:
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**scope, "method": "GET"}, receive, send_head)
