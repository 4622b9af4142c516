"""Bots that say what a test wrote for them, behind the application or a running service."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.support.scripted_bot import scripted_bot

from chatbot.app import create_app
from chatbot.network.bundle import Bundle, open_bundle, read_files
from chatbot.settings import Settings
from contracts.dialogue import Language

NOWHERE = 9
"""A port on which nothing listens."""
GREETING = "I am well, thank you. And you?"
GREETING_JA = "はい、元気です。あなたはどうですか。"


def opened(directory: Path) -> Bundle:
    """The bundle in a directory."""
    return open_bundle(*read_files(directory), published=False)


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
