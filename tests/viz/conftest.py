"""A real store, the real scores API and the real viz before it, once for all tests of viz."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready
from tests.support.store import Publisher, five_fragments, many_fragments


@dataclass(frozen=True)
class Addresses:
    """Where everything is served, and the runs it serves."""

    scores: str
    dash: str
    bokeh: str
    few: str
    """The newest run: the built-in five fragments."""
    many: str
    """A run that shows 3,400 fragments."""


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A state directory with two runs: the large one, then the built-in data."""
    state = tmp_path_factory.mktemp("viz-state")
    publisher = Publisher(state)
    many = publisher.publish(many_fragments(3600, shown=3400, rank=6, targets=12))
    return state, publisher.publish(five_fragments()), many


@pytest.fixture(scope="session")
def scores_url(published: tuple[Path, str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The scores API over that store."""
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(published[0]), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}
    log = tmp_path_factory.mktemp("logs") / "scores-api.log"
    with Served("ntdemo-scores-api", log, environment, f"http://127.0.0.1:{port}") as served:
        wait_until_ready(served)
        yield served.url


def viz_environment(scores_url: str, dash_port: int, bokeh_port: int) -> dict[str, str]:
    """The environment of a viz that asks the scores API at `scores_url`, with a trainer that is away."""
    return {
        "NTDEMO_HOST": "127.0.0.1",
        "NTDEMO_PORT": scores_url.rsplit(":", 1)[1],
        "NTDEMO_TRAINER_URL": "http://127.0.0.1:9",
        "VIZ_HOST": "127.0.0.1",
        "VIZ_DASH_PORT": str(dash_port),
        "VIZ_BOKEH_PORT": str(bokeh_port),
        "VIZ_BOKEH_ORIGINS": "",
    }


@pytest.fixture(scope="session")
def addresses(
    published: tuple[Path, str, str], scores_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Addresses]:
    """viz before the scores API."""
    dash_port, bokeh_port = free_ports(2)
    log = tmp_path_factory.mktemp("logs") / "viz.log"
    with Served(
        "ntdemo-viz", log, viz_environment(scores_url, dash_port, bokeh_port), f"http://127.0.0.1:{dash_port}"
    ) as served:
        wait_until_ready(served)
        yield Addresses(scores_url, served.url, f"http://127.0.0.1:{bokeh_port}", few=published[1], many=published[2])
        unforeseen = [
            line for line in served.log.read_text().splitlines() if "callback_failed" in line or "page_failed" in line
        ]
        assert not unforeseen, json.dumps(unforeseen)


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client that knows no proxy."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client
