"""What waits, for which device, and whose it is, over HTTP."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.jobs import MIB, ListInventory, ScriptedExecution
from tests.support.trainer_app import BUILT_IN, ended_job, fails, problem_of, succeeds, trainer_client, wait_until

from trainer.jobs.devices.listing import DeviceKind, SlottedDevice
from trainer.jobs.events import EventKind
from trainer.jobs.job import Submission
from trainer.jobs.table import JobTable
from trainer.runs.spec import FactorsSpec


def test_devices_name_the_jobs_that_compute_there(tmp_path: Path) -> None:
    gpu = SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 100 * MIB, slots=2, binding="GPU-0", fault="Xid 79.")
    cpu = SlottedDevice("cpu", "x86_64", DeviceKind.CPU, 16_000 * MIB, memory_used_bytes=5, utilisation_percent=50.0)
    with trainer_client(tmp_path, inventory=ListInventory(cpu, gpu)) as client:
        job = client.post("/v1/jobs", json=BUILT_IN, headers={"X-Owner": "ann"}).json()["id"]
        wait_until(lambda: client.get(f"/v1/jobs/{job}").json()["slot"] == "cpu")
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
    with trainer_client(tmp_path) as client:
        problem = problem_of(client.post("/v1/jobs", json={**BUILT_IN, "memory_bytes": 16_001 * MIB}), 422, "job-too-large")
        assert problem["memory_bytes"] == 16_001 * MIB
        assert problem["devices"] == [{"name": "cpu", "model": "stand-in", "memory_bytes": 16_000 * MIB}]
        on_gpu = {"spec": {**BUILT_IN["spec"], "device": "cuda"}}
        problem = problem_of(client.post("/v1/jobs", json=on_gpu), 422, "device-not-found")
        assert problem["detail"] == "cuda is not here; this trainer has cpu stand-in with 15.6 GiB."
        assert client.get("/v1/jobs").json()["items"] == []
        declared = client.post("/v1/jobs", json={**BUILT_IN, "memory_bytes": 16_000 * MIB, "seconds": 5}).json()
        assert declared["needs"] == {"memory_bytes": 16_000 * MIB, "seconds": 5.0, "declared": True}


def test_what_a_job_needs_is_estimated_and_what_it_took_is_told(tmp_path: Path) -> None:
    def computes(execution: ScriptedExecution) -> None:
        execution.tell(EventKind.MEMORY, peak_bytes=123)
        succeeds(execution)

    with trainer_client(tmp_path, computes) as client:
        job = client.post("/v1/jobs", json=BUILT_IN).json()
        assert job["needs"]["declared"] is False
        assert job["needs"]["memory_bytes"] > 2**30
        spent = ended_job(client, job["id"])["spent"]
        assert spent["peak_memory_bytes"] == 123
        assert spent["cpu_seconds"] == pytest.approx(2 * spent["seconds"])  # of two cores


def test_a_job_that_waits_tells_its_place_and_when_it_will_start(tmp_path: Path) -> None:
    with trainer_client(tmp_path) as client:
        running, *waiting = [
            client.post("/v1/jobs", json={**BUILT_IN, "seconds": 1000, "priority": priority}).json()["id"]
            for priority in (9, 0, 0, 5)
        ]
        wait_until(lambda: client.get(f"/v1/jobs/{running}").json()["state"] == "running")
        told = {job["id"]: job for job in client.get("/v1/jobs").json()["items"]}
        assert [told[job]["position"] for job in (running, *waiting)] == [None, 2, 3, 1]
        assert told[running]["estimated_start"] is None
        starts = [datetime.fromisoformat(told[job]["estimated_start"]) for job in waiting]
        assert [(starts[0] - starts[2]).total_seconds(), (starts[1] - starts[0]).total_seconds()] == [1000, 1000]
        begun = datetime.fromisoformat(told[running]["started"])
        assert (starts[2] - begun).total_seconds() == pytest.approx(1000, abs=0.01)


def test_a_sweep_is_one_submission_with_a_parent_that_ends_with_its_jobs(tmp_path: Path) -> None:
    with trainer_client(tmp_path, succeeds, fails, succeeds) as client:
        swept = {**BUILT_IN, "sweep": {"rank": [16, 32, 64]}}
        parent = client.post("/v1/jobs", json=swept, headers={"Idempotency-Key": "k"}).json()
        assert client.post("/v1/jobs", json=swept, headers={"Idempotency-Key": "k"}).json()["id"] == parent["id"]
        assert parent["children"] == 3
        ended = ended_job(client, parent["id"])
        assert (ended["state"], ended["problem"]["type"]) == ("failed", "/problems/sweep-incomplete")
        children = client.get("/v1/jobs", params={"parent": parent["id"]}).json()["items"]
        assert [(job["spec"]["rank"], job["state"], job["parent"]) for job in children[::-1]] == [
            (16, "succeeded", parent["id"]),
            (32, "failed", parent["id"]),
            (64, "succeeded", parent["id"]),
        ]


def test_a_sweep_is_cancelled_as_a_whole(tmp_path: Path) -> None:
    with trainer_client(tmp_path, succeeds) as client:
        parent = client.post("/v1/jobs", json={**BUILT_IN, "sweep": {"rank": [1, 2], "seed": [0, 1]}}).json()["id"]
        children = client.get("/v1/jobs", params={"parent": parent}).json()["items"]
        assert [(job["spec"]["rank"], job["spec"]["seed"]) for job in children[::-1]] == [(1, 0), (1, 1), (2, 0), (2, 1)]
        wait_until(lambda: client.get(f"/v1/jobs/{children[-1]['id']}").json()["state"] == "succeeded")
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
    with trainer_client(tmp_path) as client:
        problem = problem_of(client.post("/v1/jobs", json={**BUILT_IN, "sweep": sweep}), 422, "invalid-request")
        assert "sweep" in str(problem)
        assert client.get("/v1/jobs").json()["items"] == []


def test_a_full_queue_takes_no_more_and_says_how_many_wait(tmp_path: Path) -> None:
    with trainer_client(tmp_path, settings={"queue_limit": 2}) as client:
        running = client.post("/v1/jobs", json=BUILT_IN).json()["id"]
        wait_until(lambda: client.get(f"/v1/jobs/{running}").json()["state"] == "running")
        client.post("/v1/jobs", json=BUILT_IN)
        problem_of(client.post("/v1/jobs", json={**BUILT_IN, "sweep": {"rank": [1, 2]}}), 429, "queue-full")
        client.post("/v1/jobs", json=BUILT_IN)
        answer = client.post("/v1/jobs", json=BUILT_IN)
        problem = problem_of(answer, 429, "queue-full")
        assert (problem["queued"], problem["limit"], answer.headers["retry-after"]) == (2, 2, "60")


def test_owners_are_told_what_they_have_had(tmp_path: Path) -> None:
    with trainer_client(tmp_path, succeeds) as client:
        for owner in ("ann", "bob", "bob"):
            client.post("/v1/jobs", json={**BUILT_IN, "priority": int(owner == "ann")}, headers={"X-Owner": owner})
        wait_until(lambda: [each["running"] for each in client.get("/v1/owners").json()["items"]] == [0, 1])
        ann, bob = client.get("/v1/owners").json()["items"]
        assert (ann["owner"], ann["waiting"], ann["gpu_seconds"]) == ("ann", 0, 0.0)
        assert ann["cpu_seconds"] > 0
        assert (bob["owner"], bob["waiting"], bob["cpu_seconds"]) == ("bob", 1, 0.0)
        problem_of(client.post("/v1/jobs", json=BUILT_IN, headers={"X-Owner": "two words"}), 422, "invalid-request")


def test_a_job_of_an_earlier_version_is_listed_as_one_that_cannot_be_read_and_fails(tmp_path: Path) -> None:
    table = JobTable.open(tmp_path / "jobs.sqlite")
    table.add("old", Submission(FactorsSpec(kind="factors")), now=datetime.now(UTC))
    table.close()
    connection = sqlite3.connect(tmp_path / "jobs.sqlite")
    connection.execute("""UPDATE jobs SET spec = '{"kind": "factors", "colour": "red"}'""")
    connection.commit()
    connection.close()
    with trainer_client(tmp_path) as client:
        job = ended_job(client, "old")
        assert (job["spec"], job["kind"], job["state"]) == (None, "factors", "failed")
        assert job["problem"]["type"] == "/problems/job-unreadable"
        assert client.get("/v1/jobs").json()["items"] == [job]
