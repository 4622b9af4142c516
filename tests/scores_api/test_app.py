from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from scores_api.app import create_app
from scores_api.problems import PROBLEM_TYPES
from scores_api.settings import Settings
from servicekit.problems import ProblemType

PAGE = "https://lab.example"


def asked_from_a_page(state: Path, *origins: str) -> TestClient:
    return TestClient(create_app(Settings(state=state, cors_origins=origins)), headers={"origin": PAGE})


def test_an_application_is_assembled_without_touching_anything(tmp_path: Path) -> None:
    state = tmp_path / "state"
    create_app(Settings(state=state)).openapi()
    assert not state.exists()


def test_pages_of_other_origins_may_not_read_by_default(tmp_path: Path) -> None:
    with asked_from_a_page(tmp_path) as client:
        assert "access-control-allow-origin" not in client.get("/healthz").headers


def test_pages_of_the_origins_in_the_settings_may_read(tmp_path: Path) -> None:
    with asked_from_a_page(tmp_path, PAGE) as client:
        headers = client.get("/healthz").headers
        assert headers["access-control-allow-origin"] == PAGE
        assert "ETag" in headers["access-control-expose-headers"]
        asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
        assert client.options("/v1/similarities", headers=asked).status_code == 200
        assert "access-control-allow-origin" not in client.get("/healthz", headers={"origin": "https://evil.example"}).headers


def test_problems_are_for_pages_as_well(tmp_path: Path) -> None:
    with asked_from_a_page(tmp_path, PAGE) as client:
        response = client.get("/cosine/score")
        assert response.status_code == 503
        assert response.headers["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize("kind", PROBLEM_TYPES, ids=lambda kind: kind.slug)
def test_every_problem_of_this_service_has_a_page(client: TestClient, kind: ProblemType) -> None:
    assert client.get(f"/problems/{kind.slug}").text == kind.page()


@pytest.mark.parametrize("path", ["/v1", "/v1/runs/a/b", "/v1/fragment", "/cosine", "/v2/runs", "/v1/factors"])
def test_an_address_that_is_none_is_a_problem(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/not-found"


def test_requests_to_published_addresses_are_counted_by_route(client: TestClient) -> None:
    def counted() -> float:
        label = 'http_requests_total{method="GET",route="/v1/fragments/{fragment:path}",status="200"}'
        lines = [line for line in client.get("/metrics").text.splitlines() if line.startswith(label)]
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0

    before = counted()
    for _ in range(3):
        client.get("/v1/fragments/fC")
    assert counted() == before + 3
