"""Callback requests: what asks for a callback in a way that no page of ours does is a problem.

Dash reads these bodies without a check, so that anything unexpected ends in an error of its own.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.problems import CONTENT_TOO_LARGE, INVALID_REQUEST, problem_response

__all__ = ["CallbackRequests"]

_PATH: Final = "/_dash-update-component"
_LIMIT_BYTES: Final = 2**20


class _Property(BaseModel):
    id: str
    property: str


class _Request(BaseModel):
    """What Dash's script sends, as far as Dash relies on it."""

    output: str
    outputs: _Property | list[_Property]
    inputs: list[_Property]
    state: list[_Property] = []
    changedPropIds: list[str] = []


class CallbackRequests:
    """Wraps an ASGI application with Dash; `callbacks` are Dash's own, by their output, and may be filled later."""

    def __init__(self, app: ASGIApp, callbacks: Mapping[str, Mapping[str, Any]]) -> None:
        self._app = app
        self._callbacks = callbacks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != _PATH:
            await self._app(scope, receive, send)
            return
        body, more = b"", True
        while more and len(body) <= _LIMIT_BYTES:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        kind, fault = CONTENT_TOO_LARGE, f"More than {_LIMIT_BYTES:,} bytes were sent." if len(body) > _LIMIT_BYTES else None
        if fault is None:
            kind, fault = INVALID_REQUEST, self._fault(body, dict(scope["headers"]))
        if fault is not None:
            await problem_response(kind, fault, _PATH)(scope, receive, send)
            return
        whole: list[Message] = [{"type": "http.request", "body": body}]

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, again, send)

    def _fault(self, body: bytes, headers: Mapping[bytes, bytes]) -> str | None:
        """What is wrong with a request; None for what our pages send."""
        if not headers.get(b"content-type", b"").startswith(b"application/json"):
            return "The body is not stated to be JSON."
        try:
            request = _Request.model_validate_json(body)
        except ValidationError as error:
            first = error.errors()[0]
            return f"{'.'.join(map(str, first['loc'])) or 'The body'}: {first['msg']}."
        callback = self._callbacks.get(request.output, {})
        if "callback" not in callback:
            return "No page has this output."
        stated = [given.model_dump() for given in (*request.inputs, *request.state)]
        return None if stated == [*callback["inputs"], *callback["state"]] else "The inputs are not those of this output."
