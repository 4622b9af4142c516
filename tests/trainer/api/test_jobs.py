"""Jobs over HTTP: handed in, listed, followed, cancelled."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.seed_json import seed_json
from tests.support.trainer_app import BUILT_IN, SLEEPER, ended_job, events_of, fails, problem_of, succeeds, trainer_client

from trainer.jobs.executors.local import LocalExecutor


def test_a_job_is_taken_in_and_its_address_named(tmp_path: Path) -> None:
    with trainer_client(tmp_path, succeeds) as client:
        response = client.post("/v1/jobs", json={**BUILT_IN, "priority": 5})
        assert response.status_code == 202
        job = response.json()
        assert response.headers["location"] == f"/v1/jobs/{job['id']}"
        assert (job["spec"]["rank"], job["priority"], job["problem"]) == (None, 5, None)
        found = ended_job(client, job["id"])
        assert (found["state"], found["attempts"]) == ("succeeded", 1)
        assert found["run"].startswith("factors-")
        assert client.get(response.headers["location"]).json() == found


def test_the_same_key_and_body_is_the_same_job(tmp_path: Path) -> None:
    with trainer_client(tmp_path, succeeds) as client:
        answers = [client.post("/v1/jobs", json=BUILT_IN, headers={"Idempotency-Key": "k"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].headers["location"] == answers[1].headers["location"]
        assert len(client.get("/v1/jobs").json()["items"]) == 1


def test_the_same_key_with_another_body_is_a_conflict(tmp_path: Path) -> None:
    with trainer_client(tmp_path, succeeds) as client:
        client.post("/v1/jobs", json=BUILT_IN, headers={"Idempotency-Key": "k"})
        problem_of(
            client.post("/v1/jobs", json={**BUILT_IN, "priority": 1}, headers={"Idempotency-Key": "k"}),
            409,
            "idempotency-conflict",
        )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"spec": {}},
        {"spec": {"kind": "dialogue"}},
        {"spec": {"kind": "factors", "rank": 0}},
        {"spec": {"kind": "factors", "colour": "red"}},
        {"spec": {"kind": "factors"}, "priority": 1000},
        {"spec": {"kind": "factors", "ingest": {"layout": "wide", "value_column": "v"}}},
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_its_places(tmp_path: Path, body: dict[str, Any]) -> None:
    with trainer_client(tmp_path) as client:
        problem = problem_of(client.post("/v1/jobs", json=body), 422, "invalid-request")
        assert problem["errors"][0]["place"].startswith("body")
        assert client.get("/v1/jobs").json()["items"] == []


def test_files_that_are_not_open_to_callers_are_forbidden_whether_they_exist_or_not(tmp_path: Path) -> None:
    with trainer_client(tmp_path) as client:
        for path in ("/etc/passwd", "/etc/no-such-file.csv"):
            problem_of(client.post("/v1/jobs", json={"spec": {"kind": "factors", "sources": [path]}}), 403, "data-not-allowed")


def test_of_a_path_that_is_too_long_a_problem_repeats_the_beginning(tmp_path: Path) -> None:
    with trainer_client(tmp_path) as client:
        asked = {"kind": "factors", "sources": [f"/{'x' * 4000}"]}
        problem = problem_of(client.post("/v1/jobs", json={"spec": asked}), 403, "data-not-allowed")
        assert problem["detail"].startswith(f"/{'x' * 199}… lies outside the directories")
        wrong = {"kind": "factors", "device": "x" * 100_000}
        problem = problem_of(client.post("/v1/jobs", json={"spec": wrong}), 422, "invalid-request")
        assert f"'{'x' * 80}…' is no device" in problem["detail"]


def test_broken_data_are_refused_at_the_door_with_every_place(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "broken.json"
    path.write_bytes(seed_json([[1, 0], [0, 7]], [[1, 0], [0]]))
    with trainer_client(tmp_path / "state", settings={"data_dirs": (tmp_path / "data",)}) as client:
        problem = problem_of(
            client.post("/v1/jobs", json={"spec": {"kind": "factors", "sources": [str(path)]}}), 422, "invalid-data"
        )
        assert problem["offences_total"] == 2
        assert [offence["column"] for offence in problem["offences"]] == [
            'fragment_comp["f1"][1]',
            "comp_target_interaction[1]",
        ]
        assert problem["offences"][0]["file"] == "broken.json"
        missing = client.post("/v1/jobs", json={"spec": {"kind": "factors", "sources": [str(path.with_name("gone.json"))]}})
        problem_of(missing, 422, "data-not-found")
        unknown = client.post("/v1/jobs", json={"spec": {"kind": "factors", "sources": [f"dataset:{'0' * 64}"]}})
        problem_of(unknown, 422, "data-not-found")


def test_a_failed_job_tells_its_problem(tmp_path: Path) -> None:
    with trainer_client(tmp_path, fails) as client:
        job = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        problem = ended_job(client, job)["problem"]
        assert (problem["type"], problem["status"], problem["detail"]) == ("/problems/invalid-data", 422, "a.csv, row 3")
        assert problem["instance"] == f"/v1/jobs/{job}"
        assert problem["offences"][0]["value"] == "C("
        assert client.get(problem["type"]).status_code == 200


def test_pages_follow_each_other_without_gap_or_repetition(tmp_path: Path) -> None:
    with trainer_client(tmp_path, *[succeeds] * 5) as client:
        jobs = [client.post("/v1/jobs", json=BUILT_IN).json()["id"] for _ in range(5)]
        seen, cursor = [], None
        while True:
            page = client.get("/v1/jobs", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
            seen += [job["id"] for job in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == jobs[::-1]
        ended_job(client, jobs[-1])
        assert client.get("/v1/jobs", params={"state": ["failed", "cancelled"]}).json() == {"items": [], "next": None}
        assert len(client.get("/v1/jobs", params={"state": "succeeded"}).json()["items"]) == 5


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "am9icw", "ÄÖ", "am9icyBiZWZvcmUgMQ=", "am9icyBiZWZvcmUgMDE", "am9icyBiZWZvcmUgMTIzNDU2Nzg5MDEyMzQ1Njc4OTA"],
)
def test_a_cursor_that_was_made_up_is_refused(tmp_path: Path, cursor: str) -> None:
    with trainer_client(tmp_path) as client:
        problem_of(client.get("/v1/jobs", params={"cursor": cursor}), 422, "invalid-cursor")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/jobs"), ("DELETE", "/v1/jobs/{job}"), ("POST", "/v1/datasets?name=a.json")]
)
@pytest.mark.parametrize("sent", [None, "Bearer wrong", "Basic c2VzYW1l", "sesame"])
def test_a_trainer_with_a_key_changes_nothing_for_those_who_do_not_know_it(
    tmp_path: Path, method: str, path: str, sent: str | None
) -> None:
    with trainer_client(tmp_path, succeeds, settings={"api_key": "sesame"}) as client:
        job = client.post("/v1/jobs", json=BUILT_IN, headers={"Authorization": "Bearer sesame"}).json()["id"]
        body: dict[str, Any] = {"json": BUILT_IN} if method == "POST" else {}
        answer = client.request(method, path.format(job=job), headers={"Authorization": sent} if sent else {}, **body)
        problem_of(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert [found["id"] for found in client.get("/v1/jobs").json()["items"]] == [job]  # and reading needs none


def test_events_come_with_ids_and_end_with_the_job(tmp_path: Path) -> None:
    with trainer_client(tmp_path, succeeds) as client:
        job = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        response = client.get(f"/v1/jobs/{job}/events")
        assert response.headers["content-type"].startswith("text/event-stream")
        events = events_of(response.text)
        assert [(id_, kind) for id_, kind, _ in events] == [
            (1, "attempt"),
            (2, "stage-started"),
            (3, "progress"),
            (4, "published"),
            (5, "end"),
        ]
        assert events[2][2]["loss"] == 0.5
        assert events[-1][2] == client.get(f"/v1/jobs/{job}").json()


@pytest.mark.parametrize(("seen", "ids"), [("0", [1, 2, 3, 4, 5]), ("3", [4, 5]), ("4", [5]), ("5", [5]), ("99", [5])])
def test_who_comes_back_misses_nothing(tmp_path: Path, seen: str, ids: list[int]) -> None:
    with trainer_client(tmp_path, succeeds) as client:
        job = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        text = client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": seen}).text
        assert [id_ for id_, _, _ in events_of(text)] == ids


def test_a_stream_is_checked_before_it_begins(tmp_path: Path) -> None:
    with trainer_client(tmp_path, succeeds) as client:
        problem_of(client.get("/v1/jobs/nobody/events"), 404, "job-not-found")
        job = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        problem_of(client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": "x"}), 422, "invalid-request")


def test_the_log_is_what_the_worker_printed(tmp_path: Path) -> None:
    with trainer_client(tmp_path, succeeds) as client:
        job = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        ended_job(client, job)
        response = client.get(f"/v1/jobs/{job}/log")
        assert response.text == "hello from the worker\n"
        assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("GET", "/log"), ("GET", "/events")])
def test_an_unknown_job_is_not_found(tmp_path: Path, method: str, path: str) -> None:
    with trainer_client(tmp_path) as client:
        problem_of(client.request(method, f"/v1/jobs/nobody{path}"), 404, "job-not-found")


def test_a_running_job_is_cancelled_with_its_process_and_again_without_effect(tmp_path: Path) -> None:
    with trainer_client(tmp_path, executor=LocalExecutor(SLEEPER)) as client:
        running = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        queued = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        assert client.delete(f"/v1/jobs/{queued}").json()["state"] == "cancelled"
        for _ in range(2):
            response = client.delete(f"/v1/jobs/{running}")
            assert (response.status_code, response.json()["state"]) == (200, "cancelled")
        assert ended_job(client, queued)["attempts"] == 0


def test_a_job_that_has_ended_cannot_be_cancelled(tmp_path: Path) -> None:
    with trainer_client(tmp_path, succeeds) as client:
        job = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        ended_job(client, job)
        problem_of(client.delete(f"/v1/jobs/{job}"), 409, "job-finished")
