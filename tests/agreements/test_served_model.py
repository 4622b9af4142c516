"""What the scores API answers over HTTP is what the published model says, asked from the same file."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tests.support.gaussian import SMILES, Table, fitted, table
from tests.support.ports import free_ports
from tests.support.predicting import modelled
from tests.support.served import Served, wait_until_ready
from tests.support.store import Publisher

from chemistry import fragment
from chemistry.fingerprints import fingerprint
from contracts.kinds import Objective
from contracts.predictions import MODEL_FILE
from prediction.predictor import Asked, Predictor

TARGETS = ["pX", "nM", "two cells"]
ASKED = (*SMILES[::7], "CC(=O)Nc1ccc(S(C)(=O)=O)cc1", "CC(=O)Oc1ccccc1C(=O)O.[Na+]", "OCC(O)CO", "[Xe]CCCCC")


@dataclass(frozen=True)
class Publication:
    """A server over a store, the model it serves and the data that this was learned from."""

    served: Served
    model: Path
    given: Table

    def ask(self, **question: object) -> dict[str, Any]:
        response = httpx.post(f"{self.served.url}/v1/predictions", json=question, trust_env=False, timeout=60)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


@pytest.fixture(scope="module")
def publication(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    directory = tmp_path_factory.mktemp("served-model")
    given = table()
    publisher = Publisher(directory / "state")
    contents = modelled(given, fitted(given, share=0.3), directory, targets=TARGETS)
    run = publisher.publish(contents, objective=Objective.ACTIVITY)
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(directory / "state"), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}
    with Served("ntdemo-scores-api", directory / "log", environment, f"http://127.0.0.1:{port}") as served:
        wait_until_ready(served)
        yield Publication(served, publisher.store.artifact("factors", run) / MODEL_FILE, given)


def test_every_answered_number_is_that_of_the_model_and_sums_are_exact(publication: Publication) -> None:
    predictor = Predictor.open(publication.model)
    names = publication.given.fragments
    answer = publication.ask(compounds=[{"smiles": smiles} for smiles in ASKED], targets=TARGETS)
    for smiles, compound in zip(ASKED, answer["compounds"], strict=True):
        cut = fragment(smiles)
        known = [names.index(name) for name in cut.fragments if name in names]
        asked = Asked(np.array(known, dtype=np.int64), fingerprint(cut.parent))
        expected = predictor.predict(asked)
        for column, numbers_M in (
            ("value", expected.prediction_M),
            ("low", expected.low_M),
            ("high", expected.high_M),
            ("level", expected.level_M),
        ):
            answered_M = [each[column] for each in compound["predictions"]]
            np.testing.assert_allclose(answered_M, numbers_M, rtol=1e-6, err_msg=f"{column} of {smiles}")
        scale_M = np.abs(expected.level_M)
        rest_M = [each["rest"]["value"] for each in compound["predictions"]]
        assert (np.abs(rest_M - expected.rest_M) <= 1e-6 * scale_M).all()
        added_M = [sum(each["contributions"]["fragments"]) for each in compound["predictions"]]
        assert (np.abs(added_M - expected.contributions_GM.sum(axis=0)) <= 1e-6 * scale_M).all()
        for each in compound["predictions"]:
            parts = [each["level"], *each["contributions"]["fragments"], each["rest"]["value"]]
            assert sum(Decimal(str(part)) for part in parts) == Decimal(str(each["value"]))


def test_known_compounds_show_every_cell_that_was_measured_and_no_other(publication: Publication) -> None:
    cells = publication.given.cells
    answer = publication.ask(compounds=[{"smiles": smiles} for smiles in SMILES], targets=TARGETS)
    found = {
        (int(compound["matched"]["name"].removeprefix("C")), target): each["measured"]
        for compound in answer["compounds"]
        for target, each in enumerate(compound["predictions"])
        if each["measured"] is not None
    }
    stated = zip(cells.compound.tolist(), cells.target.tolist(), cells.value.tolist(), strict=True)
    assert found == {(compound, target): value for compound, target, value in stated}


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="the kernel lists no mappings")
def test_no_disk_changes_the_model_and_the_server_has_loaded_no_chemistry(publication: Publication) -> None:
    publication.ask(compounds=[{"smiles": SMILES[0]}])
    assert publication.served.process is not None
    mapped = (Path("/proc") / str(publication.served.process.pid) / "maps").read_text()
    assert os.fspath(publication.model) not in mapped, "it is taken into memory, where it was compared with its checksum"
    assert "rdkit" not in mapped.lower()
    assert "pyarrow" not in mapped
