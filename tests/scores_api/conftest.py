"""One store with four runs and one application over it, for every test that only reads."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.support.store import Contents, Publisher, five_fragments, many_fragments, named_fragments

from scores_api.app import create_app
from scores_api.settings import Settings

_SLASHES = ["a", "a/b", "a/neighbours", "a%2Fb", "/", "//", ".", "..", "./a", "neighbours", "\\"]
_RESERVED = ["50%", "%", "%25", "#", "?", "?x=1&y", "x&y=z", "+", " ", "a b", '"', "'", "a;b", "a,b", "id:3", "id:999"]
_OTHERS = [
    "C#N",
    "*c1ccccc1*",
    "C(=O)[O-]",
    "[C@@H](\\F)/Cl",
    "ベンゼン",
    "caf\u00e9",
    "cafe\u0301",
    "💊",
    "fB",
    "FB",
    "x" * 300,
]
AWKWARD = [*_SLASHES, *_RESERVED, *_OTHERS]
"""Names that are hard to put into an address."""


@dataclass(frozen=True)
class Published:
    """What was published where."""

    state: Path
    runs: dict[str, str]
    """What it holds -> run id, the oldest first; `five` is the newest."""
    contents: dict[str, Contents]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    state = tmp_path_factory.mktemp("scores-api")
    contents = {
        "stretched": five_fragments().scaled(0.5),
        "many": many_fragments(2100, shown=2001, targets=7, rank=4),
        "awkward": named_fragments(AWKWARD),
        "five": replace(five_fragments(), is_mapped=True),
    }
    publisher = Publisher(state)
    return Published(state, {name: publisher.publish(each) for name, each in contents.items()}, contents)


@pytest.fixture(scope="session")
def client(published: Published) -> Iterator[TestClient]:
    settings = Settings(state=published.state)
    with TestClient(create_app(settings), base_url="http://api") as client:
        yield client
