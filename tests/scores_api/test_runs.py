from datetime import datetime

import pytest
from fastapi.testclient import TestClient
from tests.scores_api.conftest import Published


def test_runs_are_listed_the_newest_first_and_one_is_current(client: TestClient, published: Published) -> None:
    items = client.get("/v1/runs").json()["items"]
    assert [item["id"] for item in items] == list(published.runs.values())[::-1]
    assert [item["current"] for item in items] == [True, False, False, False]


def test_pages_of_runs_join_to_the_whole_list(client: TestClient, published: Published) -> None:
    found: list[str] = []
    cursor: str | None = None
    for _ in range(10):
        page = client.get("/v1/runs", params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == list(published.runs.values())[::-1]


def test_a_run_is_described_whole(client: TestClient, published: Published) -> None:
    run = client.get(f"/v1/runs/{published.runs['many']}").json()
    assert {name: run[name] for name in ("kind", "objective", "activity_kind", "source", "data", "device", "code_version")} == {
        "kind": "factors",
        "objective": "counts",
        "activity_kind": "real",
        "source": "assays.csv.gz",
        "data": published.contents["many"].data,
        "device": "cpu",
        "code_version": "0.1.0",
    }
    assert (run["fragments"], run["shown_fragments"], run["compounds"], run["targets"], run["rank"]) == (2100, 2001, 50, 7, 4)
    assert run["spec"] == {"engine": "torch", "objective": "counts", "rank": 4, "seed": 0}
    assert run["ingest"] == {"rows_read": 10, "rows_used": 10, "rows_rejected": 0}
    assert run["metrics"] == {"loss": 0.25}
    assert datetime.fromisoformat(run["started"]) < datetime.fromisoformat(run["finished"])
    assert run["current"] is False


@pytest.mark.parametrize("alias", ["current", "latest"])
def test_aliases_name_the_newest_run(client: TestClient, published: Published, alias: str) -> None:
    run = client.get(f"/v1/runs/{alias}").json()
    assert run["id"] == published.runs["five"]
    assert run["current"] is True


def test_the_curve_has_a_loss_for_every_step(client: TestClient, published: Published) -> None:
    curve = client.get("/v1/runs/current/curve").json()
    assert curve == {"run": published.runs["five"], "steps": [0, 10, 20, 30, 40], "losses": [1.25, 0.75, 0.5, 0.375, 0.3125]}


def test_the_trajectory_has_a_position_for_every_fragment_and_step(client: TestClient, published: Published) -> None:
    trajectory = client.get("/v1/runs/current/trajectory").json()
    assert trajectory["fragments"] == ["fA", "fB", "fC", "fD", "fE"]
    assert trajectory["steps"] == [0, 10, 20, 30, 40]
    assert [len(step) for step in trajectory["positions"]] == [5] * 5
    assert trajectory["positions"][0] == [[0.0, 0.0, 0.0]] * 5
    assert trajectory["positions"][-1] == [
        pytest.approx(row, abs=1e-6) for row in published.contents["five"].balanced_FK.tolist()
    ]


@pytest.mark.parametrize("address", ["/v1/runs/nope", "/v1/runs/nope/curve", "/v1/runs/nope/trajectory"])
def test_an_unknown_run_is_a_problem(client: TestClient, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert response.json()["type"] == "/problems/run-not-found"
