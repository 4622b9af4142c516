"""What the scores API answers over HTTP is what the published model says, asked from the same file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tests.support.gaussian import SMILES, Table, fitted, named, table
from tests.support.ports import free_ports
from tests.support.predicting import modelled
from tests.support.served import Served, wait_until_ready
from tests.support.store import Publisher

from chemistry import fragment
from chemistry.fingerprints import fingerprint
from contracts.kinds import Objective
from contracts.predictions import MODEL_FILE
from prediction.predictor import Asked, Predictor
from trainer.evaluation.foretold import foretold
from trainer.factorization.activity.cells import Cells
from trainer.factorization.gaussian.fit import Gaussian, fit_gaussian

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


@contextmanager
def published(given: Table, fit: Gaussian, directory: Path) -> Iterator[Publication]:
    """A server over a store with the model that a fit makes."""
    publisher = Publisher(directory / "state")
    run = publisher.publish(modelled(given, fit, directory, targets=TARGETS), objective=Objective.ACTIVITY)
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(directory / "state"), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}
    with Served("ntdemo-scores-api", directory / "log", environment, f"http://127.0.0.1:{port}") as served:
        wait_until_ready(served)
        yield Publication(served, publisher.store.artifact("factors", run) / MODEL_FILE, given)


@pytest.fixture(scope="module")
def publication(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Publication]:
    given = table()
    with published(given, fitted(given, share=0.3), tmp_path_factory.mktemp("served-model")) as found:
        yield found


def test_every_answered_number_is_that_of_the_model_and_sums_are_exact(publication: Publication) -> None:
    predictor = Predictor.open(publication.model)
    names = publication.given.fragments
    answer = publication.ask(compounds=[{"smiles": smiles} for smiles in ASKED], targets=TARGETS)
    for smiles, compound in zip(ASKED, answer["compounds"], strict=True):
        cut = fragment(smiles)
        known = [names.index(name) for name in cut.fragments if name in names]
        asked = Asked(np.array(known, dtype=np.int64), fingerprint(cut.parent), predictor.compounds.find(cut.parent))
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
            parts = [each["level"], *each["contributions"]["fragments"], each["rest"]["value"], each["panel"]]
            assert sum(Decimal(str(part)) for part in parts) == Decimal(str(each["value"]))


def test_what_is_answered_is_what_a_holdout_judges(publication: Publication) -> None:
    given, predictor = publication.given, Predictor.open(publication.model)
    compound, target = (index.ravel() for index in np.indices((len(SMILES), 3)))
    cells = Cells.of(compound, target, np.zeros(len(compound)), compounds=len(SMILES), targets=3)
    said = foretold(predictor, given.kernel, named(given), cells)
    answer = publication.ask(compounds=[{"smiles": smiles} for smiles in SMILES], targets=TARGETS)
    answered = [each for one in answer["compounds"] for each in one["predictions"]]
    for column, judged_N in (("value", said.prediction_N), ("low", said.low_N), ("high", said.high_N)):
        np.testing.assert_allclose([each[column] for each in answered], judged_N, rtol=1e-6, err_msg=column)
    assert sum(each["panel"] != 0 for each in answered) > len(SMILES)


def test_compounds_that_were_held_out_are_answered_as_they_were_judged(tmp_path: Path) -> None:
    given = table()
    held_N = given.cells.compound % 5 == 0
    train, test = (given.cells.at(np.flatnonzero(kept_N)) for kept_N in (~held_N, held_N))
    smiles = [SMILES[compound] for compound in np.unique(test.compound).tolist()]
    with published(given, fit_gaussian(train, given.kernel, share=0.3), tmp_path) as held_out:
        said = foretold(Predictor.open(held_out.model), given.kernel, named(given), test)
        answer = held_out.ask(compounds=[{"smiles": each} for each in smiles], targets=TARGETS)
    place = np.searchsorted(np.unique(test.compound), test.compound).tolist()
    answered = [
        answer["compounds"][row]["predictions"][target] for row, target in zip(place, test.target.tolist(), strict=True)
    ]
    for column, judged_N in (("value", said.prediction_N), ("low", said.low_N), ("high", said.high_N)):
        np.testing.assert_allclose([each[column] for each in answered], judged_N, rtol=1e-6, err_msg=column)
    assert all(each["measured"] is None and each["panel"] == 0 for each in answered)


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
