import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from servicekit.problems import COMMON_PROBLEMS, MEDIA_TYPE


def test_a_problem_carries_its_type_title_status_detail_path_and_extensions(client: TestClient) -> None:
    response = client.get("/teapot?cup=1")
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.json() == {
        "type": "/problems/teapot",
        "title": "I am a teapot",
        "status": 418,
        "detail": "No coffee here.",
        "instance": "/teapot",
        "cups": 3,
    }


def test_the_type_of_a_problem_is_the_address_of_its_page(client: TestClient) -> None:
    page = client.get(client.get("/teapot").json()["type"])
    assert page.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "# I am a teapot" in page.text
    assert "Tip it over." in page.text


@pytest.mark.parametrize("kind", COMMON_PROBLEMS, ids=lambda kind: kind.slug)
def test_every_common_problem_has_a_page(client: TestClient, kind: object) -> None:
    slug = str(getattr(kind, "slug", ""))
    assert slug in client.get(f"/problems/{slug}").text


def test_an_unknown_problem_page_is_a_problem(client: TestClient) -> None:
    assert client.get("/problems/none").json()["type"] == "/problems/not-found"


def test_an_unknown_address_is_a_problem_that_repeats_it_as_it_was_sent(client: TestClient) -> None:
    response = client.get("/no/C%23N")
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/not-found"
    assert response.json()["instance"] == "/no/C%23N"


def test_of_a_long_address_a_problem_repeats_the_beginning(client: TestClient) -> None:
    problem = client.get("/no/" + "x" * 50_000).json()
    assert problem["detail"] == f"There is nothing at /no/{'x' * 76}…."
    assert problem["instance"] == f"/no/{'x' * 996}…"
    assert len(client.get("/problems/" + "x" * 50_000).content) < 2000


def test_of_a_long_name_of_a_place_a_problem_repeats_the_beginning(client: TestClient) -> None:
    problem = client.post("/echo", json={"names": [], "y" * 900: 1}).json()
    assert problem["errors"][0]["place"] == f"body.{'y' * 80}…"


def test_a_method_that_is_not_taken_is_a_problem_that_names_those_that_are(client: TestClient) -> None:
    response = client.delete("/teapot")
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}
    assert response.json()["type"] == "/problems/method-not-allowed"


def test_a_parameter_that_does_not_fit_is_a_problem_that_names_the_place(client: TestClient) -> None:
    response = client.get("/limited/x?limit=0")
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"place": "query.limit", "reason": "Input should be greater than or equal to 1", "kind": "greater_than_equal"}
    ]
    assert "query.limit" in response.json()["detail"]


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b'{"names": 1}', b"\xff"])
def test_a_body_that_is_not_what_was_asked_for_is_a_problem(client: TestClient, body: bytes) -> None:
    response = client.post("/echo", content=body, headers={"content-type": "application/json"})
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.status_code in (400, 422)


def test_what_is_not_ready_says_when_to_ask_again(client: TestClient) -> None:
    response = client.get("/away")
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert response.json()["type"] == "/problems/not-ready"


def test_a_problem_repeats_half_a_surrogate_pair_escaped(client: TestClient) -> None:
    response = client.post("/echo", content=b'{"names": ["\\ud800"]}', headers={"content-type": "application/json"})
    assert response.status_code == 418
    assert b"\\ud800" in response.content


def test_unicode_is_written_as_itself(client: TestClient) -> None:
    assert "ベンゼン" in client.post("/echo", json={"names": ["ベンゼン"]}).text


def test_a_method_that_is_not_taken_is_told_all_that_are(app: FastAPI, client: TestClient) -> None:
    @app.get("/kettle")
    async def look() -> str:
        return "cold"

    @app.post("/kettle")
    async def fill() -> str:
        return "full"

    router = APIRouter()
    router.add_api_route("/kettle", fill, methods=["DELETE"], name="empty")
    app.include_router(router)
    response = client.patch("/kettle")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, POST, DELETE"
