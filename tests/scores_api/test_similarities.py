from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from tests.scores_api.conftest import Published
from tests.support.store import Publisher, five_fragments

from contracts.kinds import RANKINGS, Objective, SimilarityKind
from scores_api.app import create_app
from scores_api.settings import Settings


def ask(client: TestClient, names: list[str], run: str = "current", **question: object) -> dict[str, object]:
    response = client.post("/v1/similarities", params={"run": run}, json={"fragments": names, **question})
    assert response.status_code == 200, response.text
    answer: dict[str, object] = response.json()
    return answer


@pytest.mark.parametrize("similarity", RANKINGS)
def test_it_is_a_part_of_the_whole_matrix(client: TestClient, published: Published, similarity: SimilarityKind) -> None:
    contents = published.contents["many"]
    places = [3, 1, 4, 159, 26, 5]
    names = [contents.names[place] for place in places]
    answer = ask(client, names, run=published.runs["many"], similarity=similarity.value)
    expected = contents.percents(similarity)[np.ix_(places, places)]
    np.testing.assert_allclose(np.array(answer["percents"]), expected, atol=0.006)
    assert answer["names"] == names
    assert answer["similarity"] == similarity.value
    assert answer["run"] == published.runs["many"]


def test_balanced_similarities_are_those_of_the_score_matrix(client: TestClient) -> None:
    scores = client.get("/cosine/score").json()
    assert ask(client, scores["names"], similarity="balanced")["percents"] == scores["scores"]


@given(st.permutations(["fA", "fB", "fC", "fD", "fE"]))
def test_a_permutation_of_the_question_permutes_the_answer(client: TestClient, names: list[str]) -> None:
    whole = np.array(ask(client, sorted(names))["percents"])
    order = np.argsort(names)
    np.testing.assert_array_equal(np.array(ask(client, names)["percents"])[np.ix_(order, order)], whole)


def test_500_fragments_are_compared_at_once_and_501_are_not(client: TestClient, published: Published) -> None:
    names = published.contents["many"].names
    answer = ask(client, names[:500], run=published.runs["many"])
    percents = np.array(answer["percents"])
    assert percents.shape == (500, 500)
    np.testing.assert_array_equal(percents, percents.T)
    np.testing.assert_array_equal(np.diag(percents), 100.0)
    refused = client.post("/v1/similarities", json={"fragments": names[:501]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["place"] == "body.fragments"


def test_all_unknown_names_are_listed(client: TestClient) -> None:
    response = client.post("/v1/similarities", json={"fragments": ["fA", "fX", "fB", "fY"]})
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/fragment-not-found"
    assert response.json()["missing"] == ["fX", "fY"]


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"fragments": []},
        {"fragments": "fA"},
        {"fragments": ["fA", "fA"]},
        {"fragments": ["fA", 1]},
        {"fragments": ["fA"], "similarity": "kinship"},
        {"fragments": ["fA"], "more": 1},
        [],
        None,
    ],
)
def test_a_question_that_is_none_is_refused(client: TestClient, question: object) -> None:
    response = client.post("/v1/similarities", json=question)
    assert response.status_code == 422
    assert response.json()["type"] == "/problems/invalid-request"


def test_half_a_surrogate_pair_is_an_unknown_name(client: TestClient) -> None:
    body = b'{"fragments": ["\\ud800"]}'
    response = client.post("/v1/similarities", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 404
    assert response.json()["missing"] == ["\ud800"]


def test_a_question_of_megabytes_is_refused(client: TestClient) -> None:
    response = client.post("/v1/similarities", json={"fragments": ["x" * 3_000_000]})
    assert response.status_code == 413
    assert response.json()["type"] == "/problems/content-too-large"


def test_an_answer_to_a_question_carries_no_etag(client: TestClient) -> None:
    response = client.post("/v1/similarities", json={"fragments": ["fA"]}, headers={"if-none-match": "*"})
    assert response.status_code == 200
    assert "etag" not in response.headers


def _posterior(*, draws: int = 40, seed: int = 0) -> npt.NDArray[np.float16]:
    """Directions of five fragments, fragments x draws x rank."""
    generator = np.random.default_rng(seed)
    rows_FSK = generator.normal(size=(5, 1, 3)) + 0.5 * generator.normal(size=(5, draws, 3))
    units_FSK: npt.NDArray[np.float64] = rows_FSK / np.linalg.norm(rows_FSK, axis=2, keepdims=True)
    return units_FSK.astype(np.float16)


def test_a_run_with_a_posterior_says_between_what_a_similarity_lies(tmp_path: Path) -> None:
    draws_FSK = _posterior()
    Publisher(tmp_path).publish(replace(five_fragments(), draws_FSK=draws_FSK), objective=Objective.ACTIVITY)
    with TestClient(create_app(Settings(state=tmp_path)), base_url="http://api") as client:
        answer = ask(client, ["fC", "fA", "fE"])
        balanced = ask(client, ["fC", "fA", "fE"], similarity="balanced")
    chosen = draws_FSK[[2, 0, 4]].astype(np.float64)
    cosines = 100 * np.einsum("isk,jsk->sij", chosen, chosen)
    np.testing.assert_allclose(np.array(answer["percents"]), cosines.mean(0), atol=0.1)
    for name, quantile in (("low", 0.05), ("high", 0.95)):
        bounds, pairs = np.array(answer[name]), np.triu_indices(3, 1)
        np.testing.assert_allclose(bounds[pairs], np.quantile(cosines, quantile, axis=0)[pairs], atol=0.02)
        np.testing.assert_array_equal(bounds, bounds.T)
        np.testing.assert_array_equal(np.diag(bounds), 100.0)
    assert (balanced["low"], balanced["high"]) == (None, None)


def test_a_run_without_a_posterior_has_no_intervals(client: TestClient) -> None:
    answer = ask(client, ["fA", "fB"])
    assert (answer["low"], answer["high"]) == (None, None)
