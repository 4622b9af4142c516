"""Bots that say what a test wrote for them, behind the application or a running service."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.support.ports import free_ports
from tests.support.scripted_bot import scripted_bot
from tests.support.served import Served, wait_until_ready

from chatbot.app import create_app
from chatbot.network.bundle import Bundle, open_bundle, read_files
from chatbot.settings import Settings
from dialogue.bundle import Language

NOWHERE = 9
"""A port on which nothing listens."""
GREETING = "I am well, thank you. And you?"
GREETING_JA = "はい、元気です。あなたはどうですか。"


def opened(directory: Path) -> Bundle:
    """The bundle in a directory."""
    return open_bundle(*read_files(directory), published=False)


@pytest.fixture
def anyio_backend() -> str:
    """For tests that run on an event loop."""
    return "asyncio"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bots, English and Japanese, that always give the same answer."""
    directory = tmp_path_factory.mktemp("models")
    scripted_bot(directory / "en", GREETING, otherwise=" ".join(["then"] * 30))
    scripted_bot(directory / "ja", GREETING_JA, language=Language.JAPANESE)
    return directory


@pytest.fixture(scope="session")
def english(models: Path) -> Bundle:
    """The English one, opened."""
    return opened(models / "en")


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractContextManager[TestClient]]:
    """The application with the bots of a directory, before a scores API that is away."""

    @contextmanager
    def serving(models: Path, **settings: object) -> Iterator[TestClient]:
        values = {"models": models, "scores_host": "127.0.0.1", "scores_port": NOWHERE, "refresh_s": 3600.0, **settings}
        with TestClient(create_app(Settings.model_validate(values))) as client:
            yield client

    return serving


@pytest.fixture(scope="module")
def chat(models: Path, serve: Callable[..., AbstractContextManager[TestClient]]) -> Iterator[TestClient]:
    """The application with both bots."""
    with serve(models) as client:
        yield client


@dataclass(frozen=True)
class Running:
    """A chatbot in a process of its own."""

    url: str
    served: Served


def chatbot_environment(models: Path, port: int, **settings: str) -> dict[str, str]:
    """Of a chatbot whose scores API and trainer are away."""
    return {
        "CHATBOT_HOST": "127.0.0.1",
        "CHATBOT_PORT": str(port),
        "CHATBOT_MODELS": str(models),
        "NTDEMO_HOST": "127.0.0.1",
        "NTDEMO_PORT": str(NOWHERE),
        "NTDEMO_TRAINER_URL": f"http://127.0.0.1:{NOWHERE}",
        **settings,
    }


@pytest.fixture(scope="session")
def running(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """`ntdemo-chatbot` with both bots."""
    (port,) = free_ports(1)
    log = tmp_path_factory.mktemp("logs") / "chatbot.log"
    with Served("ntdemo-chatbot", log, chatbot_environment(models, port), f"http://127.0.0.1:{port}") as served:
        wait_until_ready(served)
        yield Running(served.url, served)
        assert "request_failed" not in served.log.read_text()
        assert "Traceback" not in served.log.read_text()
