"""A chatbot is a job like any other: handed in, followed, cancelled, published."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.support.jobs import MemoryRuns, ScriptedExecutor

from contracts.store import Store
from dialogue.bundle import read_card
from trainer.api.app import create_app
from trainer.dialogue.corpora import training_spec
from trainer.jobs.published import StoredRuns
from trainer.runs.spec import BotSpec
from trainer.settings import Settings

BOT = {"kind": "dialogue", "language": "en", "iterations": 3, "device": "cpu"}


class _NoFirstRun(StoredRuns):
    """Of a store that has a run of the start's data."""

    def run_of(self, spec: object) -> str:  # noqa: ARG002 - the runs's
        return "factors-there"


@contextmanager
def _client(state: Path, **settings: Any) -> Iterator[TestClient]:
    chosen = Settings(state=state, **settings)
    with TestClient(create_app(chosen, runs=_NoFirstRun(chosen))) as client:
        yield client


def _events(client: TestClient, job: str) -> Iterator[tuple[str, dict[str, Any]]]:
    with client.stream("GET", f"/v1/jobs/{job}/events") as response:
        kind = ""
        for line in response.iter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: "):
                yield kind, json.loads(line.removeprefix("data: "))


@pytest.mark.slow
def test_a_bot_is_trained_by_a_job_that_tells_how_it_speaks(tmp_path: Path) -> None:
    with _client(tmp_path) as client:
        job = client.post("/v1/jobs", json={"spec": BOT}).json()
        assert (job["spec"]["architecture"], job["spec"]["corpora"]) == ("transformer", [])
        events = list(_events(client, job["id"]))
    kinds = [kind for kind, _ in events]
    assert kinds[0] == "attempt"
    assert kinds[-3:] == ["published", "memory", "end"]
    told = dict(events)
    assert told["end"]["state"] == "succeeded"
    assert told["end"]["run"].startswith("dialogue-")
    assert told["held-out"]["perplexity"] > 1
    assert len(told["samples"]["replies"]) == 5
    assert {"loss", "tokens_per_s", "eta_s", "total"} <= told["progress"].keys()
    card = read_card(Store.under(tmp_path).artifact("dialogue-en", told["end"]["run"]))
    assert card.training.steps == 3
    assert (tmp_path / "dialogue" / "en" / "checkpoint.pt").is_file()


@pytest.mark.slow
@pytest.mark.timeout(900)  # three trainings one after the other
def test_a_bot_that_makes_way_continues_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "devices.json").write_text('[{"name": "cpu", "memory_bytes": 8000000000}]')
    with _client(tmp_path, devices=tmp_path / "devices.json") as client:
        gentle = client.post("/v1/jobs", json={"spec": {**BOT, "iterations": 40}, "preemptible": True}).json()["id"]
        for kind, _ in _events(client, gentle):
            if kind == "progress":
                break
        urgent = client.post("/v1/jobs", json={"spec": BOT | {"iterations": 1}, "priority": 5}).json()["id"]
        assert dict(_events(client, urgent))["end"]["state"] == "succeeded"
        told = list(_events(client, gentle))
        log = client.get(f"/v1/jobs/{gentle}/log").text
    (end,) = (data for kind, data in told if kind == "end")
    assert (end["state"], end["attempts"], end["preemptions"]) == ("succeeded", 1, 1)
    (made_way,) = (place for place, (kind, _) in enumerate(told) if kind == "preempted")
    assert f"it makes way for job {urgent}" in told[made_way][1]["reason"]
    first, rest = ([data["done"] for kind, data in part if kind == "progress"] for part in (told[:made_way], told[made_way:]))
    assert rest[0] >= first[-1]  # and not from the beginning
    assert "its next attempt continues from there" in log


def test_a_bot_that_learns_can_be_cancelled(tmp_path: Path) -> None:
    with _client(tmp_path) as client:
        job = client.post("/v1/jobs", json={"spec": {**BOT, "iterations": 10**6}}).json()["id"]
        for kind, data in _events(client, job):
            if kind == "stage-started" and data["stage"] == "learn":
                assert client.delete(f"/v1/jobs/{job}").json()["state"] == "cancelled"
                break
    assert Store.under(tmp_path).version() == -1


@pytest.mark.parametrize(
    ("changes", "status", "slug"),
    [
        ({"minutes": 3}, 422, "invalid-request"),
        ({"language": "fr"}, 422, "invalid-request"),
        ({"iterations": 0}, 422, "invalid-request"),
        ({"rank": 3}, 422, "invalid-request"),
        ({"corpora": ["/etc"]}, 403, "data-not-allowed"),
        ({"corpora": ["dataset:" + "0" * 64]}, 422, "data-not-found"),
        ({"corpora": ["DATA/none.jsonl"]}, 422, "data-not-found"),
        ({"corpora": ["DATA/broken.jsonl"]}, 422, "invalid-data"),
        ({"kind": "poem"}, 422, "invalid-request"),
    ],
)
def test_what_cannot_be_trained_is_refused_at_the_door(tmp_path: Path, changes: dict[str, Any], status: int, slug: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "broken.jsonl").write_text('{"messages": 3}\n')
    if "corpora" in changes:
        changes = {"corpora": [name.replace("DATA", str(data)) for name in changes["corpora"]]}
    settings = Settings(state=tmp_path / "state", data_dirs=(data,))
    with TestClient(create_app(settings, runs=MemoryRuns(matching="there"))) as client:
        answer = client.post("/v1/jobs", json={"spec": BOT | changes})
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}"), answer.text


def test_resuming_where_nothing_was_trained_fails_with_its_problem(tmp_path: Path) -> None:
    with _client(tmp_path) as client:
        job = client.post("/v1/jobs", json={"spec": {**BOT, "resume": True}}).json()["id"]
        told = dict(_events(client, job))
    assert (told["end"]["state"], told["end"]["problem"]["type"]) == ("failed", "/problems/checkpoint-unusable")


def test_an_uploaded_corpus_can_be_learned_from(tmp_path: Path) -> None:
    lines = [{"messages": [{"role": "A", "text": f"message {n}"}, {"role": "B", "text": f"reply {n}"}]} for n in range(3)]
    settings = Settings(state=tmp_path)
    with TestClient(create_app(settings, executor=ScriptedExecutor(), runs=MemoryRuns(matching="there"))) as client:
        body = "\n".join(map(json.dumps, lines)).encode()
        source = client.post("/v1/datasets?name=talks.jsonl", content=body).json()["source"]
        answer = client.post("/v1/jobs", json={"spec": BOT | {"corpora": ["starter*2", f"{source}*3"]}})
    assert answer.status_code == 202, answer.text
    spec = training_spec(BotSpec(**answer.json()["spec"]), settings)
    assert [(choice.path.name, choice.times) for choice in spec.corpora] == [("en.jsonl", 2), ("talks.jsonl", 3)]
