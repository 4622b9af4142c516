"""The look for published bots: what ends it is logged, and it ends with the application."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.chatbot.conftest import NOWHERE

from chatbot import app
from chatbot.bots import published
from chatbot.settings import Settings

Serve = Callable[..., AbstractContextManager[TestClient]]


class Log:
    """Keeps what is logged with a traceback."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.written = threading.Event()

    def exception(self, event: str) -> None:
        self.events.append(event)
        self.written.set()


class BrokenAtOnce:
    """Cannot be made."""

    def __init__(self, *_: object, **__: object) -> None:
        raise ImportError("no client")


class BrokenLater:
    """Can be made and cannot watch."""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    async def watch(self) -> None:
        raise AttributeError("unforeseen")


@pytest.mark.parametrize("broken", [BrokenAtOnce, BrokenLater])
def test_what_nobody_foresaw_is_logged_and_the_bots_talk_on(
    models: Path, serve: Serve, broken: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log()
    monkeypatch.setattr(app, "_log", log)
    monkeypatch.setattr(published, "PublishedBots", broken)
    with serve(models, refresh_s=1.0) as client:
        assert log.written.wait(timeout=30)
        assert client.get("/readyz").status_code == 200
    assert log.events == ["published_bots_unwatched"]


def test_an_application_that_fails_leaves_nobody_looking(models: Path) -> None:
    settings = Settings.model_validate({"models": models, "scores_host": "127.0.0.1", "scores_port": NOWHERE})

    async def failing() -> int:
        service = app.create_app(settings)
        with pytest.raises(RuntimeError, match="in between"):
            async with service.router.lifespan_context(service):
                raise RuntimeError("in between")
        return len(asyncio.all_tasks())

    assert asyncio.run(failing()) == 1
