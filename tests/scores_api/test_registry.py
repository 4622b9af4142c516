"""What the trainer's registry says is what requests see at once: names, aliases, deletions; and two runs are compared."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from tests.support.damage import flip
from tests.support.store import Publisher, five_fragments, named_fragments

from contracts.kinds import SimilarityKind
from published.changes import CURRENT, Change, Marks
from scores_api import comparison
from scores_api.app import create_app
from scores_api.live import Live
from scores_api.routes import runs as routes
from scores_api.settings import Settings
from trainer.pipelines.registry import Runs
from trainer.settings import Settings as TrainerSettings
from trainer.store.recovery import recover


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    """Three runs; `three` is current."""
    found = Publisher(tmp_path)
    for place, run in enumerate(("one", "two", "three"), start=1):
        found.publish(five_fragments().scaled(place), run=run)
    return found


@pytest.fixture
def runs(publisher: Publisher) -> Runs:
    return Runs(TrainerSettings(state=publisher.state))


@pytest.fixture
def client(publisher: Publisher) -> Iterator[TestClient]:
    with TestClient(create_app(Settings(state=publisher.state)), base_url="http://api") as client:
        yield client


def served(client: TestClient, run: str = CURRENT) -> str:
    found: str = client.get(f"/v1/runs/{run}").json()["id"]
    return found


def test_what_people_say_of_a_run_is_shown_and_a_held_answer_is_not_taken_for_it(client: TestClient, runs: Runs) -> None:
    held = client.get("/v1/runs").headers["etag"]
    runs.mark("one", lambda _: Marks("My run", ("a", "b"), "note", pinned=True))
    runs.name("best", "one")
    answer = client.get("/v1/runs", headers={"If-None-Match": held})
    assert answer.status_code == 200
    said = ("name", "tags", "note", "pinned", "aliases", "current")
    assert {run["id"]: tuple(run[name] for name in said) for run in answer.json()["items"]} == {
        "one": ("My run", ["a", "b"], "note", True, ["best"], False),
        "two": (None, [], "", False, [], False),
        "three": (None, [], "", False, ["current"], True),
    }
    assert client.get("/v1/runs/one").json()["note"] == "note"


@pytest.mark.parametrize("word", ["one", "My run", "best"])
def test_wherever_a_run_is_named_an_alias_or_a_name_does_too(client: TestClient, runs: Runs, word: str) -> None:
    runs.mark("one", lambda marks: replace(marks, name="My run"))
    runs.name("best", "one")
    assert served(client, word) == "one"
    assert client.get(f"/v1/runs/{word}/curve").json()["run"] == "one"
    assert client.get("/cosine/score", params={"run": word}).json() == client.get("/cosine/score?run=one").json()
    first = client.get("/v1/fragments", params={"run": word, "limit": 2}).json()
    assert first["run"] == "one"
    assert client.get("/v1/fragments", params={"run": word, "cursor": first["next"]}).json()["run"] == "one"


def test_a_list_that_was_begun_by_an_alias_goes_on_in_its_run(client: TestClient, runs: Runs) -> None:
    runs.name("best", "one")
    first = client.get("/v1/fragments?run=best&limit=2").json()
    runs.name("best", "two")
    assert client.get("/v1/fragments", params={"run": "best", "cursor": first["next"]}).json()["run"] == "one"
    runs.roll_back("best")
    runs.drop("best")
    runs.name("other", "two")
    runs.mark("two", lambda marks: replace(marks, name="My run"))
    assert client.get("/v1/fragments", params={"run": CURRENT, "cursor": first["next"]}).json()["run"] == "one"
    for word in ("two", "other", "My run", "nothing"):
        assert client.get("/v1/fragments", params={"run": word, "cursor": first["next"]}).status_code == 422, word


def test_a_list_that_was_begun_by_an_alias_goes_on_when_the_alias_went_back(client: TestClient, runs: Runs) -> None:
    runs.name("best", "one")
    runs.name("best", "two")
    first = client.get("/v1/fragments?run=best&limit=2").json()
    assert first["run"] == "two"
    runs.roll_back("best")
    assert client.get("/v1/fragments", params={"run": "best", "cursor": first["next"]}).json()["run"] == "two"


def test_current_is_what_the_alias_names_and_latest_what_was_published_last(client: TestClient, runs: Runs) -> None:
    runs.name(CURRENT, "one")
    assert (served(client), served(client, "latest")) == ("one", "three")
    assert client.get("/v1/artifacts/factors/current").json()["run"] == "one"
    assert client.get("/v1/artifacts/factors/latest").json()["run"] == "three"
    assert client.get("/cosine/score").json() == client.get("/cosine/score?run=one").json()
    runs.roll_back(CURRENT)
    assert served(client) == "three"


def test_of_a_run_that_did_not_take_current_it_is_said_why(client: TestClient, publisher: Publisher) -> None:
    publisher.publish(named_fragments(["a", "b"]), run="other", change=Change(datetime.now(UTC), reason="It is of other data."))
    assert served(client) == "three"
    assert client.get("/v1/runs/other").json()["decision"] == "It is of other data."
    assert client.get("/v1/runs/three").json()["decision"] is None


def test_where_current_is_damaged_it_is_what_it_named_before_and_not_the_newest(
    client: TestClient, publisher: Publisher, runs: Runs
) -> None:
    runs.name(CURRENT, "one")
    runs.name(CURRENT, "two")
    publisher.publish(five_fragments(), run="four", change=Change(datetime.now(UTC)))
    assert served(client) == "two"
    flip(publisher.store.artifact("factors", "two") / "run.json")
    with TestClient(create_app(Settings(state=publisher.state)), base_url="http://api") as afresh:
        assert served(afresh) == "one"


def test_nobody_is_answered_from_a_deleted_run_and_pages_go_on(client: TestClient, publisher: Publisher, runs: Runs) -> None:
    page = client.get("/v1/runs?limit=1").json()
    files = client.get("/v1/artifacts?limit=1").json()
    assert client.get("/v1/runs/one/curve").status_code == 200
    runs.delete("one")
    for path in ("/v1/runs/one", "/v1/runs/one/curve", "/cosine/score?run=one", "/v1/artifacts/factors/one"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["type"]) == (410, "/problems/run-deleted"), path
    assert [run["id"] for run in client.get("/v1/runs", params={"cursor": page["next"]}).json()["items"]] == ["two"]
    assert [one["run"] for one in client.get("/v1/artifacts", params={"cursor": files["next"]}).json()["items"]] == ["two"]
    recover(publisher.store)
    with TestClient(create_app(Settings(state=publisher.state)), base_url="http://api") as afresh:
        assert [run["id"] for run in afresh.get("/v1/runs").json()["items"]] == ["three", "two"]
        assert afresh.get("/readyz").status_code == 200


def test_who_has_a_run_open_reads_on_when_it_is_deleted_and_its_space_is_freed(publisher: Publisher, runs: Runs) -> None:
    async def read_on() -> None:
        live = Live(Settings(state=publisher.state), release="1")
        live.start()
        try:
            view = await live.run("one")
            before = [view.published.neighbours[SimilarityKind.BALANCED].of(id_, 5).tobytes() for id_ in range(5)]
            runs.delete("one")
            recover(publisher.store)
            shutil.rmtree(publisher.state / "quarantine")
            after = [view.published.neighbours[SimilarityKind.BALANCED].of(id_, 5).tobytes() for id_ in range(5)]
            assert after == before
            for name in view.published.files:
                assert bytes(view.published.body(name)) is not None
        finally:
            await live.close()

    asyncio.run(read_on())


def compared(client: TestClient, a: str, b: str, **asked: Any) -> dict[str, Any]:
    answer = client.get("/v1/runs/compare", params={"a": a, "b": b, **asked})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_run_differs_in_nothing_from_itself(client: TestClient) -> None:
    same = compared(client, "one", "one")
    assert (same["parameters"], same["moved"], same["kept"], same["data"]["same"]) == ([], [], 1.0, True)


def test_runs_of_the_same_data_are_compared_by_names_and_aliases(client: TestClient, runs: Runs) -> None:
    runs.mark("one", lambda marks: replace(marks, name="My run"))
    found = compared(client, "My run", CURRENT)
    assert (found["a"], found["b"], found["compared"], found["similarity"]) == ("one", "three", 5, "balanced")
    assert found["data"] == {
        "same": True,
        "source_a": "built-in",
        "source_b": "built-in",
        "counts": [{"name": name, "a": count, "b": count} for name, count in COUNTS.items()],
        "shared_fragments": 5,
        "only_a": 0,
        "only_b": 0,
    }
    assert found["metrics"] == [{"name": "loss", "a": 0.25, "b": 0.25}]


COUNTS = {"fragments": 5, "shown_fragments": 5, "compounds": 10, "targets": 10}


def test_what_differs_is_listed_and_fragments_that_moved_most_come_first(publisher: Publisher, client: TestClient) -> None:
    names = [f"f{place}" for place in range(40)]
    publisher.publish(named_fragments(names, seed=1), run="a")
    publisher.publish(named_fragments([*names[5:], "new"], seed=2), run="b")
    found = compared(client, "a", "b", limit=3)
    assert (found["data"]["shared_fragments"], found["data"]["only_a"], found["data"]["only_b"]) == (35, 5, 1)
    assert found["compared"] == 35
    assert 0 <= found["kept"] < 1
    kept = [each["kept"] for each in found["moved"]]
    assert len(kept) == 3
    assert kept == sorted(kept)
    near = {run: set(neighbours(client, run, found["moved"][0]["fragment"])) for run in "ab"}
    assert set(found["moved"][0]["left"]) == near["a"] - near["b"]
    assert set(found["moved"][0]["came"]) == near["b"] - near["a"]
    assert found["moved"][0]["kept"] == len(near["a"] & near["b"])
    other = compared(client, "one", "a")
    assert {each["name"]: (each["a"], each["b"]) for each in other["parameters"]} == {"rank": ("3", "2")}


def test_the_devices_that_were_used_differ_whatever_was_asked_for(publisher: Publisher) -> None:
    async def differing() -> list[tuple[str, str | None, str | None]]:
        live = Live(Settings(state=publisher.state), release="1")
        live.start()
        try:
            one = (await live.run("one")).published
            spec = {**one.record.spec, "device": "auto"}
            on = [
                replace(one, record=one.record.model_copy(update={"device": device, "spec": spec}))
                for device in ("cpu", "cuda")
            ]
            return [(each.name, each.a, each.b) for each in comparison.compared(*on, limit=0).parameters]
        finally:
            await live.close()

    assert asyncio.run(differing()) == [("device", '"cpu"', '"cuda"')]


def test_a_comparison_that_is_held_already_is_not_made_again(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    question = {"a": "one", "b": CURRENT}
    tag = client.get("/v1/runs/compare", params=question).headers["etag"]
    monkeypatch.setattr(routes, "compared", None)
    assert client.get("/v1/runs/compare", params=question, headers={"if-none-match": tag}).status_code == 304


def neighbours(client: TestClient, run: str, fragment: str) -> list[str]:
    found = client.get(f"/v1/fragments/{fragment}/neighbours?run={run}&similarity=balanced&limit=10").json()["items"]
    return [each["name"] for each in found]


def test_a_comparison_with_what_is_not_there_is_refused(client: TestClient, runs: Runs) -> None:
    assert client.get("/v1/runs/compare?a=one&b=nothing").status_code == 404
    assert client.get("/v1/runs/compare?a=one").status_code == 422
    runs.delete("one")
    assert client.get("/v1/runs/compare?a=one&b=two").status_code == 410
