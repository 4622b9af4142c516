"""The trainer's application: how it is put together, starts and says that it is ready."""

import time
from pathlib import Path

from starlette.testclient import TestClient
from tests.support.jobs import MIB, ListInventory, MemoryRuns
from tests.support.trainer_app import BUILT_IN, ended_job, fails, problem_of, succeeds, trainer_client

from trainer.api.app import create_app
from trainer.jobs.devices.listing import DeviceKind, SlottedDevice
from trainer.runs.problems import PROBLEM_TYPES
from trainer.settings import Settings


def test_assembling_the_application_touches_nothing(tmp_path: Path) -> None:
    app = create_app(Settings(state=tmp_path / "state"))
    assert "/v1/jobs" in app.openapi()["paths"]
    assert not (tmp_path / "state").exists()


def test_before_it_is_started_it_says_that_it_is_not_ready(tmp_path: Path) -> None:
    client = TestClient(create_app(Settings(state=tmp_path)))
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json() == {"ready": False, "missing": {"state": "The state directory is not open."}}
    problem_of(client.get("/v1/jobs"), 503, "not-ready")


def _first_job(client: TestClient) -> str:
    """The job that the start submits as soon as it has looked for its run."""
    deadline_s = time.monotonic() + 10
    while time.monotonic() < deadline_s:
        jobs = client.get("/v1/jobs").json()["items"]
        if jobs:
            return str(jobs[0]["id"])
    raise AssertionError("the start submitted no job")


def test_a_start_without_a_run_of_its_data_submits_a_job(tmp_path: Path) -> None:
    with trainer_client(tmp_path, succeeds, runs=MemoryRuns()) as client:
        job = ended_job(client, _first_job(client))
        assert (job["spec"]["sources"], job["state"]) == (["default"], "succeeded")
        assert client.get("/readyz").json() == {"ready": True, "missing": {}}


def test_a_start_whose_job_failed_is_not_ready_and_says_why_until_a_job_succeeds(tmp_path: Path) -> None:
    with trainer_client(tmp_path, fails, succeeds, runs=MemoryRuns()) as client:
        job = _first_job(client)
        ended_job(client, job)
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["missing"] == {
            "first-run": f"Job {job} failed (invalid-data): a.csv, row 3. "
            "NTDEMO_ON_ERROR=skip leaves out, counts and lists molecules that cannot be used."
        }
        ended_job(client, client.post("/v1/jobs", json=BUILT_IN).json()["id"])
        assert client.get("/readyz").status_code == 200


def test_a_trainer_that_was_given_gpus_is_not_ready_without_them_and_lets_jobs_wait(tmp_path: Path) -> None:
    named = SlottedDevice("cpu", "x86_64", DeviceKind.CPU, 16_000 * MIB, named_only=True)
    lost = SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 99_000 * MIB, binding="GPU-0", fault="Xid 79.")
    with trainer_client(tmp_path, succeeds, settings={"gpus": 1}, inventory=ListInventory(named, lost)) as client:
        told = client.get("/readyz")
        assert (told.status_code, told.json()["missing"]) == (
            503,
            {"devices": "TRAINER_GPUS asks for 1 GPUs, and 0 are in order. cuda:0: Xid 79."},
        )
        waits = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        asks = client.post("/v1/jobs", json={"spec": {**BUILT_IN["spec"], "device": "cpu"}}).json()["id"]
        assert ended_job(client, asks)["slot"] is None
        job = client.get(f"/v1/jobs/{waits}").json()
        assert (job["state"], job["position"], job["estimated_start"]) == ("queued", 1, None)


def test_every_problem_has_its_page(tmp_path: Path) -> None:
    with trainer_client(tmp_path) as client:
        for kind in PROBLEM_TYPES:
            assert client.get(f"/problems/{kind.slug}").text.startswith(f"# {kind.title}")
