"""The trainer's HTTP surface, with jobs that do not train."""

import errno
import hashlib
import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient
from tests.support.jobs import MIB, ListInventory, MemoryRuns, ScriptedExecution, ScriptedExecutor
from tests.support.seed_json import seed_json

from trainer.api.app import create_app
from trainer.data.datasets import Upload
from trainer.jobs.devices.listing import DeviceKind, Inventory, SlottedDevice
from trainer.jobs.events import EventKind
from trainer.jobs.executors.executor import Executor
from trainer.jobs.executors.local import LocalExecutor
from trainer.jobs.job import Submission
from trainer.jobs.table import JobTable
from trainer.runs.problems import PROBLEM_TYPES
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

BUILT_IN: dict[str, Any] = {"spec": {"kind": "factors", "sources": ["built-in"]}}
SLEEPER = (sys.executable, str(Path(__file__).parents[2] / "support" / "sleeping_worker.py"))


def _succeeds(execution: ScriptedExecution) -> None:
    execution.tell(EventKind.STAGE_STARTED, stage="fit")
    execution.tell(EventKind.PROGRESS, stage="fit", done=7, loss=0.5)
    execution.tell(EventKind.PUBLISHED, run=execution.assignment.run)
    execution.directory.log.write_text("hello from the worker\n")
    execution.end()


def _fails(execution: ScriptedExecution) -> None:
    offences = [{"file": "a.csv", "row": 3, "column": "smiles", "value": "C(", "reason": "is no SMILES"}]
    execution.tell(EventKind.FAILED, slug="invalid-data", detail="a.csv, row 3", extensions={"offences": offences})
    execution.end("its process ended with exit status 1")


@contextmanager
def _client(
    state: Path,
    *scripts: Callable[[ScriptedExecution], None],
    executor: Executor | None = None,
    settings: dict[str, Any] | None = None,
    runs: MemoryRuns | None = None,
    inventory: Inventory | None = None,
) -> Iterator[TestClient]:
    app = create_app(
        Settings(state=state, **(settings or {})),
        executor=executor or ScriptedExecutor(*scripts),
        runs=runs or MemoryRuns(matching="factors-there"),
        inventory=inventory or ListInventory(),
    )
    with TestClient(app) as client:
        yield client


def _ended(client: TestClient, job: str) -> dict[str, Any]:
    """The job when its stream has ended."""
    client.get(f"/v1/jobs/{job}/events")
    found: dict[str, Any] = client.get(f"/v1/jobs/{job}").json()
    return found


