"""Callback requests: what asks for a callback in a way that no page of ours does is a problem.

Dash reads these bodies without a check, so that anything unexpected ends in an error of its own.
"""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, StrictInt, StrictStr, TypeAdapter, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.doors.keys import Scope as KeyScope
from servicekit.problems import CONTENT_TOO_LARGE, INVALID_REQUEST, Problem, problem_response, unforeseen

__all__ = ["CallbackFailures", "CallbackRequests", "Needs"]

Values = Mapping[str, Any]
Needs = Callable[[str, Values], tuple[KeyScope, str | None]]
"""What a callback needs of its caller, from the id of its output and the values of its inputs by `id.property`; and what
the audit log calls it where it changes something."""

_DASH: Final = "/_dash-"
_PATH: Final = f"{_DASH}update-component"
_LIMIT_BYTES: Final = 2**20
_LONGEST: Final = 20_000
_MOLECULES: Final = 500_000
"""Characters of many molecules."""


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


class _Seen(BaseModel):
    """What a form of the registry was made of."""

    run: Annotated[str, Field(max_length=_LONGEST)]
    aliases: dict[str, Annotated[str, Field(max_length=_LONGEST)] | None]


class _Circled(BaseModel):
    """Fragments that were encircled on the map: how many, and the first of them."""

    count: Annotated[int, Field(ge=0, le=10**6)]
    names: Annotated[list[Annotated[str, Field(max_length=_LONGEST)]], Field(max_length=100)]


class _Many(BaseModel):
    """The molecules that were predicted last."""

    run: Annotated[str, Field(max_length=_LONGEST)]
    molecules: Annotated[
        list[tuple[Annotated[str, Field(max_length=_LONGEST)], Annotated[str, Field(max_length=_LONGEST)]]],
        Field(min_length=1, max_length=500),
    ]
    target: Annotated[str, Field(max_length=_LONGEST)] | None


_TEXT: Final = TypeAdapter[Any](Annotated[StrictStr, Field(max_length=_LONGEST)] | None)
_COUNT: Final = TypeAdapter[Any](Annotated[StrictInt, Field(ge=0, le=10**9)] | None)
_VALUES: Final[Mapping[str, TypeAdapter[Any]]] = {
    **dict.fromkeys(("pathname", "search", "href", "value", "id", "title.data"), _TEXT),
    **dict.fromkeys(("n_clicks", "n_submit", "n_intervals"), _COUNT),
    "shown-results.data": TypeAdapter(Annotated[StrictInt, Field(ge=0, le=10**6)]),
    "many-molecules.value": TypeAdapter(Annotated[StrictStr, Field(max_length=_MOLECULES)] | None),
    "map-circled.data": TypeAdapter(_Circled | None),
    "many-asked.data": TypeAdapter(_Many | None),
    "registry.data": _COUNT,
    "trainer.data": TypeAdapter(Literal["here", "away"] | None),
    **dict.fromkeys(("run-seen.data", "bot-seen.data"), TypeAdapter(_Seen | None)),
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
    """Wraps an ASGI application with Dash; `callbacks` are Dash's own, by their output, and may be filled later.

    `needs` says of which callbacks more is asked than reading; the doors, outside of this, let callers in.
    """

    def __init__(self, app: ASGIApp, callbacks: Mapping[str, Mapping[str, Any]], needs: Needs) -> None:
        self._app = app
        self._callbacks = callbacks
        self._needs = needs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] != _PATH:
            await self._app(scope, receive, send)
            return
        body, more = b"", True
        while more and len(body) <= _LIMIT_BYTES:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        try:
            await self._admit(scope, self._read(body, dict(scope["headers"])))
        except Problem as refused:
            await problem_response(refused.kind, refused.detail, _PATH, headers=refused.headers)(scope, receive, send)
            return
        whole: list[Message] = [{"type": "http.request", "body": body}]

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, again, send)

    def _read(self, body: bytes, headers: Mapping[bytes, bytes]) -> _Request:
        """What was sent, as Dash will read it too; raises Problem for what no page of ours sends."""
        if len(body) > _LIMIT_BYTES:
            raise Problem(CONTENT_TOO_LARGE, f"More than {_LIMIT_BYTES:,} bytes were sent.")
        if not headers.get(b"content-type", b"").startswith(b"application/json"):
            raise Problem(INVALID_REQUEST, "The body is not stated to be JSON.")
        try:
            request = _Request.model_validate(json.loads(body))  # as Dash reads it: of two equal names the last counts
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "The body"
            raise Problem(INVALID_REQUEST, f"{place}: {first['msg']}.") from None
        except (ValueError, RecursionError) as error:
            raise Problem(INVALID_REQUEST, f"The body is no JSON: {error}.") from None
        callback = self._callbacks.get(request.output, {})
        if "callback" not in callback:
            raise Problem(INVALID_REQUEST, "No page has this output.")
        given = (*request.inputs, *request.state)
        if [one.model_dump(include={"id", "property"}) for one in given] != [*callback["inputs"], *callback["state"]]:
            raise Problem(INVALID_REQUEST, "The inputs are not those of this output.")
        for one in given:
            _fit(one)
        return request

    async def _admit(self, scope: Scope, request: _Request) -> None:
        """Ask the doors whether the caller may do what this callback does; raises Problem."""
        outputs = self._callbacks[request.output]["output"]
        values = {f"{one.id}.{one.property}": one.value for one in (*request.inputs, *request.state)}
        for output in outputs if isinstance(outputs, list) else [outputs]:
            needed, noted = self._needs(output.component_id, values)
            if needed > KeyScope.READ:
                await _require(scope, needed, noted)


class CallbackFailures:
    """Wraps what Dash's own layer wraps, which answers what nobody foresaw without a word in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            if scope["type"] != "http" or not scope["path"].startswith(_DASH):
                raise
            await unforeseen(scope["path"], error)(scope, receive, send)


async def _require(scope: Scope, needed: KeyScope, noted: str | None) -> None:
    try:
        await scope["state"]["require"](needed, noted)
    except Problem as refused:
        if noted is None and "WWW-Authenticate" in refused.headers:  # nobody pressed: a browser would ask at every beat
            refused.headers["WWW-Authenticate"] = "Bearer"
        raise


def _fit(given: _Property) -> None:
    """Raise Problem for a value of an input that no page of ours sends."""
    name = f"{given.id}.{given.property}"
    kind = _VALUES.get(name) or _VALUES[given.property]
    try:
        kind.validate_python(given.value)
    except ValidationError as error:
        raise Problem(INVALID_REQUEST, f"{name}: {error.errors()[0]['msg']}.") from None
