"""Files that are handed in over HTTP, and how they would be read."""

import errno
import hashlib
from pathlib import Path

import pytest
from tests.support.seed_json import seed_json
from tests.support.trainer_app import (
    problem_of,
    succeeds,
    trainer_client,
)

from trainer.data.datasets import Upload


def test_an_upload_becomes_a_source(tmp_path: Path) -> None:
    content = seed_json([[1, 0], [0, 1]], [[1, 0], [0, -1]])
    sha256 = hashlib.sha256(content).hexdigest()
    with trainer_client(tmp_path, succeeds) as client:
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
    with trainer_client(tmp_path, succeeds) as client:
        name = "BindingDB All (2021).csv"
        uploaded = client.post("/v1/datasets", params={"name": name}, content=f"smiles,target,IC50\n{rows}".encode())
        assert uploaded.status_code == 201
        assert uploaded.json()["name"] == name
        plan = f"/v1/datasets/{uploaded.json()['sha256']}/plan"
        asked = problem_of(client.post(plan, json={}), 422, "invalid-data")
        assert "--unit nM, --unit uM, or --unit pX" in asked["detail"]
        answer = client.post(plan, json={"unit": "nM"})
        assert answer.status_code == 200
        (file,) = answer.json()["files"]
        assert [column["role"] for column in file["columns"]] == ["molecule", "target title", "value"]
        assert (answer.json()["objective"], answer.json()["rows"]["used"]) == ("activity", 6)
        assert len(answer.json()["lines"]) <= 10
        problem_of(client.post(f"/v1/datasets/{'0' * 64}/plan", json={}), 404, "dataset-not-found")


def test_the_demonstrations_data_have_no_columns_to_plan(tmp_path: Path) -> None:
    with trainer_client(tmp_path, succeeds) as client:
        content = seed_json([[1, 0], [0, 1]], [[1, 0], [0, -1]])
        sha256 = client.post("/v1/datasets", params={"name": "data.json"}, content=content).json()["sha256"]
        answer = client.post(f"/v1/datasets/{sha256}/plan", json={}).json()
        assert answer == {"lines": [], "objective": "counts", "files": [], "rows": None}


@pytest.mark.parametrize("name", ["", ".hidden.json", "../up.json", "a/b.json", "a\\b.json", "x" * 200, "é" * 80 + "é" * 30])
def test_an_upload_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with trainer_client(tmp_path) as client:
        problem_of(client.post("/v1/datasets", params={"name": name}, content=b"{}"), 422, "invalid-request")


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
    with trainer_client(tmp_path) as client:
        assert told in problem_of(client.post("/v1/datasets", params={"name": name}, content=content), 422, slug)["detail"]
        assert list((tmp_path / "datasets").iterdir()) == []


@pytest.mark.parametrize("announced", [True, False])
def test_an_upload_that_is_too_large_is_refused_announced_or_not(tmp_path: Path, announced: bool) -> None:  # noqa: FBT001 - parametrized
    with trainer_client(tmp_path, settings={"upload_limit_bytes": 100}) as client:
        content = b"x" * 101 if announced else iter([b"x" * 60, b"x" * 41])
        problem = problem_of(client.post("/v1/datasets", params={"name": "a.csv"}, content=content), 413, "dataset-too-large")
        assert problem["limit_bytes"] == 100
        assert client.get("/v1/datasets").json() == {"items": []}
        assert not (tmp_path / "datasets").exists() or list((tmp_path / "datasets").iterdir()) == []


def test_a_full_disk_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(upload: Upload, chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Upload, "write", full)  # a disk cannot be filled in a test
    with trainer_client(tmp_path) as client:
        problem_of(client.post("/v1/datasets", params={"name": "a.csv"}, content=b"x"), 507, "storage-full")
        assert client.get("/v1/datasets").json() == {"items": []}
