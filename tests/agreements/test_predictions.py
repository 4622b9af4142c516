"""What the trainer publishes of molecules, the scores API predicts from and compares by."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
import torch
from fastapi.testclient import TestClient
from pyspark.sql import SparkSession
from tests.support.reports import SteppingReport

from chemistry.fingerprints import fingerprint
from contracts.kinds import Objective
from contracts.predictions import ARTIFACT, FILE, MODEL_FILE
from contracts.store import Store
from prediction.predictor import Asked, Predictor
from scores_api.app import create_app
from scores_api.settings import Settings as ScoresSettings
from trainer.factorization.onnx.prediction_graph import load_predictor
from trainer.pipelines.factors import train
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

pytestmark = pytest.mark.spark

RINGS, CHAINS = ("c1ccccc1", "c1ccccn1", "c1ccsc1"), ("CCO", "CCN", "CC(=O)O", "ClCC")


@dataclass(frozen=True)
class Answers:
    """A client over a store that the trainer wrote."""

    client: TestClient
    state: Path

    def ask(self, run: str, smiles: str) -> dict[str, Any]:
        response = self.client.post("/v1/predictions", params={"run": run}, json={"compounds": [{"smiles": smiles}]})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def known(self, run: str, compound: dict[str, Any]) -> list[int]:
        """Ids of the fragments of an answered compound that a run knows."""
        page = self.client.get("/v1/fragments", params={"run": run, "shown": False, "limit": 1000}).json()
        ids = {item["name"]: item["id"] for item in page["items"]}
        known = [ids[each["name"]] for each in compound["fragments"] if each["known"]]
        assert known
        return known


@pytest.fixture(scope="module")
def answers(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    state = tmp_path_factory.mktemp("predicted")
    data = state / "assays.csv"
    rows = [f"{chain}{ring},{5 + len(chain) / 4},{7 - len(ring) / 4}" for ring in RINGS for chain in CHAINS]
    data.write_text("smiles,t1,t2\n" + "\n".join(rows) + "\n", encoding="utf-8")
    for objective, rank in ((Objective.COUNTS, 2), (Objective.ACTIVITY, 4)):
        spec = FactorsSpec(kind="factors", sources=(str(data),), objective=objective, rank=rank)
        train(spec, Settings(state=state), SteppingReport(), run=f"factors-{objective}", spark=spark)
    with TestClient(create_app(ScoresSettings(state=state)), base_url="http://api") as client:
        yield Answers(client, state)


@pytest.mark.slow
def test_an_unseen_molecule_is_predicted_by_a_graph_as_torch_predicts_it(answers: Answers) -> None:
    run = f"factors-{Objective.COUNTS}"
    answer = answers.ask(run, "BrCCOc1ccccc1")
    assert (answer["run"], answer["scale"], answer["objective"]) == (run, "sum", "counts")
    (compound,) = answer["compounds"]
    assert compound["flags"] == ["unknown-fragments"]
    known = answers.known(run, compound)
    predictor = load_predictor(Store.under(answers.state).artifact(ARTIFACT, run) / FILE)
    expected = predictor(
        torch.tensor(known),
        torch.zeros(len(known), dtype=torch.int64),
        torch.tensor([float(len(compound["fragments"]) - len(known))]),
        torch.arange(2),
    )
    predicted = {each["target"]: each for each in compound["predictions"]}
    for place, target in enumerate(("t1", "t2")):
        tolerance = 1e-4 * max(1.0, abs(predicted[target]["value"]))
        assert predicted[target]["value"] == pytest.approx(expected.predictions[0, place].item(), abs=tolerance)


def test_an_unseen_molecule_is_predicted_by_a_model_as_its_file_predicts_it(answers: Answers) -> None:
    run = f"factors-{Objective.ACTIVITY}"
    answer = answers.ask(run, "BrCCOc1ccccc1")
    assert (answer["run"], answer["scale"], answer["objective"]) == (run, "value", "activity")
    (compound,) = answer["compounds"]
    assert (compound["matched"], compound["flags"]) == (None, ["unknown-fragments"])
    predictor = Predictor.open(Store.under(answers.state).artifact(ARTIFACT, run) / MODEL_FILE)
    asked = Asked(np.array(answers.known(run, compound), dtype=np.int64), fingerprint(compound["parent"]))
    expected = predictor.predict(asked)
    predicted = {each["target"]: each for each in compound["predictions"]}
    for place, target in enumerate(("t1", "t2")):
        assert predicted[target]["value"] == pytest.approx(expected.prediction_M[place], rel=1e-6)
        assert predicted[target]["low"] == pytest.approx(expected.low_M[place], rel=1e-6)
        assert predicted[target]["rest"]["value"] == pytest.approx(expected.rest_M[place], abs=1e-6)


def test_a_molecule_of_the_data_is_recognised_with_its_values(answers: Answers) -> None:
    (compound,) = answers.ask(f"factors-{Objective.ACTIVITY}", "c1ccccc1OCC")["compounds"]
    assert compound["matched"] is not None
    assert {each["target"]: each["measured"] for each in compound["predictions"]} == {"t1": 5.75, "t2": 5.0}


def test_a_molecule_like_those_that_act_more_is_predicted_to_act_more(answers: Answers) -> None:
    acid, chloride = (
        next(
            each
            for each in answers.ask("factors-activity", f"{chain}c1ccccc1")["compounds"][0]["predictions"]
            if each["target"] == "t1"
        )
        for chain in ("CC(=O)O", "CCO")
    )
    assert acid["value"] > chloride["value"]


@pytest.mark.parametrize("objective", list(Objective))
def test_neighbours_are_told_by_every_similarity_in_agreement_with_what_was_published(
    answers: Answers, objective: Objective
) -> None:
    run = f"factors-{objective}"
    kinds = answers.client.get(f"/v1/runs/{run}").json()["similarities"]
    assert "function" in kinds
    page = answers.client.get("/v1/fragments", params={"run": run, "shown": False, "limit": 1000}).json()
    name = next(item["name"] for item in page["items"] if item["name"].startswith("*"))
    path = f"/v1/fragments/{quote(name, safe='')}/neighbours"
    lists = {
        kind: {item["name"]: item for item in answers.client.get(path, params={"run": run, "similarity": kind}).json()["items"]}
        for kind in kinds
    }
    published = lists["function"]
    for kind, items in lists.items():
        numbers = [item[kind] for item in items.values()]
        np.testing.assert_array_equal(numbers, sorted(numbers, reverse=True))
        for other, item in items.items():
            if other in published:
                for column in kinds:
                    assert item[column] == pytest.approx(published[other][column], abs=0.05), (kind, other, column)
