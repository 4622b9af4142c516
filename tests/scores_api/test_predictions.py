"""Compounds by SMILES or by fragments, on a real graph over a real store."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.support.posteriors import drawn
from tests.support.predicting import predicting
from tests.support.store import Publisher, five_fragments

import scores_client.models as client_models
from chemistry import fragment
from contracts.kinds import Objective
from contracts.predictions import FILE
from scores_api.app import create_app
from scores_api.models.predictions import PREDICTIONS, Predictions
from scores_api.settings import Settings
from trainer.factorization.activity.posterior import Posterior
from trainer.factorization.predictor import Predictor
from trainer.similarity.factors import Factors

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
CISPLATIN = "[NH3+][Pt-2](Cl)(Cl)[NH3+]"
JSON = {"content-type": "application/json"}
KNOWN = [name for name in fragment(ASPIRIN).fragments if name != "*O*"]
FRAGMENTS = [*KNOWN, "*c1ccncc1", "caf\u00e9 💊"]
TARGETS = [f"target {place}" for place in range(12)]


@dataclass(frozen=True)
class Served:
    """A client and the runs behind it."""

    client: TestClient
    runs: dict[str, str]

    def ask(self, *compounds: dict[str, Any], run: str = "values", **question: object) -> dict[str, Any]:
        content = json.dumps({"compounds": compounds, **question})  # escaped, so that it may hold half a surrogate pair
        response = self.client.post("/v1/predictions", params={"run": self.runs[run]}, content=content, headers=JSON)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = json.loads(response.content)
        assert Predictions.model_validate(answer).model_dump() == answer
        return answer

    def refused(self, status: int, slug: str, question: object, run: str = "values") -> dict[str, Any]:
        response = self.client.post("/v1/predictions", params={"run": self.runs[run]}, json=question)
        assert response.status_code == status, response.text
        problem: dict[str, Any] = response.json()
        assert problem["type"] == f"/problems/{slug}"
        return problem


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("predictions")
    draws = drawn(40, fragments=len(FRAGMENTS), targets=len(TARGETS))
    generator = np.random.default_rng(2)
    factors = Factors.from_product(*(40 * generator.normal(size=(rows, 3)) for rows in (len(FRAGMENTS), len(TARGETS))))
    made = {
        "values": (Predictor.from_posterior(Posterior(draws, 6.25, binary=False)), Objective.ACTIVITY),
        "chances": (Predictor.from_posterior(Posterior(draws, -0.5, binary=True)), Objective.ACTIVITY),
        "sums": (Predictor.from_factors(factors), Objective.COUNTS),
    }
    publisher = Publisher(directory / "state")
    runs = {"nothing": publisher.publish(five_fragments())}
    broken = replace(five_fragments(), files={FILE: b"not a network"})
    runs["broken"] = publisher.publish(broken)
    for name, (predictor, objective) in made.items():
        runs[name] = publisher.publish(
            predicting(predictor, directory, fragments=FRAGMENTS, targets=TARGETS), objective=objective
        )
    settings = Settings(state=directory / "state")
    with TestClient(create_app(settings), base_url="http://api") as client:
        yield Served(client, runs)


@pytest.mark.parametrize("run", ["values", "chances", "sums"])
def test_contributions_the_target_and_the_mean_add_up_to_the_sum(served: Served, run: str) -> None:
    answer = served.ask({"smiles": ASPIRIN}, {"fragments": FRAGMENTS[2:]}, run=run, targets=TARGETS)
    for compound in answer["compounds"]:
        assert [each["target"] for each in compound["predictions"]] == TARGETS
        for each in compound["predictions"]:
            parts = each["contributions"]
            stated = [Decimal(str(part)) for part in (parts["mean"], parts["target"], *parts["fragments"])]
            assert sum(stated) == Decimal(str(each["sum"]))
            assert len(parts["fragments"]) == len(compound["fragments"])
            if run != "chances":
                assert each["value"] == each["sum"]


@pytest.mark.parametrize("run", ["values", "sums"])
def test_the_generated_client_reads_the_answer_whole(served: Served, run: str) -> None:
    answer = served.ask({"smiles": ASPIRIN}, {"fragments": ["*O*"]}, run=run)
    assert client_models.Predictions.from_dict(answer).to_dict() == answer


def test_values_lie_in_their_intervals_and_the_answer_says_what_they_are(served: Served) -> None:
    answer = served.ask({"smiles": ASPIRIN})
    assert (answer["run"], answer["scale"], answer["objective"]) == (served.runs["values"], "value", "activity")
    assert "fragments alone" in answer["meaning"]
    (compound,) = answer["compounds"]
    assert all(each["low"] < each["value"] < each["high"] for each in compound["predictions"])
    assert {each["contributions"]["mean"] for each in compound["predictions"]} == {6.25}


def test_chances_are_between_0_and_1_and_the_sum_is_their_probit(served: Served) -> None:
    (compound,) = served.ask({"smiles": ASPIRIN}, run="chances")["compounds"]
    for each in compound["predictions"]:
        assert 0 <= each["low"] <= each["value"] <= each["high"] <= 1
        assert (each["sum"] > 0) == (each["value"] > 0.5)


def test_sums_of_counts_say_that_they_are_no_potency_and_have_no_interval(served: Served) -> None:
    answer = served.ask({"smiles": ASPIRIN}, run="sums")
    assert (answer["scale"], answer["objective"]) == ("sum", "counts")
    assert "Neither a potency nor a chance" in answer["meaning"]
    assert {(each["low"], each["high"]) for each in answer["compounds"][0]["predictions"]} == {(None, None)}


def test_a_smiles_is_what_its_fragments_are_however_it_is_written(served: Served) -> None:
    salt = "[Na+].OC1=CC=CC=C1C(=O)[O-]"
    one, other, named = served.ask(
        {"smiles": "OC(=O)c1ccccc1O"}, {"smiles": salt}, {"fragments": list(fragment(salt).fragments)}
    )["compounds"]
    assert one["predictions"] == other["predictions"] == named["predictions"]
    assert (one["parent"], other["parent"], named["parent"]) == ("O=C(O)c1ccccc1O", "O=C(O)c1ccccc1O", None)
    assert (other["smiles"], named["smiles"]) == (salt, None)


def test_unknown_fragments_are_flagged_add_nothing_and_widen_the_interval(served: Served) -> None:
    known, partly, never = served.ask(
        {"fragments": KNOWN[:2]}, {"fragments": [*KNOWN[:2], "*O*", "no such"]}, {"fragments": ["*O*"]}, targets=TARGETS
    )["compounds"]
    assert (known["flags"], partly["flags"]) == ([], ["unknown-fragments"])
    assert never["flags"] == ["unknown-fragments", "nothing-known"]
    assert [each["known"] for each in partly["fragments"]] == [True, True, False, False]
    assert [each["support"] for each in partly["fragments"]] == [10, 11, None, None]
    for one, other, level in zip(known["predictions"], partly["predictions"], never["predictions"], strict=True):
        assert one["value"] == other["value"]
        assert other["high"] - other["low"] > one["high"] - one["low"]
        assert other["contributions"]["fragments"][2:] == [0.0, 0.0]
        assert level["value"] == pytest.approx(level["contributions"]["mean"] + level["contributions"]["target"], abs=1e-9)


def test_the_highest_ten_are_answered_unless_targets_or_a_limit_say_otherwise(served: Served) -> None:
    every = served.ask({"smiles": ASPIRIN}, targets=TARGETS[::-1])["compounds"][0]["predictions"]
    assert [each["target"] for each in every] == TARGETS[::-1]
    highest = sorted(every, key=lambda each: -each["value"])
    for question, expected in (
        ({}, highest[:10]),
        ({"limit": 3}, highest[:3]),
        ({"limit": 500}, highest),
        ({"limit": 1, "targets": [highest[4]["target"], highest[7]["target"]]}, [highest[4]]),
    ):
        assert served.ask({"smiles": ASPIRIN}, **question)["compounds"][0]["predictions"] == expected


def test_many_compounds_are_answered_in_their_order_as_each_would_be_alone(served: Served) -> None:
    compounds: list[dict[str, Any]] = [{"smiles": "C" * length + "c1ccccc1"} for length in range(1, 80)]
    compounds[7:7] = [{"fragments": ["caf\u00e9 💊"]}, {"fragments": ["id:0", "\ud800"]}]
    together = served.ask(*compounds, targets=TARGETS[:2])["compounds"]
    assert [each["smiles"] for each in together] == [each.get("smiles") for each in compounds]
    assert [each["name"] for each in together[8]["fragments"]] == [FRAGMENTS[0], "\ud800"]
    for place in (0, 7, 8, 40):
        (alone,) = served.ask(compounds[place], targets=TARGETS[:2])["compounds"]
        assert alone == together[place]


def test_a_metal_complex_without_carbon_is_refused_with_its_reason(served: Served) -> None:
    problem = served.refused(422, "molecules-unreadable", {"compounds": [{"smiles": ASPIRIN}, {"smiles": CISPLATIN}]})
    assert problem["count"] == 1
    assert problem["errors"][0]["place"] == "body.compounds.1.smiles"
    assert problem["errors"][0]["value"] == CISPLATIN
    assert "no organic part" in problem["errors"][0]["reason"]


def test_the_first_20_unreadable_smiles_are_listed_and_all_are_counted(served: Served) -> None:
    problem = served.refused(
        422, "molecules-unreadable", {"compounds": [{"smiles": f"rubbish {place}"} for place in range(50)]}
    )
    assert problem["count"] == 50
    assert [each["place"] for each in problem["errors"]] == [f"body.compounds.{place}.smiles" for place in range(20)]


def test_an_unknown_target_is_named_with_those_that_look_alike(served: Served) -> None:
    question = {"compounds": [{"smiles": ASPIRIN}], "targets": ["target 3", "Target 4", "x"]}
    problem = served.refused(404, "target-not-found", question)
    assert problem["missing"] == ["Target 4", "x"]
    assert "target 4" in problem["near"]


def test_of_names_that_are_too_long_to_be_any_a_refusal_repeats_the_beginning(served: Served) -> None:
    name = "x" * 100_000
    unknown = served.refused(404, "target-not-found", {"compounds": [{"smiles": ASPIRIN}], "targets": [name]})
    assert f" has no target '{'x' * 80}…'." in unknown["detail"]
    assert unknown["missing"] == [f"{'x' * 200}…"]
    twice = served.refused(422, "invalid-request", {"compounds": [{"fragments": [name, name]}]})
    assert twice["errors"][0]["reason"] == f"Value error, '{'x' * 80}…' is named twice"
    unread = served.refused(422, "molecules-unreadable", {"compounds": [{"smiles": name}]})
    assert unread["errors"][0]["value"] == f"{'x' * 200}…"
    assert max(len(str(problem)) for problem in (unknown, twice, unread)) < 2000


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ({}, "body.compounds"),
        ({"compounds": []}, "body.compounds"),
        ({"compounds": [{"smiles": "C"}] * 10_001}, "body.compounds"),
        ({"compounds": [{}]}, "body.compounds.0"),
        ({"compounds": [{"smiles": "C", "fragments": ["*C"]}]}, "body.compounds.0"),
        ({"compounds": [{"fragments": []}]}, "body.compounds.0.fragments"),
        ({"compounds": [{"fragments": ["*C", "*C"]}]}, "body.compounds.0.fragments"),
        ({"compounds": [{"smiles": 1}]}, "body.compounds.0.smiles"),
        ({"compounds": [{"smiles": "C"}], "targets": []}, "body.targets"),
        ({"compounds": [{"smiles": "C"}], "limit": 0}, "body.limit"),
        ({"compounds": [{"smiles": "C"}], "more": 1}, "body.more"),
    ],
)
def test_a_question_that_is_none_is_refused_and_says_where(served: Served, question: object, place: str) -> None:
    problem = served.refused(422, "invalid-request", question)
    assert problem["errors"][0]["place"] == place


def test_an_invalid_question_of_many_compounds_lists_the_first_20(served: Served) -> None:
    problem = served.refused(422, "invalid-request", {"compounds": [{}] * 30})
    assert (len(problem["errors"]), problem["count"]) == (20, 30)
    assert "a compound needs smiles or fragments" in problem["detail"]


def test_more_predictions_than_an_answer_holds_are_refused_before_anything_is_cut(served: Served) -> None:
    question = {"compounds": [{"smiles": "rubbish"}] * 9_000, "targets": TARGETS}
    problem = served.refused(422, "predictions-too-many", question)
    assert (problem["asked"], problem["limit"]) == (108_000, PREDICTIONS)


def test_a_run_without_a_network_says_what_to_do(served: Served) -> None:
    problem = served.refused(422, "nothing-predicts", {"compounds": [{"smiles": "C"}]}, run="nothing")
    assert "?run=" in problem["detail"]


def test_a_file_that_is_no_network_is_damage(served: Served) -> None:
    served.refused(500, "artifact-damaged", {"compounds": [{"smiles": "C"}]}, run="broken")


def test_a_worker_that_was_killed_is_started_again(served: Served) -> None:
    before = served.ask({"smiles": ASPIRIN})
    worker = served.client.app.state.predictor._molecules._worker._process  # type: ignore[attr-defined]  # noqa: SLF001 - to end it
    worker.kill()
    problem = served.refused(500, "molecules-failed", {"compounds": [{"smiles": ASPIRIN}]})
    assert "failed" in problem["detail"]
    assert served.ask({"smiles": ASPIRIN}) == before


def test_an_answer_is_the_same_every_time_and_carries_no_etag(served: Served) -> None:
    answers = [served.client.post("/v1/predictions", json={"compounds": [{"smiles": ASPIRIN}]}) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert "etag" not in answers[0].headers
    assert json.loads(answers[0].content)["run"] == served.runs["sums"]
