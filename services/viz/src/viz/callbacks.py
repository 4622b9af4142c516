"""Callback requests: what asks for a callback in a way that no page of ours does is a problem.

Dash reads these bodies without a check, so that anything unexpected ends in an error of its own.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, StrictInt, StrictStr, TypeAdapter, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.problems import CONTENT_TOO_LARGE, INVALID_REQUEST, problem_response

__all__ = ["CallbackRequests"]

_PATH: Final = "/_dash-update-component"
_LIMIT_BYTES: Final = 2**20
_LONGEST: Final = 20_000


class _Health(BaseModel):
    """What the watch over the scores API keeps."""

    state: Literal["ready", "empty", "away"]
    run: Annotated[str, Field(max_length=_LONGEST)] = ""


class _Point(BaseModel):
    customdata: list[Annotated[str, Field(max_length=_LONGEST)] | float | None] | None = None


class _Click(BaseModel):
    """What was clicked in a figure."""

    points: list[_Point] = []


class _Cell(BaseModel):
    customdata: tuple[str, str] | None = None


class _Pair(BaseModel):
    """What was clicked in the heat map: two fragments."""

    points: list[_Cell] = []


_TEXT: Final = TypeAdapter[Any](Annotated[StrictStr, Field(max_length=_LONGEST)] | None)
_COUNT: Final = TypeAdapter[Any](Annotated[StrictInt, Field(ge=0, le=10**9)] | None)
_VALUES: Final[Mapping[str, TypeAdapter[Any]]] = {
    **dict.fromkeys(("pathname", "search", "href", "value", "id", "title.data"), _TEXT),
    **dict.fromkeys(("n_clicks", "n_submit", "n_intervals"), _COUNT),
    "shown-results.data": TypeAdapter(Annotated[StrictInt, Field(ge=0, le=10**6)]),
    "scheme.data": TypeAdapter(Literal["light", "dark"]),
    "health.data": TypeAdapter(_Health | None),
    "heat-map-graph.clickData": TypeAdapter(_Pair | None),
    "space-graph.clickData": TypeAdapter(_Click | None),
}
"""What the inputs of our pages hold, by `id.property` or by the property alone."""


class _Property(BaseModel):
    id: str
    property: str
    value: Any = None


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
        given = (*request.inputs, *request.state)
        if [one.model_dump(include={"id", "property"}) for one in given] != [*callback["inputs"], *callback["state"]]:
            return "The inputs are not those of this output."
        return next((fault for one in given if (fault := _misfit(one)) is not None), None)


def _misfit(given: _Property) -> str | None:
    """Why the value of an input is none that a page of ours sends."""
    name = f"{given.id}.{given.property}"
    kind = _VALUES.get(name) or _VALUES[given.property]
    try:
        kind.validate_python(given.value)
    except ValidationError as error:
        return f"{name}: {error.errors()[0]['msg']}."
    return None
