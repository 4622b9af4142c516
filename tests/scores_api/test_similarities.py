import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from tests.scores_api.conftest import Published

from contracts.kinds import RANKINGS, SimilarityKind


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


def test_cosines_of_factors_have_no_intervals(client: TestClient) -> None:
    answer = ask(client, ["fA", "fB"])
    assert (answer["low"], answer["high"]) == (None, None)
