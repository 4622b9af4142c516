"""Compounds asked of a run that published a model of whole molecules, over a real store."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from rdkit import Chem
from tests.support.gaussian import SMILES, Table, fitted, table
from tests.support.posteriors import drawn
from tests.support.predicting import PARENTS, modelled, predicting
from tests.support.store import Publisher

import scores_client.models as client_models
from contracts.kinds import Objective
from contracts.predictions import MODEL_FILE
from scores_api.app import create_app
from scores_api.models.predictions import Predictions
from scores_api.prediction import predictor
from scores_api.prediction.structure_properties import structure_properties
from scores_api.settings import Settings
from trainer.factorization.activity.cells import Cells
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.gaussian.model import Probit, Standing
from trainer.factorization.predictor import Predictor

NEW = "CC(=O)Nc1ccc(S(C)(=O)=O)cc1"
TARGETS = ["pX", "nM", "two cells"]
STANDING = Standing(np.array([0.1, 50.0, -0.2]), np.array([1.0, 1.5, 0.5]))
"""What compounds are compared with: on the second target all are said to be surely high."""


@dataclass(frozen=True)
class Served:
    """A client, the runs behind it and the data of the models."""

    client: TestClient
    runs: dict[str, str]
    given: Table
    contents: dict[str, bytes]

    def ask(self, *compounds: dict[str, Any], run: str = "values", **question: object) -> dict[str, Any]:
        body = {"compounds": compounds, **question}
        response = self.client.post("/v1/predictions", params={"run": self.runs[run]}, json=body)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = json.loads(response.content)
        assert Predictions.model_validate(answer).model_dump() == answer
        return answer

    def one(self, smiles: str, run: str = "values", **question: object) -> dict[str, Any]:
        (compound,) = self.ask({"smiles": smiles}, run=run, **question)["compounds"]
        found: dict[str, Any] = compound
        return found

    def refused(self, status: int, slug: str, run: str, **question: object) -> dict[str, Any]:
        body = {"compounds": [{"smiles": NEW}], **question}
        response = self.client.post("/v1/predictions", params={"run": self.runs[run]}, json=body)
        problem: dict[str, Any] = response.json()
        assert (response.status_code, problem["type"]) == (status, f"/problems/{slug}")
        return problem

    def measured(self, compound: int, target: int) -> float | None:
        cells = self.given.cells
        values = cells.value[(cells.compound == compound) & (cells.target == target)]
        return float(values[0]) if len(values) else None


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("models")
    given = table()
    fit = fitted(given, share=0.3)
    cells = given.cells
    middle_T = np.array([np.median(cells.value[cells.target == target]) for target in range(3)])
    calls = (cells.value > middle_T[cells.target]).astype(float)
    binary = replace(given, cells=Cells.of(cells.compound, cells.target, calls, compounds=len(SMILES), targets=3))
    values = modelled(given, fit, directory, targets=TARGETS, standing=STANDING)
    whole = values.files[MODEL_FILE]
    made = {
        "values": values,
        "chances": modelled(
            binary, fitted(binary, share=0.3), directory, targets=TARGETS, probit=Probit(-0.8, 1.6), standing=STANDING
        ),
        "cut": replace(values, files={MODEL_FILE: whole[:5_000]}),
        "rubbish": replace(values, files={MODEL_FILE: b"not a model, but bytes\n" * 1000}),
        "another run's": replace(modelled(given, fit, directory, targets=[*TARGETS, "more"]), files={MODEL_FILE: whole}),
    }
    publisher = Publisher(directory / "state")
    runs = {name: publisher.publish(contents, objective=Objective.ACTIVITY) for name, contents in made.items()}
    draws = Posterior(drawn(20, fragments=len(given.fragments), targets=3), 6.0, binary=False)
    graph = predicting(Predictor.from_posterior(draws), directory, fragments=given.fragments, targets=TARGETS)
    runs["graph"] = publisher.publish(graph, objective=Objective.ACTIVITY)
    runs["damaged"] = publisher.publish(values, objective=Objective.ACTIVITY)
    damaged = publisher.store.artifact("factors", runs["damaged"]) / MODEL_FILE
    damaged.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    settings = Settings(state=directory / "state")
    with TestClient(create_app(settings), base_url="http://api") as client:
        yield Served(client, runs, given, {name: dict(contents.files)[MODEL_FILE] for name, contents in made.items()})


@pytest.mark.parametrize("run", ["values", "chances"])
@pytest.mark.parametrize("smiles", [NEW, SMILES[4], "[Xe]CCCCC"])
def test_level_contributions_and_rest_add_up_to_the_sum_digit_by_digit(served: Served, run: str, smiles: str) -> None:
    compound = served.one(smiles, run, targets=TARGETS)
    assert [each["target"] for each in compound["predictions"]] == TARGETS
    for each in compound["predictions"]:
        parts = each["contributions"]
        stated = [parts["mean"], parts["target"], *parts["fragments"], each["rest"]["value"], each["panel"]]
        assert sum(Decimal(str(part)) for part in stated) == Decimal(str(each["sum"]))
        assert Decimal(str(each["value"])) - Decimal(str(each["level"])) == Decimal(str(each["excess"]))
        assert each["low"] < each["value"] < each["high"]
        assert len(parts["fragments"]) == len(compound["fragments"])
        assert parts["mean"] == 0.0
        if run == "values":
            assert (each["value"], each["level"]) == (each["sum"], parts["target"])


def test_the_generated_client_reads_the_answer_whole(served: Served) -> None:
    answer = served.ask({"smiles": NEW}, {"fragments": ["*O*"]}, {"smiles": SMILES[0]}, order="certainty")
    assert client_models.Predictions.from_dict(answer).to_dict() == answer


@pytest.mark.parametrize(("run", "scale"), [("values", "value"), ("chances", "chance")])
def test_the_answer_says_that_fragments_and_like_compounds_speak(served: Served, run: str, scale: str) -> None:
    answer = served.ask({"smiles": NEW}, run=run)
    assert (answer["scale"], answer["objective"]) == (scale, "activity")
    assert "fragments and by the measured compounds it is most like" in answer["meaning"]


def test_a_compound_of_the_data_is_recognised_with_what_was_measured(served: Served) -> None:
    compound = served.one(SMILES[3], targets=TARGETS)
    assert compound["matched"] == {"id": 3, "name": "C3"}
    assert compound["nearest_similarity"] == 100.0
    measured = [each["measured"] for each in compound["predictions"]]
    assert measured[0] == served.measured(3, 0)
    assert measured[1:] == [None, None]
    assert {each["domain"] for each in compound["predictions"][:2]} == {"near"}
    assert compound["predictions"][0]["similarity"] == 100.0
    assert [each["title"] for each in compound["predictions"]] == ["first", None, None]


def test_a_compound_of_the_data_is_completed_on_the_targets_it_was_not_measured_on(served: Served) -> None:
    known, new = served.one(SMILES[3], targets=TARGETS), served.one(NEW, targets=TARGETS)
    assert known["predictions"][0]["panel"] == 0.0
    assert all(each["panel"] != 0.0 for each in known["predictions"][1:])
    assert all(each["panel"] == 0.0 for each in new["predictions"])


def test_it_is_said_that_too_few_cells_could_calibrate_intervals(served: Served) -> None:
    assert "not calibrated" in served.ask({"smiles": NEW})["meaning"]


def test_another_way_to_write_a_compound_of_the_data_is_recognised_too(served: Served) -> None:
    assert served.one("c1(NC(C)=O)ccc(C)cc1.Cl")["matched"] == {"id": PARENTS.index(PARENTS[0]), "name": "C0"}


def test_what_was_never_measured_matches_nothing(served: Served) -> None:
    compound = served.one(NEW)
    assert compound["matched"] is None
    assert 30 < compound["nearest_similarity"] < 100
    assert [each["measured"] for each in compound["predictions"]] == [None] * 3


def test_the_rest_is_carried_by_the_nearest_measured_compounds(served: Served) -> None:
    for target, each in enumerate(served.one(NEW, targets=TARGETS)["predictions"]):
        relatives = each["rest"]["relatives"]
        assert len(relatives) == (2 if target == 2 else 3)
        percents = [relative["similarity"] for relative in relatives]
        assert percents == sorted(percents, reverse=True)
        for relative in relatives:
            compound = int(relative["name"].removeprefix("C"))
            assert relative["smiles"] == PARENTS[compound]
            assert relative["value"] == served.measured(compound, target)


def test_what_is_unlike_everything_measured_is_far(served: Served) -> None:
    compound = served.one("OCC(O)C(O)C(O)C(O)CO")
    assert compound["nearest_similarity"] < 30
    assert {each["domain"] for each in compound["predictions"]} == {"far"}


def test_of_fragments_alone_the_rest_is_nothing_and_the_answer_says_so(served: Served) -> None:
    (compound,) = served.ask({"fragments": [served.given.fragments[0]]})["compounds"]
    assert compound["flags"] == ["fragments-only"]
    assert (compound["matched"], compound["nearest_similarity"]) == (None, None)
    for each in compound["predictions"]:
        assert each["rest"] == {"value": 0.0, "relatives": []}
        assert (each["domain"], each["measured"]) == (None, None)
    whole = served.one(NEW)
    assert "fragments-only" not in whole["flags"]


@pytest.mark.parametrize("run", ["values", "chances"])
def test_targets_come_in_the_order_that_is_asked_for(served: Served, run: str) -> None:
    predictions = served.one(SMILES[9], run, order="prediction")["predictions"]
    assert predictions == sorted(predictions, key=lambda each: each["value"], reverse=True)
    for order in ("prediction", "excess"):
        predictions = served.one(SMILES[9], run, order=order)["predictions"]
        assert served.one(SMILES[9], run, order=order, limit=1)["predictions"] == predictions[:1]
    assert served.one(SMILES[9], run) == served.one(SMILES[9], run, order="excess")
    firsts = [served.one(smiles, run, limit=1)["predictions"][0]["target"] for smiles in SMILES]
    assert TARGETS[int(np.argmax(STANDING.usual_T))] not in firsts  # every compound is said to be surely high there
    (surest, *_) = served.one("OCC(O)C(O)C(O)C(O)CO", run, order="certainty")["predictions"]
    assert surest["target"] in TARGETS


def test_units_do_not_order_targets_unless_values_are_asked_for(served: Served) -> None:
    firsts = {served.one(smiles, limit=1)["predictions"][0]["target"] for smiles in SMILES}
    by_value = {served.one(smiles, limit=1, order="prediction")["predictions"][0]["target"] for smiles in SMILES[:5]}
    assert by_value == {"nM"}
    assert len(firsts) > 1


def test_a_graph_knows_no_order_but_by_prediction(served: Served) -> None:
    problem = served.refused(422, "order-unavailable", "graph", order="excess")
    assert "not by excess" in problem["detail"]
    values = [each["value"] for each in served.one(NEW, "graph", order="prediction", targets=TARGETS)["predictions"]]
    assert values == sorted(values, reverse=True)
    for each in served.one(NEW, "graph")["predictions"]:
        assert [each[name] for name in ("level", "excess", "rest", "measured", "domain")] == [None] * 5


@pytest.mark.parametrize("run", ["cut", "rubbish", "another run's"])
def test_a_file_that_is_no_model_of_its_run_is_damage_and_other_runs_go_on(served: Served, run: str) -> None:
    before = served.one(NEW)
    served.refused(500, "artifact-damaged", run)
    assert served.one(NEW) == before


def test_a_run_whose_model_was_damaged_is_refused_and_other_runs_go_on(served: Served) -> None:
    before = served.one(NEW)
    assert MODEL_FILE in served.refused(503, "run-unreadable", "damaged")["reason"]
    assert served.one(NEW) == before


def test_many_compounds_are_answered_as_each_would_be_alone(served: Served) -> None:
    compounds = [{"smiles": smiles} for smiles in (*SMILES, NEW)]
    together = served.ask(*compounds, limit=2)["compounds"]
    assert [each["smiles"] for each in together] == [*SMILES, NEW]
    for place in (0, 35, 36):
        assert together[place] == served.one(compounds[place]["smiles"], limit=2)


def test_predictions_are_told_as_a_structure_file(served: Served) -> None:
    compounds = [{"smiles": SMILES[4], "name": "the first"}, {"smiles": NEW}]
    told = served.ask(*compounds, targets=TARGETS)["compounds"]
    answer = served.client.post(
        "/v1/predictions",
        params={"run": served.runs["values"]},
        json={"compounds": compounds, "targets": TARGETS},
        headers={"accept": "chemical/x-mdl-sdfile"},
    )
    assert answer.headers["content-type"].startswith("chemical/x-mdl-sdfile")
    with Chem.SDMolSupplier() as supplier:
        supplier.SetData(answer.text)
        molecules = list(supplier)
    assert [Chem.MolToSmiles(each) for each in molecules] == [each["parent"] for each in told]
    assert [each.GetProp("_Name") for each in molecules] == ["the first", ""]
    for molecule, stated in zip(molecules, told, strict=True):
        for at in stated["predictions"]:
            assert float(molecule.GetProp(f"{at['target']} predicted")) == at["value"]
            assert float(molecule.GetProp(f"{at['target']} low")) == at["low"]
    measured = [at for at in told[0]["predictions"] if at["measured"] is not None]
    assert [float(molecules[0].GetProp(f"{at['target']} measured")) for at in measured] == [at["measured"] for at in measured]


def test_a_structure_file_is_made_beside_the_event_loop(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    on_loop: list[bool] = []

    def told(*given: Any) -> dict[str, str]:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            on_loop.append(False)
        else:
            on_loop.append(True)
        return structure_properties(*given)

    monkeypatch.setattr(predictor, "structure_properties", told)
    answer = served.client.post(
        "/v1/predictions",
        params={"run": served.runs["values"]},
        json={"compounds": [{"smiles": smiles} for smiles in SMILES], "targets": TARGETS},
        headers={"accept": "chemical/x-mdl-sdfile"},
    )
    assert answer.text.count("$$$$") == len(SMILES)
    assert on_loop == [False] * len(SMILES)


def test_a_structure_file_is_not_made_of_fragments(served: Served) -> None:
    answer = served.client.post(
        "/v1/predictions",
        params={"run": served.runs["values"]},
        json={"compounds": [{"smiles": NEW}, {"fragments": ["*O"]}]},
        headers={"accept": "chemical/x-mdl-sdfile"},
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["place"] == "body.compounds.1.fragments"
