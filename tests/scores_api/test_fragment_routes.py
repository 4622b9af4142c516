from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.scores_api.conftest import AWKWARD, Published
from tests.support.store import Publisher, named_fragments

from contracts.kinds import RANKINGS, SimilarityKind
from scores_api.app import create_app
from scores_api.settings import Settings


def address(name: str, end: str = "") -> str:
    """The path of a fragment; httpx removes dot segments, so dots are encoded as well."""
    return f"/v1/fragments/{quote(name, safe='').replace('.', '%2E')}{end}"


def every(client: TestClient, **parameters: str | int) -> list[str]:
    """Names on all pages of a list."""
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = client.get("/v1/fragments", params={**parameters, **({"cursor": cursor} if cursor else {})}).json()
        names += [item["name"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            return names


@pytest.mark.parametrize("name", AWKWARD)
def test_any_name_is_found_under_its_encoded_address(client: TestClient, published: Published, name: str) -> None:
    for end in ("", "/neighbours"):
        response = client.get(address(name, end), params={"run": published.runs["awkward"]})
        assert response.status_code == 200, response.text
        answer = response.json()
        assert answer["name" if end == "" else "fragment"] == name


def test_an_encoded_slash_is_part_of_the_name_and_a_bare_one_ends_it(client: TestClient, published: Published) -> None:
    run = {"run": published.runs["awkward"]}
    assert client.get("/v1/fragments/a%2Fneighbours", params=run).json()["name"] == "a/neighbours"
    assert client.get("/v1/fragments/a/neighbours", params=run).json()["fragment"] == "a"
    assert client.get("/v1/fragments/a%2Fneighbours/neighbours", params=run).json()["fragment"] == "a/neighbours"
    assert client.get("/v1/fragments/a/b", params=run).json()["name"] == "a/b"
    assert client.get("/v1/fragments/a%252Fb", params=run).json()["name"] == "a%2Fb"


def test_an_id_names_a_fragment_unless_a_name_does(client: TestClient, published: Published) -> None:
    run = {"run": published.runs["awkward"]}
    assert client.get("/v1/fragments/id:7", params=run).json()["name"] == AWKWARD[7]
    assert client.get("/v1/fragments/id:3", params=run).json()["name"] == "id:3"
    assert client.get("/v1/fragments/id:998", params=run).status_code == 404


@pytest.mark.parametrize("forged", ["id:-1", "id:", "id:1e1", "id:٣", "id:99999999999999999999", "id:1 "])
def test_an_id_is_digits_and_nothing_else(client: TestClient, forged: str) -> None:
    assert client.get(address(forged)).status_code == 404


def test_a_fragment_has_its_evidence_and_both_vectors(client: TestClient, published: Published) -> None:
    contents = published.contents["many"]
    place = contents.shown[5]
    answer = client.get(address(contents.names[place]), params={"run": published.runs["many"]}).json()
    row = contents.facts["fragments"].slice(place, 1).to_pylist()[0]
    assert {name: answer[name] for name in row} == row
    assert answer["run"] == published.runs["many"]
    np.testing.assert_allclose(answer["vector"], contents.canonical_FK[place], rtol=1e-6)
    np.testing.assert_allclose(answer["balanced"], contents.balanced_FK[place], rtol=1e-6)
    assert all(len(repr(number)) <= 13 for number in answer["vector"]), "float32 printed as float64"


def test_the_list_shows_fragments_with_evidence_in_order_of_id_and_all_on_demand(
    client: TestClient, published: Published
) -> None:
    contents = published.contents["many"]
    run = published.runs["many"]
    assert every(client, run=run, limit=1000) == [contents.names[place] for place in contents.shown]
    assert every(client, run=run, limit=999, shown="false") == contents.names


@pytest.mark.parametrize("query", ["C#N", "c#n", "[C@@H]", "%10", "/C=C/", "BR", "zzz", "C", "\uffff"])
def test_the_search_finds_parts_of_names_whatever_the_case(client: TestClient, published: Published, query: str) -> None:
    contents = published.contents["many"]
    expected = [contents.names[place] for place in contents.shown if query.casefold() in contents.names[place].casefold()]
    assert every(client, run=published.runs["many"], query=query, limit=100) == expected


def test_the_search_knows_unicode_composed_or_not(client: TestClient, published: Published) -> None:
    assert every(client, run=published.runs["awkward"], query="CAFÉ") == ["caf\u00e9", "cafe\u0301"]
    assert every(client, run=published.runs["awkward"], query="ゼン") == ["ベンゼン"]


@pytest.mark.parametrize("similarity", RANKINGS)
def test_neighbours_are_the_nearest_shown_fragments_in_order(
    client: TestClient, published: Published, similarity: SimilarityKind
) -> None:
    contents = published.contents["many"]
    percent_FF = contents.percents(similarity)
    shown = np.array(contents.shown)
    for place in (contents.shown[0], next(place for place in range(2100) if place not in set(contents.shown))):
        parameters = {"run": published.runs["many"], "similarity": similarity.value, "limit": 100}
        answer = client.get(address(contents.names[place], "/neighbours"), params=parameters).json()
        others = shown[shown != place]
        nearest = np.sort(percent_FF[place, others])[::-1][:100]
        assert [item["rank"] for item in answer["items"]] == list(range(1, 101))
        np.testing.assert_allclose([item[similarity.value] for item in answer["items"]], nearest, atol=0.006)
        assert contents.names[place] not in {item["name"] for item in answer["items"]}
        assert answer["similarity"] == similarity.value
        assert {item["low"] for item in answer["items"]} == {None}


def test_ten_neighbours_are_given_unless_others_are_asked_for(client: TestClient, published: Published) -> None:
    name = published.contents["many"].names[0]
    ask = {"run": published.runs["many"]}
    assert len(client.get(address(name, "/neighbours"), params=ask).json()["items"]) == 10
    assert len(client.get(address(name, "/neighbours"), params={**ask, "limit": 3}).json()["items"]) == 3
    assert len(client.get("/v1/fragments/fA/neighbours", params={"limit": 100}).json()["items"]) == 4


def test_of_a_fragment_whose_name_is_too_long_a_problem_repeats_the_beginning(client: TestClient) -> None:
    name = "x" * 50_000
    asked = client.get(f"/v1/fragments/{name}"), client.post("/v1/similarities", json={"fragments": [name, "fA"]})
    for answer in asked:
        assert answer.status_code == 404
        assert f" has no fragment '{'x' * 80}…'." in answer.json()["detail"]
        assert answer.json()["missing"] == [f"{'x' * 200}…"]
        assert len(answer.content) < 2500


def test_an_unknown_fragment_is_a_problem_with_names_that_are_near(client: TestClient, published: Published) -> None:
    problem = client.get("/v1/fragments/fa").json()
    assert problem["type"] == "/problems/fragment-not-found"
    assert problem["near"][0] == "fA"
    assert problem["missing"] == ["fa"]
    name = published.contents["many"].names[7]
    near = client.get(address(name + "X"), params={"run": published.runs["many"]}).json()["near"]
    assert name in near


@pytest.mark.parametrize(
    "asked",
    [
        "/v1/fragments?limit=0",
        "/v1/fragments?limit=1001",
        "/v1/fragments?limit=x",
        "/v1/fragments?shown=perhaps",
        "/v1/fragments/fA/neighbours?limit=101",
        "/v1/fragments/fA/neighbours?similarity=kinship",
        "/v1/fragments?query=" + "x" * 501,
        "/v1/fragments?run=" + "x" * 201,
    ],
)
def test_parameters_outside_their_limits_are_refused(client: TestClient, asked: str) -> None:
    response = client.get(asked)
    assert response.status_code == 422
    assert response.json()["type"] == "/problems/invalid-request"


@pytest.mark.parametrize("cursor", ["x", "", "AAAA", "%00", "=" * 10, "é"])
def test_a_made_up_cursor_is_refused(client: TestClient, cursor: str) -> None:
    for path in ("/v1/fragments", "/v1/runs", "/v1/artifacts", "/v1/factors/targets"):
        response = client.get(path, params={"cursor": cursor})
        assert response.status_code == 422
        assert response.json()["type"] == "/problems/invalid-cursor"


def test_a_cursor_belongs_to_its_list_its_filters_and_its_run(client: TestClient, published: Published) -> None:
    run = published.runs["many"]
    cursor = client.get("/v1/fragments", params={"run": run, "limit": 1}).json()["next"]
    for path, parameters in (
        ("/v1/fragments", {"query": "C"}),
        ("/v1/fragments", {"shown": "false"}),
        ("/v1/fragments", {"run": published.runs["five"]}),
        ("/v1/factors/fragments", {}),
        ("/v1/runs", {}),
    ):
        response = client.get(path, params={"cursor": cursor, **parameters})
        assert response.json()["type"] == "/problems/invalid-cursor", (path, parameters)


def test_a_cursor_stays_in_its_run_without_being_told(client: TestClient, published: Published) -> None:
    first = client.get("/v1/fragments", params={"run": published.runs["many"], "limit": 2}).json()
    second = client.get("/v1/fragments", params={"cursor": first["next"], "limit": 3}).json()
    assert second["run"] == published.runs["many"]
    assert [item["id"] for item in second["items"]] == published.contents["many"].shown[2:5]


def test_a_fragment_that_has_no_neighbours_is_answered_with_none(tmp_path: Path) -> None:
    Publisher(tmp_path / "state").publish(named_fragments(["alone"]))
    settings = Settings(state=tmp_path / "state")
    with TestClient(create_app(settings), base_url="http://api") as client:
        answer = client.get("/v1/fragments/alone/neighbours")
    assert answer.status_code == 200, answer.text
    assert answer.json()["items"] == []
