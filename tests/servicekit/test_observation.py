import asyncio
import logging
import re
from collections.abc import AsyncIterator

import pytest
import structlog
from fastapi import FastAPI
from fastapi.sse import EventSourceResponse, ServerSentEvent
from fastapi.testclient import TestClient
from starlette.types import Message

from servicekit.observation import install, request_id


def counted(client: TestClient, **labels: str) -> float:
    """The count of requests that `/metrics` states for some labels."""
    wanted = [f'{name}="{value}"' for name, value in labels.items()]
    lines = [line for line in client.get("/metrics").text.splitlines() if line.startswith("http_requests_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines if all(label in line for label in wanted))


def test_a_plain_request_id_of_the_caller_comes_back(client: TestClient) -> None:
    assert client.get("/healthz", headers={"x-request-id": "trace-1.a_B"}).headers["x-request-id"] == "trace-1.a_B"


@pytest.mark.parametrize("forged", ["a b", "x" * 65, "<script>", "ü", ""])
def test_a_request_id_that_is_not_plain_is_replaced(client: TestClient, forged: str) -> None:
    answered = client.get("/healthz", headers={b"x-request-id": forged.encode("latin-1")}).headers["x-request-id"]
    assert answered != forged
    assert re.fullmatch(r"[0-9a-f]{16}-[0-9a-f]+", answered)


def test_request_ids_are_not_given_twice() -> None:
    assert len({request_id(None) for _ in range(1000)}) == 1000


def test_a_line_break_at_the_end_of_a_request_id_is_not_plain() -> None:
    assert request_id(b"abc\n") != b"abc\n"


def test_requests_are_counted_by_the_template_of_their_route(client: TestClient) -> None:
    client.get("/limited/a")
    client.get("/limited/b")
    client.get("/limited/a?limit=0")
    assert counted(client, method="GET", route="/limited/{name}", status="200") == 2
    assert counted(client, method="GET", route="/limited/{name}", status="422") == 1


def test_what_matches_no_route_is_counted_together(client: TestClient) -> None:
    for name in "abc":
        client.get(f"/nothing/{name}")
    assert counted(client, route="unmatched", status="404") == 3


def test_a_made_up_method_does_not_become_a_label(client: TestClient) -> None:
    client.request("BREW", "/teapot")
    assert counted(client, method="OTHER") == 1
    assert "BREW" not in client.get("/metrics").text


def test_a_failure_that_nobody_foresaw_is_a_counted_problem_with_a_request_id(client: TestClient) -> None:
    response = client.get("/broken", headers={"x-request-id": "mine"})
    assert response.status_code == 500
    assert response.headers["x-request-id"] == "mine"
    assert response.json()["type"] == "/problems/internal-error"
    assert "nobody foresaw" not in response.text
    assert counted(client, route="/broken", status="500") == 1


def test_a_failure_in_the_middle_of_a_body_is_not_answered_twice(client: TestClient) -> None:
    with pytest.raises(RuntimeError, match="too late"), TestClient(client.app) as strict:
        strict.get("/half")


def test_a_reader_of_events_who_hangs_up_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    app = FastAPI()
    install(app)

    @app.get("/events", response_class=EventSourceResponse)
    async def events() -> AsyncIterator[ServerSentEvent]:
        while True:
            yield ServerSentEvent(data="more")

    hangs_up = asyncio.Event()
    statuses: list[int] = []

    async def receive() -> Message:
        await hangs_up.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
            return
        await asyncio.sleep(0.1)  # takes nothing more, so that the next events wait
        hangs_up.set()
        await asyncio.sleep(60)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/events",
        "raw_path": b"/events",
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
    }
    asyncio.run(asyncio.wait_for(app(scope, receive, send), 20))
    assert statuses == [200]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize(
    ("method", "path", "level"),
    [
        ("GET", "/limited/x", logging.DEBUG),
        ("HEAD", "/nothing", logging.DEBUG),
        ("POST", "/nothing", logging.INFO),
        ("GET", "/limited/x?limit=0", logging.INFO),
        ("POST", "/echo", logging.INFO),
        ("GET", "/broken", logging.WARNING),
        ("GET", "/away", logging.WARNING),
    ],
)
def test_reading_is_logged_at_debug_changing_and_refusing_at_info_failing_at_warning(
    client: TestClient, method: str, path: str, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "servicekit.requests"), structlog.testing.capture_logs() as events:
        client.request(method, path, json={"names": []})
    (request,) = [event for event in events if event["event"] == "request"]
    assert request["log_level"] == logging.getLevelName(level).lower()


def test_a_histogram_counts_every_request_once_and_its_buckets_never_fall(client: TestClient) -> None:
    for _ in range(3):
        client.get("/limited/a")
    lines = client.get("/metrics").text.splitlines()
    buckets = [
        float(line.rpartition(" ")[2])
        for line in lines
        if line.startswith("http_request_duration_seconds_bucket{") and 'route="/limited/{name}"' in line
    ]
    assert len(buckets) == 15
    assert buckets == sorted(buckets)
    assert buckets[-1] == 3


def test_reads_that_wait_for_something_write_one_line_until_one_is_answered(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "servicekit.requests"), structlog.testing.capture_logs() as events:
        for _ in range(20):
            client.get("/away")
        assert len(events) == 1
        client.get("/limited/x")
        client.get("/away")
    assert [event["status"] for event in events] == [503, 503]
