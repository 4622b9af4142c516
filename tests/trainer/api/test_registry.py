"""Runs and aliases over HTTP: what is changed, what is refused, and by which key."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.store import Publisher, five_fragments
from tests.support.trainer_app import problem_of, trainer_client

from servicekit.doors.keys import KeyFile, Scope


@pytest.fixture
def state(tmp_path: Path) -> Path:
    publisher = Publisher(tmp_path)
    for run in ("one", "two"):
        publisher.publish(five_fragments(), run=run)
    publisher.publish_files("dialogue-en", "bot", {"weights.npz": b"none"})
    return tmp_path


def test_a_run_is_named_tagged_noted_and_pinned_a_member_at_a_time(state: Path) -> None:
    with trainer_client(state) as client:
        answer = client.patch("/v1/runs/one", json={"name": "My run", "tags": ["b", "a", "b"]})
        assert answer.json() | {"published": None} == {
            "id": "one",
            "kind": "factors",
            "published": None,
            "name": "My run",
            "tags": ["b", "a"],
            "note": "",
            "pinned": False,
            "aliases": [],
            "decision": None,
        }
        client.patch("/v1/runs/My run", json={"note": "two\nlines", "pinned": True})
        found = client.get("/v1/runs/one").json()
        assert (found["name"], found["tags"], found["note"], found["pinned"]) == ("My run", ["b", "a"], "two\nlines", True)
        assert client.patch("/v1/runs/one", json={"name": None, "pinned": False}).json()["name"] is None
        assert [run["id"] for run in client.get("/v1/runs").json()["items"]] == ["bot", "two", "one"]
        assert client.patch("/v1/runs/bot", json={"tags": ["new"]}).json()["kind"] == "dialogue"


@pytest.mark.parametrize("edit", [{"name": " a"}, {"name": "a/b"}, {"tags": ["a b"]}, {"note": None}, {"other": 1}])
def test_what_is_no_name_or_tag_is_refused(state: Path, edit: dict[str, Any]) -> None:
    with trainer_client(state) as client:
        problem_of(client.patch("/v1/runs/one", json=edit), 422, "invalid-request")


def test_an_alias_is_made_moved_taken_back_and_deleted(state: Path) -> None:
    with trainer_client(state) as client:
        made = client.put("/v1/aliases/best", json={"run": "one"}, headers={"If-None-Match": "*"})
        assert (made.json(), made.headers["etag"]) == ({"alias": "best", "run": "one", "before": []}, '"one"')
        problem = problem_of(
            client.put("/v1/aliases/best", json={"run": "two"}, headers={"If-None-Match": "*"}), 412, "alias-moved"
        )
        assert problem["run"] == "one"
        moved = client.put("/v1/aliases/best", json={"run": "current"}, headers={"If-Match": made.headers["etag"]})
        assert moved.json() == {"alias": "best", "run": "two", "before": ["one"]}
        problem_of(client.post("/v1/aliases/best/rollback", headers={"If-Match": '"one"'}), 412, "alias-moved")
        assert client.post("/v1/aliases/best/rollback").json()["run"] == "one"
        problem_of(client.post("/v1/aliases/best/rollback"), 409, "nothing-before")
        assert [alias["alias"] for alias in client.get("/v1/aliases").json()["items"]] == ["best", "current"]
        problem_of(client.delete("/v1/aliases/best", headers={"If-Match": '"two"'}), 412, "alias-moved")
        anything = {"If-Match": "*"}
        assert client.put("/v1/aliases/best", json={"run": "one"}, headers=anything).status_code == 200
        assert client.delete("/v1/aliases/best", headers=anything).status_code == 204
        problem_of(client.put("/v1/aliases/best", json={"run": "one"}, headers=anything), 412, "alias-moved")
        for method, path in (("POST", "/v1/aliases/best/rollback"), ("DELETE", "/v1/aliases/best")):
            problem_of(client.request(method, path, headers=anything), 412, "alias-moved")
            problem_of(client.request(method, path), 404, "alias-not-found")
        problem_of(client.get("/v1/aliases/best"), 404, "alias-not-found")
        problem_of(client.delete("/v1/aliases/current"), 409, "run-kept")
        problem_of(client.put("/v1/aliases/best", json={"run": "nothing"}), 404, "run-not-found")
        problem_of(client.put("/v1/aliases/best", json={"run": "bot"}), 404, "run-not-found")
        problem_of(client.put("/v1/aliases/two", json={"run": "one"}), 409, "name-taken")


def test_a_run_is_deleted_unless_it_is_current_or_pinned(state: Path) -> None:
    with trainer_client(state) as client:
        assert "current" in problem_of(client.delete("/v1/runs/two"), 409, "run-kept")["detail"]
        client.patch("/v1/runs/one", json={"pinned": True})
        problem_of(client.delete("/v1/runs/one"), 409, "run-kept")
        client.patch("/v1/runs/one", json={"pinned": False})
        assert client.delete("/v1/runs/one").status_code == 204
        problem_of(client.delete("/v1/runs/one"), 404, "run-not-found")
        problem_of(client.patch("/v1/runs/one", json={}), 404, "run-not-found")


def test_a_bot_that_a_job_begins_with_is_not_deleted(state: Path) -> None:
    weights = state / "store" / "artifacts" / "dialogue-en" / "bot" / "weights.npz"
    with trainer_client(state, lambda _: None, settings={"data_dirs": [weights.parent]}) as client:
        spec = {"kind": "dialogue", "language": "en", "begin_with": str(weights)}
        job = client.post("/v1/jobs", json={"spec": spec}).json()["id"]
        assert "job" in problem_of(client.delete("/v1/runs/bot"), 409, "run-kept")["detail"]
        client.delete(f"/v1/jobs/{job}")
        assert client.delete("/v1/runs/bot").status_code == 204


def test_a_bot_is_promoted_by_its_languages_name_unless_it_cannot_be_compared(state: Path) -> None:
    with trainer_client(state) as client:
        problem_of(client.post("/v1/aliases/ntdemo-en/rollback"), 409, "bot-not-promoted")
        detail = problem_of(client.put("/v1/aliases/ntdemo-ja", json={"run": "bot"}), 409, "bot-not-promoted")["detail"]
        assert detail == "bot speaks en, and not ja."
        detail = problem_of(client.put("/v1/aliases/ntdemo-en", json={"run": "bot"}), 409, "bot-not-promoted")["detail"]
        assert detail.startswith("bot cannot be compared: ")
        for name in ("ntdemo-en", "ntdemo-ja"):
            promoting = client.put(f"/v1/aliases/{name}", json={"run": "bot"}, headers={"If-Match": "*"})
            assert promoting.status_code == (412 if name == "ntdemo-en" else 409)
        forced = client.put("/v1/aliases/ntdemo-en", json={"run": "bot", "force": True})
        assert forced.json()["run"] == "bot"
        assert client.get("/v1/aliases/ntdemo-en").json()["run"] == "bot"
        assert client.get("/v1/runs/bot").json()["aliases"] == ["ntdemo-en"]
        problem_of(client.delete("/v1/runs/bot"), 409, "run-kept")
        problem = problem_of(
            client.put("/v1/aliases/ntdemo-en", json={"run": "bot"}, headers={"If-Match": '"x"'}), 412, "alias-moved"
        )
        assert problem["run"] == "bot"
        problem_of(client.post("/v1/aliases/ntdemo-en/rollback", headers={"If-None-Match": "*"}), 412, "alias-moved")
        assert client.post("/v1/aliases/ntdemo-en/rollback").json()["run"] is None
        assert client.delete("/v1/runs/bot").status_code == 204


def test_who_may_only_read_changes_nothing(state: Path, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    key, _ = KeyFile(keys).create("reader", Scope.READ, now=datetime.now(UTC), expires=None)
    reader = {"Authorization": f"Bearer {key}"}
    with trainer_client(state, settings={"keys": keys}) as client:
        assert client.get("/v1/runs", headers=reader).status_code == 200
        for method, path in (("PATCH", "/v1/runs/one"), ("DELETE", "/v1/runs/one"), ("PUT", "/v1/aliases/current")):
            problem_of(client.request(method, path, headers=reader), 403, "forbidden")
        problem_of(client.post("/v1/aliases/current/rollback", headers=reader), 403, "forbidden")


def test_a_store_that_lost_its_publications_is_said_to_be_not_ready(state: Path) -> None:
    with trainer_client(state) as client:
        commit = state / "store" / "tables" / "publications" / "_delta_log" / f"{1:020}.json"
        commit.write_bytes(commit.read_bytes()[:50])
        problem_of(client.patch("/v1/runs/one", json={"note": "n"}), 503, "not-ready")
