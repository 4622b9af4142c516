import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from tests.scores_api.conftest import Published
from tests.support.store import Publisher, five_fragments

from contracts.store import Store
from scores_api.app import create_app
from scores_api.settings import Settings

FILE = "/v1/artifacts/factors/latest/files/factors.onnx"
BYTES = five_fragments().files["factors.onnx"]


def test_artifacts_are_listed_the_newest_first_and_one_is_latest(client: TestClient, published: Published) -> None:
    items = client.get("/v1/artifacts").json()["items"]
    assert [item["version"] for item in items] == list(published.runs.values())[::-1]
    assert [item["current"] for item in items] == [True, False, False, False]
    assert {(item["artifact"], item["kind"]) for item in items} == {("factors", "factors")}


@pytest.mark.parametrize("version", ["latest", "current"])
def test_an_alias_names_the_newest_version(client: TestClient, published: Published, version: str) -> None:
    assert client.get(f"/v1/artifacts/factors/{version}").json()["version"] == published.runs["five"]


def test_a_manifest_states_every_file_with_size_and_digest(client: TestClient, published: Published) -> None:
    manifest = client.get(f"/v1/artifacts/factors/{published.runs['many']}").json()
    assert manifest["run"] == published.runs["many"]
    directory = Store.under(published.state).artifact("factors", published.runs["many"])
    lie_there = {path.name for path in directory.iterdir()}
    assert [file["name"] for file in manifest["files"]] == sorted(lie_there - {"manifest.json"})
    for file in manifest["files"]:
        content = (directory / file["name"]).read_bytes()
        assert (file["size_bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert {file["media_type"] for file in manifest["files"] if file["name"] == "factors.onnx"} == {"application/octet-stream"}


def test_a_file_is_served_whole_with_its_digest_as_etag(client: TestClient) -> None:
    response = client.get(FILE)
    assert response.content == BYTES
    assert response.headers["etag"] == f'"{hashlib.sha256(BYTES).hexdigest()}"'
    assert response.headers["content-length"] == str(len(BYTES))
    assert response.headers["accept-ranges"] == "bytes"
    assert response.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("asked", "part", "stated"),
    [
        ("bytes=0-9", slice(0, 10), "bytes 0-9/2500"),
        ("bytes=2490-", slice(2490, None), "bytes 2490-2499/2500"),
        ("bytes=-5", slice(-5, None), "bytes 2495-2499/2500"),
        ("bytes=2000-9999", slice(2000, None), "bytes 2000-2499/2500"),
    ],
)
def test_a_part_of_a_file_is_served(client: TestClient, asked: str, part: slice, stated: str) -> None:
    client.get(FILE)  # what the answers layer might keep must not be served for a part
    response = client.get(FILE, headers={"range": asked})
    assert response.status_code == 206
    assert response.content == BYTES[part]
    assert response.headers["content-range"] == stated


def test_several_parts_are_served_as_multipart(client: TestClient) -> None:
    response = client.get(FILE, headers={"range": "bytes=0-3,10-13"})
    assert response.status_code == 206
    assert response.headers["content-type"].startswith("multipart/byteranges")
    assert BYTES[:4] in response.content
    assert BYTES[10:14] in response.content


@pytest.mark.parametrize("asked", ["bytes=2500-", "bytes=9999-10000"])
def test_a_part_behind_the_end_is_a_problem_that_states_the_size(client: TestClient, asked: str) -> None:
    response = client.get(FILE, headers={"range": asked})
    assert response.status_code == 416
    assert response.headers["content-range"] == "bytes */2500"
    assert response.json()["type"] == "/problems/range-not-satisfiable"


def test_a_part_is_served_only_of_the_file_that_was_begun(client: TestClient) -> None:
    tag = client.get(FILE).headers["etag"]
    same = client.get(FILE, headers={"range": "bytes=0-3", "if-range": tag})
    other = client.get(FILE, headers={"range": "bytes=0-3", "if-range": '"other"'})
    assert (same.status_code, same.content) == (206, BYTES[:4])
    assert (other.status_code, other.content) == (200, BYTES)


def test_head_of_a_file_states_its_size_and_etag(client: TestClient) -> None:
    response = client.head(FILE)
    assert response.content == b""
    assert response.headers["content-length"] == str(len(BYTES))
    assert response.headers["etag"] == client.get(FILE).headers["etag"]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/artifacts/none/latest",
        "/v1/artifacts/factors/none",
        "/v1/artifacts/factors/latest/files/none",
        "/v1/artifacts/factors/latest/files/manifest.json",
        "/v1/artifacts/factors/latest/files/..%2F..%2F..%2Ftables",
        "/v1/artifacts/factors/latest/files/%2Fetc%2Fpasswd",
        "/v1/artifacts/factors/..%2F..%2Ftables/files/factors.onnx",
    ],
)
def test_what_no_manifest_lists_does_not_exist(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["type"] in {"/problems/artifact-not-found", "/problems/not-found"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[TestClient, Path]]:
    """A store of the test's own, whose newest run is to be damaged."""
    publisher = Publisher(tmp_path)
    publisher.publish(five_fragments().scaled(2))
    run = publisher.publish(five_fragments())
    with TestClient(create_app(Settings(state=tmp_path))) as client:
        yield client, Store.under(tmp_path).artifact("factors", run) / "factors.onnx"


@pytest.mark.parametrize("damage", ["changed", "shortened", "missing"])
@pytest.mark.parametrize("served_before", [True, False])
def test_a_damaged_file_is_a_problem_and_not_served(own: tuple[TestClient, Path], damage: str, *, served_before: bool) -> None:
    client, file = own
    if served_before:
        assert client.get(FILE).status_code == 200
    match damage:
        case "changed":
            file.write_bytes(b"x" * len(BYTES))
        case "shortened":
            file.write_bytes(BYTES[:-1])
        case "missing":
            shutil.move(file, file.with_suffix(".away"))
    response = client.get(FILE)
    assert response.status_code == 500
    assert response.json()["type"] == "/problems/artifact-damaged"
    assert str(file.parent) not in response.text


def test_a_bot_is_an_artifact_beside_the_factors_and_no_run_to_read_scores_from(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    run = publisher.publish(five_fragments())
    with TestClient(create_app(Settings(state=tmp_path))) as client:
        before = client.get("/v1/artifacts")
        assert len(before.json()["items"]) == 1
        bot = publisher.publish_files("dialogue-en", "dialogue-20261124T000000Z-abcdef", {"step.onnx": b"bytes"})
        items = client.get("/v1/artifacts", headers={"if-none-match": before.headers["etag"]}).json()["items"]
        assert [(item["artifact"], item["kind"], item["version"]) for item in items] == [
            ("dialogue-en", "dialogue", bot),
            ("factors", "factors", run),
        ]
        assert client.get("/v1/artifacts/dialogue-en/latest/files/step.onnx").content == b"bytes"
        assert [item["id"] for item in client.get("/v1/runs").json()["items"]] == [run]
        assert client.get("/v1/runs/current").json()["id"] == run
        assert client.get("/cosine/score").json()["names"] == five_fragments().names
        other = publisher.publish(five_fragments().scaled(2))
        assert client.get("/v1/artifacts/dialogue-en/latest").json()["version"] == bot
        assert [item["version"] for item in client.get("/v1/artifacts").json()["items"]] == [other, bot, run]
