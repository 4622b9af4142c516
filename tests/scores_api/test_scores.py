import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.scores_api.conftest import Published

from contracts.kinds import SimilarityKind

PUBLISHED = {("fA", "fB"): 42, ("fA", "fC"): 24, ("fA", "fD"): 80, ("fB", "fC"): 98, ("fB", "fD"): 87, ("fC", "fD"): 74}
"""What the seed's data gives at its optimum."""


def test_the_built_in_data_gives_the_published_percents(client: TestClient) -> None:
    answer = client.get("/cosine/score").json()
    places = {name: place for place, name in enumerate(answer["names"])}
    for (one, other), percent in PUBLISHED.items():
        assert answer["scores"][places[one]][places[other]] == pytest.approx(percent, abs=0.5)


def test_the_object_has_names_and_scores_and_nothing_else(client: TestClient) -> None:
    answer = client.get("/cosine/score").json()
    assert list(answer) == ["names", "scores"]
    assert answer["names"] == ["fA", "fB", "fC", "fD", "fE"]


@pytest.mark.parametrize("name", ["five", "stretched", "awkward"])
def test_scores_are_the_runs_symmetric_with_100_on_the_diagonal_and_two_decimals(
    client: TestClient, published: Published, name: str
) -> None:
    answer = client.get("/cosine/score", params={"run": published.runs[name]}).json()
    percent_FF = np.array(answer["scores"])
    np.testing.assert_array_equal(percent_FF, percent_FF.T)
    np.testing.assert_array_equal(np.diag(percent_FF), 100.0)
    np.testing.assert_array_equal(percent_FF, percent_FF.round(2))
    expected_FF = published.contents[name].percents(SimilarityKind.BALANCED)
    np.testing.assert_allclose(percent_FF, expected_FF, atol=0.006)
    assert answer["names"] == published.contents[name].names


def test_the_route_and_the_layer_before_it_answer_the_same_bytes(client: TestClient, published: Published) -> None:
    kept = [client.get("/cosine/score") for _ in range(2)]
    by_route = client.get("/cosine/score", params={"run": published.runs["five"]})
    assert {response.content for response in [*kept, by_route]} == {by_route.content}
    assert {response.headers["etag"] for response in [*kept, by_route]} == {by_route.headers["etag"]}
    assert {response.headers["content-type"] for response in [*kept, by_route]} == {"application/json"}


def test_more_fragments_than_a_matrix_holds_are_a_problem_that_names_the_neighbours(
    client: TestClient, published: Published
) -> None:
    response = client.get("/cosine/score", params={"run": published.runs["many"]})
    assert response.status_code == 422
    problem = response.json()
    assert problem["type"] == "/problems/matrix-too-large"
    assert "/v1/fragments/{fragment}/neighbours" in problem["detail"]
    assert (problem["fragments"], problem["limit"]) == (2001, 2000)


def test_an_unknown_run_is_a_problem(client: TestClient) -> None:
    response = client.get("/cosine/score", params={"run": "factors-0"})
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/run-not-found"
    assert "'factors-0'" in response.json()["detail"]
