"""The server as a process, over a store that changes while it serves."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready
from tests.support.store import Publisher, five_fragments, many_fragments

COMMAND = Path(sys.executable).with_name("ntdemo-scores-api")


@dataclass(frozen=True)
class Serving:
    """A running server and the store it reads."""

    publisher: Publisher
    served: Served
    client: httpx.Client

    def resident_mb(self) -> float:
        assert self.served.process is not None
        status = Path(f"/proc/{self.served.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024

    def run(self) -> str:
        """The current run."""
        run: str = self.client.get("/v1/runs/current").json()["id"]
        return run


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    (port,) = free_ports(1)
    environment = {"NTDEMO_STATE": str(tmp_path / "state"), "NTDEMO_HOST": "127.0.0.1", "NTDEMO_PORT": str(port)}
    url = f"http://127.0.0.1:{port}"
    with (
        Served("ntdemo-scores-api", tmp_path / "log", environment, url) as served,
        httpx.Client(base_url=url, trust_env=False, timeout=60) as client,
    ):
        wait_until_ready(served, "/healthz")
        yield Serving(Publisher(tmp_path / "state"), served, client)


def test_it_starts_before_anything_is_published_and_says_so(serving: Serving) -> None:
    for path in ("/cosine/score", "/v1/runs", "/v1/fragments", "/v1/artifacts"):
        response = serving.client.get(path)
        assert response.status_code == 503
        assert response.json()["type"] == "/problems/not-ready"
        assert int(response.headers["retry-after"]) > 0
    ready = serving.client.get("/readyz")
    assert (ready.status_code, list(ready.json()["missing"])) == (503, ["run"])


def test_publications_are_seen_without_a_restart_and_old_runs_stay_whole(serving: Serving) -> None:
    first = serving.publisher.publish(five_fragments())
    scores = serving.client.get("/cosine/score").content
    assert serving.run() == first
    second = serving.publisher.publish(five_fragments().scaled(0.5))
    assert serving.client.get("/cosine/score").content != scores
    assert serving.run() == second
    third = serving.publisher.publish(many_fragments(400, shown=100))
    assert serving.run() == third
    assert len(serving.client.get("/v1/fragments", params={"limit": 1000}).json()["items"]) == 100
    assert serving.client.get("/cosine/score", params={"run": first}).content == scores
    assert serving.client.get("/v1/fragments/fA", params={"run": second}).json()["run"] == second
    assert [item["id"] for item in serving.client.get("/v1/runs").json()["items"]] == [third, second, first]
    assert serving.client.get("/readyz").status_code == 200


@dataclass
class Reader(threading.Thread):
    """Reads as fast as it can, and notes everything it saw."""

    url: str
    stop: threading.Event
    seen: list[tuple[str, str, bytes]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        with httpx.Client(base_url=self.url, trust_env=False, timeout=60) as client:
            while not self.stop.is_set():
                for path in ("/cosine/score", "/v1/fragments/fA", "/v1/factors/fragments", "/v1/runs/current"):
                    response = client.get(path)
                    if response.status_code == httpx.codes.OK:
                        self.seen.append((path, response.headers["etag"], response.content))
                    else:
                        self.failures.append(response.text)


def test_readers_see_one_run_or_the_other_and_never_a_mixture(serving: Serving) -> None:
    contents = {}
    factors = [1.0, 0.5, 0.25, 2.0, 4.0]
    contents[serving.publisher.publish(five_fragments())] = five_fragments()
    serving.client.get("/cosine/score")
    stop = threading.Event()
    readers = [Reader(serving.served.url, stop) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for factor in factors[1:]:
            run = serving.publisher.publish(five_fragments().scaled(factor))
            contents[run] = five_fragments().scaled(factor)
            assert serving.run() == run, "the first request after a publication sees it"
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert not [failure for reader in readers for failure in reader.failures]
    assert all(len(reader.seen) > 20 for reader in readers)
    by_tag: dict[tuple[str, str], set[bytes]] = {}
    for path, tag, body in (each for reader in readers for each in reader.seen):
        by_tag.setdefault((path, tag), set()).add(body)
    assert {len(bodies) for bodies in by_tag.values()} == {1}, "an ETag names one answer"
    for (path, _), (body,) in by_tag.items():
        answer = json.loads(body)
        if path == "/v1/factors/fragments":
            expected = contents[answer["run"]].balanced_FK.tolist()
            assert [item["balanced"] for item in answer["items"]] == [pytest.approx(row, rel=1e-6) for row in expected]
        if path == "/v1/fragments/fA":
            assert answer["balanced"] == pytest.approx(contents[answer["run"]].balanced_FK[0].tolist(), rel=1e-6)
    matrices = {body for (path, _), bodies in by_tag.items() if path == "/cosine/score" for body in bodies}
    for reader in readers:
        seen = [body for path, _, body in reader.seen if path == "/cosine/score"]
        changes = [body for place, body in enumerate(seen) if place == 0 or body != seen[place - 1]]
        assert len(changes) == len(set(changes)), "nobody falls back to an older run"
    assert len(matrices) > 1


@pytest.mark.slow
def test_ten_thousand_fragments_with_100_neighbours_fit_into_200_mb(serving: Serving) -> None:
    contents = many_fragments(10_000, shown=3_400, rank=16)
    serving.publisher.publish(contents)
    assert serving.client.get("/v1/runs/current").json()["shown_fragments"] == 3_400
    for name in contents.names[:: len(contents.names) // 150]:
        for similarity in ("function", "balanced"):
            parameters: Mapping[str, str | int] = {"similarity": similarity, "limit": 100}
            path = f"/v1/fragments/{httpx.QueryParams({'n': name})}".replace("n=", "").replace("+", "%20")
            assert len(serving.client.get(f"{path}/neighbours", params=parameters).json()["items"]) == 100
    for query in ("C#N", "[nH]", "zzz"):
        serving.client.get("/v1/fragments", params={"query": query, "limit": 1000})
    serving.client.get("/v1/factors/fragments", headers={"accept": "application/vnd.apache.arrow.stream"})
    assert serving.client.get("/cosine/score").json()["type"] == "/problems/matrix-too-large"
    assert serving.resident_mb() <= 200


def test_it_knows_neither_torch_nor_spark_nor_arrow(serving: Serving) -> None:
    serving.publisher.publish(five_fragments())
    serving.client.get("/cosine/score")
    assert serving.served.process is not None
    mapped = Path(f"/proc/{serving.served.process.pid}/maps").read_text()
    assert not re.findall(r"libtorch|libjvm|libarrow|deltalake", mapped)


def ended(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A start that is expected to fail."""
    settings = {"NTDEMO_STATE": str(tmp_path / "state"), "NTDEMO_HOST": "127.0.0.1", **environment}
    return subprocess.run([COMMAND], env={**os.environ, **settings}, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("name", "value"), [("NTDEMO_PORT", "http"), ("NTDEMO_LOG_LEVEL", "loud"), ("SCORES_API_GUARD_S", "-1")]
)
def test_a_wrong_setting_stops_the_start_with_one_sentence(tmp_path: Path, name: str, value: str) -> None:
    end = ended(tmp_path, **{name: value})
    assert end.returncode == 2
    assert end.stderr.startswith(f"{name}={value!r} is not usable: ")
    assert end.stderr.count("\n") == 1


def test_a_busy_port_stops_the_start_with_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        end = ended(tmp_path, NTDEMO_PORT=str(busy.getsockname()[1]))
    assert end.returncode == 1
    assert "is in use by another program" in end.stderr
    assert end.stderr.count("\n") == 1
