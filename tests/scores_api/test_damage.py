"""A flipped bit is never served as truth: each answer is what it was, of another whole run, or a problem."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from tests.support.damage import flip
from tests.support.store import Publisher, five_fragments, many_fragments

from contracts.kinds import RANKINGS, SimilarityKind
from published import form
from scores_api.app import create_app
from scores_api.check import main as check
from scores_api.settings import Settings

FLIPS = int(os.environ.get("NTDEMO_FLIPS", "6"))
"""A file; NTDEMO_FLIPS=31 for a long round."""


class Damaged:
    """A store of two runs, the newer of which is damaged, and everything that is asked of them."""

    def __init__(self, client: TestClient, publisher: Publisher) -> None:
        self.client = client
        self.older = publisher.publish(five_fragments())
        contents = many_fragments(120, shown=110, targets=4, rank=3)
        self.run = publisher.publish(contents)
        self.directory = publisher.store.artifact("factors", self.run)
        names = [httpx.QueryParams({"n": name}).__str__()[2:].replace("+", "%20") for name in contents.names[::17]]
        self.paths = [
            "/cosine/score",
            "/v1/fragments?limit=200&shown=false",
            "/v1/factors/fragments?limit=200",
            "/v1/factors/targets",
            *(f"/v1/runs/RUN{part}" for part in ("", "/curve", "/trajectory", "/rejects")),
            *(f"/v1/fragments/{name}/neighbours?limit=40&similarity={kind}" for name in names for kind in RANKINGS),
            "/v1/artifacts/factors/RUN",
            *(f"/v1/artifacts/factors/RUN/files/{name}" for name in ("factors.onnx", form.SCORES)),
        ]
        self.truth = self.answers(self.run)
        assert {status for status, _ in self.truth.values()} == {200}

    def answers(self, run: str) -> dict[str, tuple[int, bytes]]:
        """Status and body by path, of this run, current or not."""
        found = {}
        for path in self.paths:
            asked = path.replace("RUN", run)
            if "RUN" not in path:
                asked += f"{'&' if '?' in path else '?'}run={run}"
            response = self.client.get(asked)
            found[path] = (response.status_code, response.content.replace(b'"current":false', b'"current":true'))
        return found


@pytest.fixture
def damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Damaged]:
    monkeypatch.setattr("scores_api.retry._FIRST_S", 0.0)  # what was mended is opened by the next request
    with TestClient(create_app(Settings(state=tmp_path, publication_wait_s=60)), base_url="http://api") as client:
        yield Damaged(client, Publisher(tmp_path))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_whatever_bit_is_flipped_in_an_open_run_no_answer_is_another(damaged: Damaged) -> None:
    draw = random.Random(0)  # noqa: S311 - places for tests
    told: set[str] = set()
    flips = 0
    for file in sorted(damaged.directory.iterdir()):
        for _ in range(FLIPS if file.stat().st_size else 0):
            bit = draw.randrange(8 * file.stat().st_size)
            flip(file, bit)
            flips += 1
            for path, (status, body) in damaged.answers(damaged.run).items():
                assert (status, body) == damaged.truth[path] or status in {500, 503}, (file.name, bit, path)
                if status != httpx.codes.OK:
                    told.add(file.name)
            flip(file, bit)
            assert damaged.answers(damaged.run) == damaged.truth, "what is mended is served again"
    print(f"{flips} bits flipped, none served changed; told in {len(told)} files")  # noqa: T201 - docs/operations.md states it
    assert {form.SCORES, form.neighbours_file(SimilarityKind.FUNCTION), "factors.onnx"} <= told


def test_of_a_damaged_current_run_the_one_before_is_current_and_the_problem_names_the_file(damaged: Damaged) -> None:
    file = damaged.directory / form.neighbours_file(SimilarityKind.FUNCTION)
    flip(file, 3)
    path = "/v1/fragments/id:0/neighbours"
    problem = damaged.client.get(path)
    assert (problem.status_code, problem.json()["type"]) == (503, "/problems/run-unreadable")
    assert file.name in problem.json()["reason"]
    assert str(damaged.directory) not in problem.text

    answers = [damaged.client.get(path) for _ in range(200)]
    assert answers[-1].status_code == 200
    assert answers[-1].json()["run"] == damaged.older
    assert damaged.client.get("/readyz").status_code == 200
    assert damaged.client.get("/v1/runs/current").json()["id"] == damaged.older
    assert [item["current"] for item in damaged.client.get("/v1/runs").json()["items"]] == [False, True]
    refused = damaged.client.get("/cosine/score", params={"run": damaged.run})
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/run-unreadable")


def test_a_run_of_another_release_says_to_train_again(damaged: Damaged, tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "other")
    publisher.announce("factors-newer", {})
    run = publisher.publish(five_fragments())
    with TestClient(create_app(Settings(state=tmp_path / "other", publication_wait_s=60)), base_url="http://api") as client:
        assert client.get("/v1/runs/current").json()["id"] == run
        problem = client.get("/cosine/score", params={"run": "factors-newer"})
        assert (problem.status_code, problem.json()["type"]) == (404, "/problems/run-outdated")
        assert "Train its data again" in problem.json()["detail"]
    assert damaged.client.get("/v1/runs/current").json()["id"] == damaged.run


def test_a_check_says_which_runs_this_release_can_serve(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def checked() -> tuple[int, str, str]:
        status = check(["--state", str(tmp_path)])
        return (status, *capsys.readouterr())

    assert checked() == (0, "Nothing is published yet.\n", "")
    publisher = Publisher(tmp_path)
    run = publisher.publish(five_fragments())
    assert checked() == (0, "This release can serve 1 of 1 runs of the store.\n", "")
    flip(publisher.store.artifact("factors", run) / form.TRAJECTORY)
    status, said, problem = checked()
    assert (status, said) == (1, "This release can serve 0 of 1 runs of the store.\n")
    assert problem == f"{run}: {form.TRAJECTORY} differs from its checksum\n"
    publisher.publish(five_fragments())
    assert checked()[:2] == (0, "This release can serve 1 of 2 runs of the store.\n")
