"""Networks are opened beside each other."""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from contracts.manifest import ArtifactFile, Manifest
from contracts.predictions import FILE, MODEL_FILE
from scores_api.catalogue import Catalogue
from scores_api.failures import ArtifactDamaged
from scores_api.files import ArtifactFiles
from scores_api.models.factors import FactorSide
from scores_api.prediction.molecule_model import MoleculeModel
from scores_api.prediction.network import Network
from scores_api.prediction.networks import Networks, Predicting
from scores_api.projection import Factors, Projection

NOTHING = Factors([], np.empty((0, 0)), np.empty((0, 0)))


@dataclass(frozen=True)
class Run:
    """As much of a projection as networks look at."""

    run: str
    factors: Mapping[FactorSide, Factors] = field(default_factory=lambda: dict.fromkeys(FactorSide, NOTHING))


def files_of(version: str) -> tuple[str, ...]:
    """Runs named for it have a model beside a network."""
    return (FILE, MODEL_FILE) if version.startswith("model") else (FILE,)


class Published:
    """A catalogue in which every run has a network of its own."""

    def manifest(self, _: str, version: str) -> SimpleNamespace:
        return SimpleNamespace(version=version, files=[SimpleNamespace(name=name) for name in files_of(version)])


class Files(ArtifactFiles):
    """Files whose verification is held up for one run, and fails for another."""

    def __init__(self) -> None:
        self.slow = asyncio.Event()
        self.began = asyncio.Event()
        self.verifications: list[str] = []

    async def verified(self, manifest: Manifest, name: str) -> tuple[Path, ArtifactFile, os.stat_result]:
        assert name == files_of(manifest.version)[-1]
        self.verifications.append(manifest.version)
        if manifest.version == "slow":
            self.began.set()
            await self.slow.wait()
        if manifest.version == "damaged":
            raise ArtifactDamaged("not what its manifest states")
        return Path(manifest.version), cast("ArtifactFile", None), os.stat_result(range(10))


async def network_of(networks: Networks, run: str) -> Predicting:
    async with asyncio.timeout(10):
        return await networks.of(cast("Projection", Run(run)), cast("Catalogue", Published()))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were opened, each as a network of its own."""
    names: list[str] = []

    def opening(kind: type[Predicting]) -> Callable[..., Predicting]:
        def open_(path: Path, **_: int) -> Predicting:
            names.append(path.name)
            return kind.__new__(kind)

        return open_

    for kind in (Network, MoleculeModel):
        monkeypatch.setattr(kind, "open", opening(kind))
    return names


def test_an_open_network_is_answered_while_another_opens(opened: list[str]) -> None:
    async def scenario() -> None:
        files = Files()
        networks = Networks(files)
        known = await network_of(networks, "known")
        waiting = asyncio.create_task(network_of(networks, "slow"))
        await files.began.wait()
        assert await network_of(networks, "known") is known
        assert not waiting.done()
        files.slow.set()
        assert await waiting is not known

    asyncio.run(scenario())
    assert opened == ["known", "slow"]


def test_a_run_that_published_a_model_predicts_with_it_and_others_with_their_network(opened: list[str]) -> None:
    async def scenario() -> list[type]:
        networks = Networks(Files())
        return [type(await network_of(networks, run)) for run in ("model", "graph")]

    assert asyncio.run(scenario()) == [MoleculeModel, Network]
    assert opened == ["model", "graph"]


def test_a_network_that_many_ask_for_is_opened_once_and_nobody_who_leaves_stops_it(opened: list[str]) -> None:
    async def scenario() -> None:
        files = Files()
        networks = Networks(files)
        first, *others = [asyncio.create_task(network_of(networks, "slow")) for _ in range(5)]
        await files.began.wait()
        first.cancel()
        files.slow.set()
        assert len({id(network) for network in await asyncio.gather(*others)}) == 1

    asyncio.run(scenario())
    assert opened == ["slow"]


def test_a_failure_reaches_all_who_asked_and_the_next_question_tries_again(opened: list[str]) -> None:
    async def scenario() -> list[str]:
        files = Files()
        networks = Networks(files)
        failures = await asyncio.gather(*(network_of(networks, "damaged") for _ in range(3)), return_exceptions=True)
        assert [type(failure) for failure in failures] == [ArtifactDamaged] * 3
        with pytest.raises(ArtifactDamaged):
            await network_of(networks, "damaged")
        return files.verifications

    assert asyncio.run(scenario()) == ["damaged", "damaged"]
    assert not opened


def test_the_last_asked_two_are_kept(opened: list[str]) -> None:
    async def scenario() -> None:
        networks = Networks(Files())
        for run in ("a", "b", "a", "c", "a", "b"):
            await network_of(networks, run)

    asyncio.run(scenario())
    assert opened == ["a", "b", "c", "b"]
