"""Networks are opened beside each other."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import cast

import numpy as np
import pytest

from contracts.predictions import FILE, MODEL_FILE
from published.pages import FileDamaged
from scores_api.models.factors import FactorSide
from scores_api.prediction.molecule_model import MoleculeModel
from scores_api.prediction.network import Network
from scores_api.prediction.networks import Networks, Predicting
from scores_api.published_run import Factors, PublishedRun

NOTHING = Factors([], np.empty((0, 0)), np.empty((0, 0)))


@dataclass(frozen=True)
class File:
    """A file whose reading is held up for one run, and fails for another."""

    run: str
    began: Event
    slow: Event
    readings: list[str]

    def whole(self) -> bytes:
        self.readings.append(self.run)
        if self.run == "slow":
            self.began.set()
            assert self.slow.wait(10)
        if self.run == "damaged":
            raise FileDamaged(Path(self.run), "differs from its checksum")
        return self.run.encode()


@dataclass(frozen=True)
class Run:
    """As much of a run as networks look at."""

    run: str
    files: Mapping[str, File]
    factors: Mapping[FactorSide, Factors] = field(default_factory=lambda: dict.fromkeys(FactorSide, NOTHING))


class Runs:
    """Runs with a network each, those that are named for it with a model beside it."""

    def __init__(self) -> None:
        self.began, self.slow = Event(), Event()
        self.readings: list[str] = []
        self._runs: dict[str, Run] = {}

    def of(self, run: str) -> PublishedRun:
        names = (FILE, MODEL_FILE) if run.startswith("model") else (FILE,)
        files = {name: File(run, self.began, self.slow, self.readings) for name in names}
        return cast("PublishedRun", self._runs.setdefault(run, Run(run, files)))


async def network_of(networks: Networks, runs: Runs, run: str) -> Predicting:
    async with asyncio.timeout(10):
        return await networks.of(runs.of(run))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Contents of the files that were opened, each as a network of its own."""
    contents: list[str] = []

    def reading(kind: type[Predicting]) -> Callable[..., Predicting]:
        def read(content: bytes, **_: int) -> Predicting:
            contents.append(content.decode())
            return kind.__new__(kind)

        return read

    for kind in (Network, MoleculeModel):
        monkeypatch.setattr(kind, "read", reading(kind))
    return contents


def test_an_open_network_is_answered_while_another_opens(opened: list[str]) -> None:
    async def scenario() -> None:
        runs, networks = Runs(), Networks()
        known = await network_of(networks, runs, "known")
        waiting = asyncio.create_task(network_of(networks, runs, "slow"))
        assert await asyncio.to_thread(runs.began.wait, 10)
        assert await network_of(networks, runs, "known") is known
        assert not waiting.done()
        runs.slow.set()
        assert await waiting is not known

    asyncio.run(scenario())
    assert opened == ["known", "slow"]


def test_a_run_that_published_a_model_predicts_with_it_and_others_with_their_network(opened: list[str]) -> None:
    async def scenario() -> list[type]:
        runs, networks = Runs(), Networks()
        return [type(await network_of(networks, runs, run)) for run in ("model", "graph")]

    assert asyncio.run(scenario()) == [MoleculeModel, Network]
    assert opened == ["model", "graph"]


def test_a_network_that_many_ask_for_is_opened_once_and_nobody_who_leaves_stops_it(opened: list[str]) -> None:
    async def scenario() -> None:
        runs, networks = Runs(), Networks()
        first, *others = [asyncio.create_task(network_of(networks, runs, "slow")) for _ in range(5)]
        assert await asyncio.to_thread(runs.began.wait, 10)
        first.cancel()
        runs.slow.set()
        assert len({id(network) for network in await asyncio.gather(*others)}) == 1

    asyncio.run(scenario())
    assert opened == ["slow"]


def test_a_failure_reaches_all_who_asked_and_the_next_question_tries_again(opened: list[str]) -> None:
    async def scenario() -> list[str]:
        runs, networks = Runs(), Networks()
        failures = await asyncio.gather(*(network_of(networks, runs, "damaged") for _ in range(3)), return_exceptions=True)
        assert [type(failure) for failure in failures] == [FileDamaged] * 3
        with pytest.raises(FileDamaged):
            await network_of(networks, runs, "damaged")
        return runs.readings

    assert asyncio.run(scenario()) == ["damaged", "damaged"]
    assert not opened


def test_a_run_that_was_opened_again_is_read_again(opened: list[str]) -> None:
    async def scenario() -> None:
        networks = Networks()
        await network_of(networks, Runs(), "run")
        await network_of(networks, Runs(), "run")

    asyncio.run(scenario())
    assert opened == ["run", "run"]


def test_the_last_asked_two_are_kept(opened: list[str]) -> None:
    async def scenario() -> None:
        runs, networks = Runs(), Networks()
        for run in ("a", "b", "a", "c", "a", "b"):
            await network_of(networks, runs, run)

    asyncio.run(scenario())
    assert opened == ["a", "b", "c", "b"]
