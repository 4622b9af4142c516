"""OpenAI's error object inside every problem document of `/v1`, so that its clients find what they look for.

A problem document may hold members of our own (RFC 9457, 3.2); OpenAI's clients read `error` and nothing else. One layer
outside of everything adds it, whoever made the problem.
"""

import json
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.problems import Problem

__all__ = ["OpenAIErrors", "error_object"]

_PREFIX: Final = "/v1/"
_PROBLEM: Final = "application/problem+json"
_SERVERS_FAULT: Final = 500


class OpenAIErrors:
    """Wraps an ASGI application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or not scope["path"].startswith(_PREFIX):
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def send_error(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and Headers(raw=message["headers"]).get("content-type") == _PROBLEM:
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    whole = _with_error(body)
                    MutableHeaders(scope=start)["content-length"] = str(len(whole))
                    await send(start)
                    await send({"type": "http.response.body", "body": whole})

        await self._app(scope, receive, send_error)


def error_object(problem: Problem) -> dict[str, Any]:
    """What a stream that has begun already says of a failure."""
    return _error({"status": problem.kind.status, "detail": problem.detail, "type": f"/problems/{problem.kind.slug}"})


def _with_error(body: bytes) -> bytes:
    document = json.loads(body)
    return json.dumps({**document, "error": _error(document)}, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "backslashreplace"
    )


def _error(document: dict[str, Any]) -> dict[str, Any]:
    places = [error["place"].removeprefix("body.") for error in document.get("errors", ())]
    return {
        "message": document["detail"],
        "type": "server_error" if document["status"] >= _SERVERS_FAULT else "invalid_request_error",
        "param": places[0] if places else None,
        "code": document["type"].rpartition("/")[2].replace("-", "_"),
    }
