import asyncio

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from servicekit.application import Application


class Tagging:
    """A layer that notes its name on the way in."""

    def __init__(self, app: ASGIApp, name: str) -> None:
        self._app = app
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("seen", []).append(self._name)
        await self._app(scope, receive, send)


async def ask(app: FastAPI, scope: Scope) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


def http(path: str) -> Scope:
    return {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": []}


def test_the_layer_that_was_put_before_last_is_asked_first(app: Application) -> None:
    app.put_before(Tagging, "inner")
    app.put_before(Tagging, name="outer")
    scope = http("/healthz")
    sent = asyncio.run(ask(app, scope))
    assert scope["seen"] == ["outer", "inner"]
    assert sent[0]["status"] == 200


def test_an_application_without_such_layers_answers_as_fastapi_does(app: Application) -> None:
    assert asyncio.run(ask(app, http("/healthz")))[0]["status"] == 200
