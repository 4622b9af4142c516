"""The registry, asked for by the generated client: what is sent for each change, and what comes of a refusal."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import SecretStr

from viz.failures import Refused
from viz.registry import Alias, Registry

T = TypeVar("T")
_RUN: dict[str, Any] = {
    "id": "dialogue-A",
    "kind": "dialogue",
    "published": "2026-12-01T00:00:00Z",
    "name": None,
    "tags": ["good"],
    "note": "",
    "pinned": False,
    "aliases": ["ntdemo-en"],
    "decision": None,
}
_MOVED = {"type": "/problems/alias-moved", "title": "Moved", "status": 412, "detail": "It names C by now.", "instance": "/"}


def _asked(question: Callable[[Registry], Awaitable[T]]) -> tuple[T, list[tuple[str, str, Any, str | None]]]:
    """The answer, and what reached the trainer: method, path, body and condition."""
    seen: list[tuple[str, str, Any, str | None]] = []
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "PATCH", "PUT", "POST", "DELETE"])
    async def answer(request: Request) -> Response:
        assert request.headers["authorization"] == "Bearer sesame"
        condition = request.headers.get("if-match") or request.headers.get("if-none-match")
        path = request.scope["raw_path"].decode()
        seen.append((request.method, path, await request.json() if await request.body() else None, condition))
        if condition == '"gone"':
            return JSONResponse(_MOVED, 412, media_type="application/problem+json")
        match request.method, path:
            case ("DELETE", _):
                return Response(status_code=204)
            case ("GET", "/v1/runs"):
                return JSONResponse({"items": [_RUN, {**_RUN, "id": "factors-A", "kind": "factors"}]})
            case (_, str(path)) if path.startswith("/v1/runs/"):
                return JSONResponse(_RUN)
            case ("GET", _):
                return JSONResponse({"items": [{"alias": "current", "run": "factors-A", "before": ["factors-B"]}]})
        return JSONResponse({"alias": "current", "run": "factors-B", "before": []})

    async def asked() -> T:
        transport = httpx.ASGITransport(app=app)
        async with Registry("http://trainer", key=SecretStr("sesame"), transport=transport) as registry:
            return await question(registry)

    return asyncio.run(asked()), seen


def test_bots_and_aliases_are_listed_those_of_bots_always() -> None:
    bots, _ = _asked(lambda registry: registry.bots())
    assert [(bot.id, bot.tags) for bot in bots] == [("dialogue-A", ("good",))]
    aliases, _ = _asked(lambda registry: registry.aliases())
    assert aliases == (Alias("current", "factors-A", ("factors-B",)), Alias("ntdemo-en", None), Alias("ntdemo-ja", None))


def test_of_a_run_only_what_is_said_is_sent() -> None:
    _, seen = _asked(lambda registry: registry.edit("a/b", name=None, tags=["x"]))
    assert seen == [("PATCH", "/v1/runs/a%2Fb", {"name": None, "tags": ["x"]}, None)]
    _, seen = _asked(lambda registry: registry.delete("a/b"))
    assert seen == [("DELETE", "/v1/runs/a%2Fb", None, None)]


def test_an_alias_moves_from_what_was_seen_alone() -> None:
    _, seen = _asked(lambda registry: registry.promote("current", "factors-B", seen="factors-A"))
    assert seen == [("PUT", "/v1/aliases/current", {"run": "factors-B", "force": False}, '"factors-A"')]
    run, seen = _asked(lambda registry: registry.roll_back("current", seen=None))
    assert (run, seen) == ("factors-B", [("POST", "/v1/aliases/current/rollback", None, "*")])
    _, seen = _asked(lambda registry: registry.drop("mine", seen="factors-A"))
    assert seen == [("DELETE", "/v1/aliases/mine", None, '"factors-A"')]
    with pytest.raises(Refused, match="Moved"):
        _asked(lambda registry: registry.promote("current", "factors-B", seen="gone"))
