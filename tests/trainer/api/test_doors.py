"""What the trainer's doors let through: deleted uploads, logs, cut uploads, rules by scope."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from tests.support.trainer import TrainerProcess
from tests.support.trainer_app import BUILT_IN, ended_job, problem_of, succeeds, trainer_client

from servicekit.doors.keys import KeyFile, Scope

CSV = {"Content-Type": "text/csv"}


def test_an_upload_is_deleted_unless_a_job_needs_it(tmp_path: Path) -> None:
    with trainer_client(tmp_path, lambda _: None) as client:
        content = b"smiles,target,pIC50\nCCO,T1,5\nCCN,T1,6\n"
        one = client.post("/v1/datasets", params={"name": "a.csv"}, content=content, headers=CSV).json()
        spec = {"spec": {"kind": "factors", "sources": [one["source"]]}}
        job = client.post("/v1/jobs", json=spec).json()["id"]
        detail = problem_of(client.delete(f"/v1/datasets/{one['sha256']}"), 409, "dataset-in-use")["detail"]
        assert job in detail
        client.delete(f"/v1/jobs/{job}")
        assert client.delete(f"/v1/datasets/{one['sha256']}").status_code == 204
        problem_of(client.delete(f"/v1/datasets/{one['sha256']}"), 404, "dataset-not-found")
        assert client.get("/v1/datasets").json() == {"items": []}


def test_uploads_have_a_quota(tmp_path: Path) -> None:
    with trainer_client(tmp_path, settings={"uploads_limit_bytes": 30}) as client:
        small = client.post("/v1/datasets", params={"name": "a.csv"}, content=b"smiles,value\nC,1\n", headers=CSV)
        assert small.status_code == 201
        large = client.post("/v1/datasets", params={"name": "b.csv"}, content=b"smiles,value\nCC,2\n", headers=CSV)
        assert problem_of(large, 507, "uploads-full")["limit_bytes"] == 30


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data", "application/x-www-form-urlencoded"])
def test_an_upload_that_any_web_page_could_send_is_refused(tmp_path: Path, kind: str) -> None:
    with trainer_client(tmp_path) as client:
        sent = client.post("/v1/datasets", params={"name": "a.csv"}, content=b"smiles\nC\n", headers={"Content-Type": kind})
        problem_of(sent, 415, "unsupported-media-type")


def test_what_a_job_printed_needs_the_key_where_there_is_one(tmp_path: Path) -> None:
    with trainer_client(tmp_path, succeeds, settings={"api_key": "sesame"}) as client:
        key = {"Authorization": "Bearer sesame"}
        job = client.post("/v1/jobs", json=BUILT_IN, headers=key).json()["id"]
        ended_job(client, job)
        problem_of(client.get(f"/v1/jobs/{job}/log"), 401, "unauthorized")
        assert "hello from the worker" in client.get(f"/v1/jobs/{job}/log", headers=key).text
        assert client.get(f"/v1/jobs/{job}").status_code == 200


def test_a_job_belongs_to_the_name_of_its_key_unless_one_that_may_admin_says_otherwise(tmp_path: Path) -> None:
    keys, now = tmp_path / "keys.json", datetime.now(UTC)
    ann, chief = (
        {"Authorization": f"Bearer {KeyFile(keys).create(name, scope, now=now, expires=None)[0]}"}
        for name, scope in (("ann", Scope.TRAIN), ("chief", Scope.ADMIN))
    )
    with trainer_client(tmp_path, *[lambda _: None] * 4, settings={"keys": keys}) as client:
        problem_of(client.post("/v1/jobs", json=BUILT_IN, headers={**ann, "X-Owner": "bob"}), 403, "forbidden")
        owners = [
            client.post("/v1/jobs", json=BUILT_IN, headers=headers).json()["owner"]
            for headers in (ann, {**ann, "X-Owner": "ann"}, chief, {**chief, "X-Owner": "bob"})
        ]
    assert owners == ["ann", "ann", "chief", "bob"]


def test_a_bot_is_forced_by_a_key_that_may_admin_alone(tmp_path: Path) -> None:
    keys, now = tmp_path / "keys.json", datetime.now(UTC)
    ann, chief = (
        {"Authorization": f"Bearer {KeyFile(keys).create(name, scope, now=now, expires=None)[0]}"}
        for name, scope in (("ann", Scope.TRAIN), ("chief", Scope.ADMIN))
    )
    with trainer_client(tmp_path, settings={"keys": keys}) as client:
        body = {"run": "dialogue-there", "force": True}
        problem_of(client.put("/v1/aliases/ntdemo-en", json=body, headers=ann), 403, "forbidden")
        assert client.put("/v1/aliases/ntdemo-en", json={**body, "force": False}, headers=ann).status_code == 404
        assert client.put("/v1/aliases/ntdemo-en", json=body, headers=chief).status_code == 404


def test_who_may_read_may_ask_how_a_table_would_be_read(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    key, _ = KeyFile(keys).create("reader", Scope.READ, now=datetime.now(UTC), expires=None)
    with trainer_client(tmp_path, settings={"keys": keys}) as client:
        reader = {"Authorization": f"Bearer {key}"}
        problem_of(client.post("/v1/datasets", params={"name": "a.csv"}, content=b"x", headers=reader), 403, "forbidden")
        plan = client.post(f"/v1/datasets/{'0' * 64}/plan", json={}, headers=reader)
        problem_of(plan, 404, "dataset-not-found")


def test_a_cut_upload_is_one_line_and_no_failure(tmp_path: Path) -> None:
    with TrainerProcess(tmp_path / "state") as trainer:
        host, port = "localhost", int(trainer.url.rpartition(":")[2])
        for _ in range(3):
            with socket.create_connection((host, port), timeout=10) as cut:
                head = f"POST /v1/datasets?name=a.csv HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: text/csv\r\n"
                cut.sendall(head.encode() + b"Content-Length: 1000\r\n\r\nsmiles,")
            trainer.wait_until_logged("status=499")
        metrics = httpx.get(f"{trainer.url}/metrics", trust_env=False).text
        assert 'status="499"' in metrics
        assert 'status="500"' not in metrics
    text = trainer.log.read_text()
    assert "Traceback" not in text
    assert list((tmp_path / "state" / "datasets").iterdir()) == []