def _wait(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline_s


def _problem(response: httpx2.Response, status: int, slug: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"/problems/{slug}"
    return body


def _events(text: str) -> list[tuple[int, str, dict[str, Any]]]:
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]
    return [(int(block["id"]), block["event"], json.loads(block["data"])) for block in blocks]


def test_assembling_the_application_touches_nothing(tmp_path: Path) -> None:
    app = create_app(Settings(state=tmp_path / "state"))
    assert "/v1/jobs" in app.openapi()["paths"]
    assert not (tmp_path / "state").exists()


def test_before_it_is_started_it_says_that_it_is_not_ready(tmp_path: Path) -> None:
    client = TestClient(create_app(Settings(state=tmp_path)))
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json() == {"ready": False, "missing": {"state": "The state directory is not open."}}
    _problem(client.get("/v1/jobs"), 503, "not-ready")


def test_a_job_is_taken_in_and_its_address_named(tmp_path: Path) -> None:
    with _client(tmp_path, _succeeds) as client:
        response = client.post("/v1/jobs", json={**BUILT_IN, "priority": 5})
        assert response.status_code == 202
        job = response.json()
        assert response.headers["location"] == f"/v1/jobs/{job['id']}"
        assert (job["spec"]["rank"], job["priority"], job["problem"]) == (None, 5, None)
        found = _ended(client, job["id"])
        assert (found["state"], found["attempts"]) == ("succeeded", 1)
        assert found["run"].startswith("factors-")
        assert client.get(response.headers["location"]).json() == found


def test_the_same_key_and_body_is_the_same_job(tmp_path: Path) -> None:
    with _client(tmp_path, _succeeds) as client:
        answers = [client.post("/v1/jobs", json=BUILT_IN, headers={"Idempotency-Key": "k"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert answers[0].headers["location"] == answers[1].headers["location"]
        assert len(client.get("/v1/jobs").json()["items"]) == 1


def test_the_same_key_with_another_body_is_a_conflict(tmp_path: Path) -> None:
    with _client(tmp_path, _succeeds) as client:
        client.post("/v1/jobs", json=BUILT_IN, headers={"Idempotency-Key": "k"})
        _problem(
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
    with _client(tmp_path) as client:
        problem = _problem(client.post("/v1/jobs", json=body), 422, "invalid-request")
        assert problem["errors"][0]["place"].startswith("body")
        assert client.get("/v1/jobs").json()["items"] == []


def test_files_that_are_not_open_to_callers_are_forbidden_whether_they_exist_or_not(tmp_path: Path) -> None:
    with _client(tmp_path) as client:
        for path in ("/etc/passwd", "/etc/no-such-file.csv"):
            _problem(client.post("/v1/jobs", json={"spec": {"kind": "factors", "sources": [path]}}), 403, "data-not-allowed")


def test_of_a_path_that_is_too_long_a_problem_repeats_the_beginning(tmp_path: Path) -> None:
    with _client(tmp_path) as client:
        asked = {"kind": "factors", "sources": [f"/{'x' * 4000}"]}
        problem = _problem(client.post("/v1/jobs", json={"spec": asked}), 403, "data-not-allowed")
        assert problem["detail"].startswith(f"/{'x' * 199}… lies outside the directories")
        wrong = {"kind": "factors", "device": "x" * 100_000}
        problem = _problem(client.post("/v1/jobs", json={"spec": wrong}), 422, "invalid-request")
        assert f"'{'x' * 80}…' is no device" in problem["detail"]


def test_broken_data_are_refused_at_the_door_with_every_place(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "broken.json"
    path.write_bytes(seed_json([[1, 0], [0, 7]], [[1, 0], [0]]))
    with _client(tmp_path / "state", settings={"data_dirs": (tmp_path / "data",)}) as client:
        problem = _problem(
            client.post("/v1/jobs", json={"spec": {"kind": "factors", "sources": [str(path)]}}), 422, "invalid-data"
        )
        assert problem["offences_total"] == 2
        assert [offence["column"] for offence in problem["offences"]] == [
            'fragment_comp["f1"][1]',
            "comp_target_interaction[1]",
        ]
        assert problem["offences"][0]["file"] == "broken.json"
        missing = client.post("/v1/jobs", json={"spec": {"kind": "factors", "sources": [str(path.with_name("gone.json"))]}})
        _problem(missing, 422, "data-not-found")
        unknown = client.post("/v1/jobs", json={"spec": {"kind": "factors", "sources": [f"dataset:{'0' * 64}"]}})
        _problem(unknown, 422, "data-not-found")


def test_a_failed_job_tells_its_problem(tmp_path: Path) -> None:
    with _client(tmp_path, _fails) as client:
        job = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        problem = _ended(client, job)["problem"]
        assert (problem["type"], problem["status"], problem["detail"]) == ("/problems/invalid-data", 422, "a.csv, row 3")
        assert problem["instance"] == f"/v1/jobs/{job}"
        assert problem["offences"][0]["value"] == "C("
        assert client.get(problem["type"]).status_code == 200


def test_pages_follow_each_other_without_gap_or_repetition(tmp_path: Path) -> None:
    with _client(tmp_path, *[_succeeds] * 5) as client:
        jobs = [client.post("/v1/jobs", json=BUILT_IN).json()["id"] for _ in range(5)]
        seen, cursor = [], None
        while True:
            page = client.get("/v1/jobs", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
            seen += [job["id"] for job in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert seen == jobs[::-1]
        _ended(client, jobs[-1])
        assert client.get("/v1/jobs", params={"state": ["failed", "cancelled"]}).json() == {"items": [], "next": None}
        assert len(client.get("/v1/jobs", params={"state": "succeeded"}).json()["items"]) == 5


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "am9icw", "ÄÖ", "am9icyBiZWZvcmUgMQ=", "am9icyBiZWZvcmUgMDE", "am9icyBiZWZvcmUgMTIzNDU2Nzg5MDEyMzQ1Njc4OTA"],
)
def test_a_cursor_that_was_made_up_is_refused(tmp_path: Path, cursor: str) -> None:
    with _client(tmp_path) as client:
        _problem(client.get("/v1/jobs", params={"cursor": cursor}), 422, "invalid-cursor")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/jobs"), ("DELETE", "/v1/jobs/{job}"), ("POST", "/v1/datasets?name=a.json")]
)
@pytest.mark.parametrize("sent", [None, "Bearer wrong", "Basic c2VzYW1l", "sesame"])
def test_a_trainer_with_a_key_changes_nothing_for_those_who_do_not_know_it(
    tmp_path: Path, method: str, path: str, sent: str | None
) -> None:
    with _client(tmp_path, _succeeds, settings={"api_key": "sesame"}) as client:
        job = client.post("/v1/jobs", json=BUILT_IN, headers={"Authorization": "Bearer sesame"}).json()["id"]
        body: dict[str, Any] = {"json": BUILT_IN} if method == "POST" else {}
        answer = client.request(method, path.format(job=job), headers={"Authorization": sent} if sent else {}, **body)
        _problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert [found["id"] for found in client.get("/v1/jobs").json()["items"]] == [job]  # and reading needs none


def test_events_come_with_ids_and_end_with_the_job(tmp_path: Path) -> None:
    with _client(tmp_path, _succeeds) as client:
        job = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        response = client.get(f"/v1/jobs/{job}/events")
        assert response.headers["content-type"].startswith("text/event-stream")
        events = _events(response.text)
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
    with _client(tmp_path, _succeeds) as client:
        job = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        text = client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": seen}).text
        assert [id_ for id_, _, _ in _events(text)] == ids


def test_a_stream_is_checked_before_it_begins(tmp_path: Path) -> None:
    with _client(tmp_path, _succeeds) as client:
        _problem(client.get("/v1/jobs/nobody/events"), 404, "job-not-found")
        job = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        _problem(client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": "x"}), 422, "invalid-request")


def test_the_log_is_what_the_worker_printed(tmp_path: Path) -> None:
    with _client(tmp_path, _succeeds) as client:
        job = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        _ended(client, job)
        response = client.get(f"/v1/jobs/{job}/log")
        assert response.text == "hello from the worker\n"
        assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("GET", "/log"), ("GET", "/events")])
def test_an_unknown_job_is_not_found(tmp_path: Path, method: str, path: str) -> None:
    with _client(tmp_path) as client:
        _problem(client.request(method, f"/v1/jobs/nobody{path}"), 404, "job-not-found")


def test_a_running_job_is_cancelled_with_its_process_and_again_without_effect(tmp_path: Path) -> None:
    with _client(tmp_path, executor=LocalExecutor(SLEEPER)) as client:
        running = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        queued = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        assert client.delete(f"/v1/jobs/{queued}").json()["state"] == "cancelled"
        for _ in range(2):
            response = client.delete(f"/v1/jobs/{running}")
            assert (response.status_code, response.json()["state"]) == (200, "cancelled")
        assert _ended(client, queued)["attempts"] == 0


def test_a_job_that_has_ended_cannot_be_cancelled(tmp_path: Path) -> None:
    with _client(tmp_path, _succeeds) as client:
        job = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        _ended(client, job)
        _problem(client.delete(f"/v1/jobs/{job}"), 409, "job-finished")


def _first_job(client: TestClient) -> str:
    """The job that the start submits as soon as it has looked for its run."""
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        jobs = client.get("/v1/jobs").json()["items"]
        if jobs:
            return str(jobs[0]["id"])
    raise AssertionError("the start submitted no job")


def test_a_start_without_a_run_of_its_data_submits_a_job(tmp_path: Path) -> None:
    with _client(tmp_path, _succeeds, runs=MemoryRuns()) as client:
        job = _ended(client, _first_job(client))
        assert (job["spec"]["sources"], job["state"]) == (["default"], "succeeded")
        assert client.get("/readyz").json() == {"ready": True, "missing": {}}


def test_a_start_whose_job_failed_is_not_ready_and_says_why_until_a_job_succeeds(tmp_path: Path) -> None:
    with _client(tmp_path, _fails, _succeeds, runs=MemoryRuns()) as client:
        job = _first_job(client)
        _ended(client, job)
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["missing"] == {
            "first-run": f"Job {job} failed (invalid-data): a.csv, row 3. "
            "NTDEMO_ON_ERROR=skip leaves out, counts and lists molecules that cannot be used."
        }
        _ended(client, client.post("/v1/jobs", json=BUILT_IN).json()["id"])
        assert client.get("/readyz").status_code == 200


def test_an_upload_becomes_a_source(tmp_path: Path) -> None:
    content = seed_json([[1, 0], [0, 1]], [[1, 0], [0, -1]])
    sha256 = hashlib.sha256(content).hexdigest()
    with _client(tmp_path, _succeeds) as client:
        response = client.post("/v1/datasets", params={"name": "mine.json"}, content=content)
        assert response.status_code == 201
        dataset = response.json()
        assert (dataset["sha256"], dataset["name"], dataset["size_bytes"]) == (sha256, "mine.json", len(content))
        again = client.post("/v1/datasets", params={"name": "other.json"}, content=content)
        assert (again.status_code, again.json()) == (200, dataset)
        assert client.get("/v1/datasets").json() == {"items": [dataset]}
        job = client.post("/v1/jobs", json={"spec": {"kind": "factors", "sources": [dataset["source"]]}})
        assert job.status_code == 202


def test_the_plan_of_an_upload_is_shown_and_what_it_leaves_open_is_asked(tmp_path: Path) -> None:
    rows = "".join(f"CC{'C' * place}O,E,{place + 1}00\n" for place in range(6))
    with _client(tmp_path, _succeeds) as client:
        name = "BindingDB All (2021).csv"
        uploaded = client.post("/v1/datasets", params={"name": name}, content=f"smiles,target,IC50\n{rows}".encode())
        assert uploaded.status_code == 201
        assert uploaded.json()["name"] == name
        plan = f"/v1/datasets/{uploaded.json()['sha256']}/plan"
        asked = _problem(client.post(plan, json={}), 422, "invalid-data")
        assert "--unit nM, --unit uM, or --unit pX" in asked["detail"]
        answer = client.post(plan, json={"unit": "nM"})
        assert answer.status_code == 200
        (file,) = answer.json()["files"]
        assert [column["role"] for column in file["columns"]] == ["molecule", "target title", "value"]
        assert (answer.json()["objective"], answer.json()["rows"]["used"]) == ("activity", 6)
        assert len(answer.json()["lines"]) <= 10
        _problem(client.post(f"/v1/datasets/{'0' * 64}/plan", json={}), 404, "dataset-not-found")


def test_the_demonstrations_data_have_no_columns_to_plan(tmp_path: Path) -> None:
    with _client(tmp_path, _succeeds) as client:
        content = seed_json([[1, 0], [0, 1]], [[1, 0], [0, -1]])
        sha256 = client.post("/v1/datasets", params={"name": "data.json"}, content=content).json()["sha256"]
        answer = client.post(f"/v1/datasets/{sha256}/plan", json={}).json()
        assert answer == {"lines": [], "objective": "counts", "files": [], "rows": None}


@pytest.mark.parametrize("name", ["", ".hidden.json", "../up.json", "a/b.json", "a\\b.json", "x" * 200, "é" * 80 + "é" * 30])
def test_an_upload_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with _client(tmp_path) as client:
        _problem(client.post("/v1/datasets", params={"name": name}, content=b"{}"), 422, "invalid-request")


@pytest.mark.parametrize(
    ("name", "content", "slug", "told"),
    [
        ("a.json", b"", "invalid-request", "empty"),
        ("a.json", b"[1, 2]", "invalid-data", "a.json"),
        ("a.csv.gz", b"smiles,t\nCCO,1\n", "invalid-data", "a.csv.gz"),
        ("a.exe", b"x", "invalid-data", "no known format"),
        ("a.parquet", b"x", "invalid-data", "a.parquet"),
    ],
)
def test_an_upload_that_is_of_no_use_is_refused_and_not_kept(
    tmp_path: Path, name: str, content: bytes, slug: str, told: str
) -> None:
    with _client(tmp_path) as client:
        assert told in _problem(client.post("/v1/datasets", params={"name": name}, content=content), 422, slug)["detail"]
        assert list((tmp_path / "datasets").iterdir()) == []


@pytest.mark.parametrize("announced", [True, False])
def test_an_upload_that_is_too_large_is_refused_announced_or_not(tmp_path: Path, announced: bool) -> None:  # noqa: FBT001 - parametrized
    with _client(tmp_path, settings={"upload_limit_bytes": 100}) as client:
        content = b"x" * 101 if announced else iter([b"x" * 60, b"x" * 41])
        problem = _problem(client.post("/v1/datasets", params={"name": "a.csv"}, content=content), 413, "dataset-too-large")
        assert problem["limit_bytes"] == 100
        assert client.get("/v1/datasets").json() == {"items": []}
        assert not (tmp_path / "datasets").exists() or list((tmp_path / "datasets").iterdir()) == []


def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(upload: Upload, chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Upload, "write", full)  # a disk cannot be filled in a test
    with _client(tmp_path) as client:
        _problem(client.post("/v1/datasets", params={"name": "a.csv"}, content=b"x"), 507, "storage-full")
        assert client.get("/v1/datasets").json() == {"items": []}


def test_devices_name_the_jobs_that_compute_there(tmp_path: Path) -> None:
    gpu = SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 100 * MIB, slots=2, binding="GPU-0", fault="Xid 79.")
    cpu = SlottedDevice("cpu", "x86_64", DeviceKind.CPU, 16_000 * MIB, memory_used_bytes=5, utilisation_percent=50.0)
    with _client(tmp_path, inventory=ListInventory(cpu, gpu)) as client:
        job = client.post("/v1/jobs", json=BUILT_IN, headers={"X-Owner": "ann"}).json()["id"]
        _wait(lambda: client.get(f"/v1/jobs/{job}").json()["slot"] == "cpu")
        seen = client.get("/v1/devices").json()
    assert seen["unknown"] == []
    first, second = seen["items"]
    assert first == {
        "name": "cpu",
        "model": "x86_64",
        "memory_bytes": 16_000 * MIB,
        "memory_used_bytes": 5,
        "utilisation_percent": 50.0,
        "slots": 1,
        "jobs": [{"id": job, "owner": "ann", "memory_bytes": 16_000 * MIB}],
        "fault": None,
    }
    assert (second["slots"], second["jobs"], second["fault"], second["memory_used_bytes"]) == (2, [], "Xid 79.", None)


def test_a_job_that_no_device_has_the_memory_for_is_refused_with_the_numbers(tmp_path: Path) -> None:
    with _client(tmp_path) as client:
        problem = _problem(client.post("/v1/jobs", json={**BUILT_IN, "memory_bytes": 16_001 * MIB}), 422, "job-too-large")
        assert problem["memory_bytes"] == 16_001 * MIB
        assert problem["devices"] == [{"name": "cpu", "model": "stand-in", "memory_bytes": 16_000 * MIB}]
        on_gpu = {"spec": {**BUILT_IN["spec"], "device": "cuda"}}
        problem = _problem(client.post("/v1/jobs", json=on_gpu), 422, "device-not-found")
        assert problem["detail"] == "cuda is not here; this trainer has cpu stand-in with 15.6 GiB."
        assert client.get("/v1/jobs").json()["items"] == []
        declared = client.post("/v1/jobs", json={**BUILT_IN, "memory_bytes": 16_000 * MIB, "seconds": 5}).json()
        assert declared["needs"] == {"memory_bytes": 16_000 * MIB, "seconds": 5.0, "declared": True}


def test_what_a_job_needs_is_estimated_and_what_it_took_is_told(tmp_path: Path) -> None:
    def computes(execution: ScriptedExecution) -> None:
        execution.tell(EventKind.MEMORY, peak_bytes=123)
        _succeeds(execution)

    with _client(tmp_path, computes) as client:
        job = client.post("/v1/jobs", json=BUILT_IN).json()
        assert job["needs"]["declared"] is False
        assert job["needs"]["memory_bytes"] > 2**30
        spent = _ended(client, job["id"])["spent"]
        assert spent["peak_memory_bytes"] == 123
        assert spent["cpu_seconds"] == pytest.approx(2 * spent["seconds"])  # of two cores


def test_a_job_that_waits_tells_its_place_and_when_it_will_start(tmp_path: Path) -> None:
    with _client(tmp_path) as client:
        running, *waiting = [
            client.post("/v1/jobs", json={**BUILT_IN, "seconds": 1000, "priority": priority}).json()["id"]
            for priority in (9, 0, 0, 5)
        ]
        _wait(lambda: client.get(f"/v1/jobs/{running}").json()["state"] == "running")
        told = {job["id"]: job for job in client.get("/v1/jobs").json()["items"]}
        assert [told[job]["position"] for job in (running, *waiting)] == [None, 2, 3, 1]
        assert told[running]["estimated_start"] is None
        starts = [datetime.fromisoformat(told[job]["estimated_start"]) for job in waiting]
        assert [(starts[0] - starts[2]).total_seconds(), (starts[1] - starts[0]).total_seconds()] == [1000, 1000]
        begun = datetime.fromisoformat(told[running]["started"])
        assert (starts[2] - begun).total_seconds() == pytest.approx(1000, abs=0.01)


def test_a_sweep_is_one_submission_with_a_parent_that_ends_with_its_jobs(tmp_path: Path) -> None:
    with _client(tmp_path, _succeeds, _fails, _succeeds) as client:
        swept = {**BUILT_IN, "sweep": {"rank": [16, 32, 64]}}
        parent = client.post("/v1/jobs", json=swept, headers={"Idempotency-Key": "k"}).json()
        assert client.post("/v1/jobs", json=swept, headers={"Idempotency-Key": "k"}).json()["id"] == parent["id"]
        assert parent["children"] == 3
        ended = _ended(client, parent["id"])
        assert (ended["state"], ended["problem"]["type"]) == ("failed", "/problems/sweep-incomplete")
        children = client.get("/v1/jobs", params={"parent": parent["id"]}).json()["items"]
        assert [(job["spec"]["rank"], job["state"], job["parent"]) for job in children[::-1]] == [
            (16, "succeeded", parent["id"]),
            (32, "failed", parent["id"]),
            (64, "succeeded", parent["id"]),
        ]


def test_a_sweep_is_cancelled_as_a_whole(tmp_path: Path) -> None:
    with _client(tmp_path, _succeeds) as client:
        parent = client.post("/v1/jobs", json={**BUILT_IN, "sweep": {"rank": [1, 2], "seed": [0, 1]}}).json()["id"]
        children = client.get("/v1/jobs", params={"parent": parent}).json()["items"]
        assert [(job["spec"]["rank"], job["spec"]["seed"]) for job in children[::-1]] == [(1, 0), (1, 1), (2, 0), (2, 1)]
        _wait(lambda: client.get(f"/v1/jobs/{children[-1]['id']}").json()["state"] == "succeeded")
        assert client.delete(f"/v1/jobs/{parent}").json()["state"] == "cancelled"
        states = [job["state"] for job in client.get("/v1/jobs", params={"parent": parent}).json()["items"]]
        assert states == ["cancelled", "cancelled", "cancelled", "succeeded"]


@pytest.mark.parametrize(
    "sweep",
    [
        {},
        {"rank": []},
        {"rank": [0]},
        {"colour": [1]},
        {"kind": ["dialogue"]},
        {"rank": list(range(1, 20)), "seed": list(range(20))},
    ],
)
def test_a_sweep_that_cannot_be_meant_is_refused(tmp_path: Path, sweep: dict[str, Any]) -> None:
    with _client(tmp_path) as client:
        problem = _problem(client.post("/v1/jobs", json={**BUILT_IN, "sweep": sweep}), 422, "invalid-request")
        assert "sweep" in str(problem)
        assert client.get("/v1/jobs").json()["items"] == []


def test_a_full_queue_takes_no_more_and_says_how_many_wait(tmp_path: Path) -> None:
    with _client(tmp_path, settings={"queue_limit": 2}) as client:
        running = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        _wait(lambda: client.get(f"/v1/jobs/{running}").json()["state"] == "running")
        client.post("/v1/jobs", json=BUILT_IN)
        _problem(client.post("/v1/jobs", json={**BUILT_IN, "sweep": {"rank": [1, 2]}}), 429, "queue-full")
        client.post("/v1/jobs", json=BUILT_IN)
        answer = client.post("/v1/jobs", json=BUILT_IN)
        problem = _problem(answer, 429, "queue-full")
        assert (problem["queued"], problem["limit"], answer.headers["retry-after"]) == (2, 2, "60")


def test_owners_are_told_what_they_have_had(tmp_path: Path) -> None:
    with _client(tmp_path, _succeeds) as client:
        for owner in ("ann", "bob", "bob"):
            client.post("/v1/jobs", json={**BUILT_IN, "priority": int(owner == "ann")}, headers={"X-Owner": owner})
        _wait(lambda: [each["running"] for each in client.get("/v1/owners").json()["items"]] == [0, 1])
        ann, bob = client.get("/v1/owners").json()["items"]
        assert (ann["owner"], ann["waiting"], ann["gpu_seconds"]) == ("ann", 0, 0.0)
        assert ann["cpu_seconds"] > 0
        assert (bob["owner"], bob["waiting"], bob["cpu_seconds"]) == ("bob", 1, 0.0)
        _problem(client.post("/v1/jobs", json=BUILT_IN, headers={"X-Owner": "two words"}), 422, "invalid-request")


def test_a_job_of_an_earlier_version_is_listed_as_one_that_cannot_be_read_and_fails(tmp_path: Path) -> None:
    table = JobTable.open(tmp_path / "jobs.sqlite")
    table.add("old", Submission(FactorsSpec(kind="factors")), now=datetime.now(UTC))
    table.close()
    connection = sqlite3.connect(tmp_path / "jobs.sqlite")
    connection.execute("""UPDATE jobs SET spec = '{"kind": "factors", "colour": "red"}'""")
    connection.commit()
    connection.close()
    with _client(tmp_path) as client:
        job = _ended(client, "old")
        assert (job["spec"], job["kind"], job["state"]) == (None, "factors", "failed")
        assert job["problem"]["type"] == "/problems/job-unreadable"
        assert client.get("/v1/jobs").json()["items"] == [job]


def test_a_trainer_that_was_given_gpus_is_not_ready_without_them_and_lets_jobs_wait(tmp_path: Path) -> None:
    named = SlottedDevice("cpu", "x86_64", DeviceKind.CPU, 16_000 * MIB, named_only=True)
    lost = SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 99_000 * MIB, binding="GPU-0", fault="Xid 79.")
    with _client(tmp_path, _succeeds, settings={"gpus": 1}, inventory=ListInventory(named, lost)) as client:
        told = client.get("/readyz")
        assert (told.status_code, told.json()["missing"]) == (
            503,
            {"devices": "TRAINER_GPUS asks for 1 GPUs, and 0 are in order. cuda:0: Xid 79."},
        )
        waits = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        asks = client.post("/v1/jobs", json={"spec": {**BUILT_IN["spec"], "device": "cpu"}}).json()["id"]
        assert _ended(client, asks)["slot"] is None
        job = client.get(f"/v1/jobs/{waits}").json()
        assert (job["state"], job["position"], job["estimated_start"]) == ("queued", 1, None)


def test_every_problem_has_its_page(tmp_path: Path) -> None:
    with _client(tmp_path) as client:
        for kind in PROBLEM_TYPES:
            assert client.get(f"/problems/{kind.slug}").text.startswith(f"# {kind.title}")
