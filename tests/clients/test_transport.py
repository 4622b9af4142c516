"""What the transport asks again, and what it makes of answers."""

import asyncio
import json
from typing import Any

import httpx
import pytest

import ntdemo
from ntdemo import errors
from ntdemo._async.transport import AsyncRetrying
from ntdemo._sync.services import Services
from ntdemo._sync.transport import Retrying

_PROBLEM = {"type": "/problems/not-ready", "title": "Not ready", "status": 503, "detail": "Wait.", "instance": "/v1/runs"}


class Answers:
    """Gives one answer after the other, and keeps what was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = iter(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self) -> httpx.Client:
        return httpx.Client(transport=Retrying("the scores API", httpx.MockTransport(self)), base_url="http://api")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr("ntdemo._sync.transport.pause", taken.append)
    return taken


def _busy(**headers: str) -> httpx.Response:
    return httpx.Response(503, json=_PROBLEM, headers=headers)


def test_what_is_not_ready_is_asked_again_after_what_it_asks_for(pauses: list[float]) -> None:
    answers = Answers(_busy(**{"retry-after": "2"}), _busy(), httpx.ConnectError("refused"), httpx.Response(200, json={}))
    assert answers.client().get("/v1/runs").status_code == 200
    assert pauses == [2.0, 0.5, 1.0]


def test_the_last_answer_is_what_is_told(pauses: list[float]) -> None:
    answers = Answers(*[_busy(**{"retry-after": "600"})] * 4)
    with pytest.raises(errors.NotReady, match=r"Wait\."):
        answers.client().get("/v1/runs")
    assert len(answers.asked) == 4
    assert max(pauses) == 8.0


def test_a_job_without_a_key_is_handed_in_once_and_one_with_a_key_again(pauses: list[float]) -> None:
    alone = Answers(httpx.ReadError("broken"))
    with pytest.raises(errors.Unreachable, match="broken"):
        alone.client().post("/v1/jobs", json={})
    keyed = Answers(httpx.ReadError("broken"), httpx.Response(202, json={}))
    assert keyed.client().post("/v1/jobs", json={}, headers={"idempotency-key": "k"}).status_code == 202
    assert pauses == [0.25]


def test_a_failure_that_would_be_the_same_again_is_told_at_once(pauses: list[float]) -> None:
    answers = Answers(httpx.Response(404, json=_PROBLEM | {"type": "https://host/problems/of-a-later-release", "status": 404}))
    with pytest.raises(errors.Problem) as caught:
        answers.client().get("/v1/runs")
    assert (caught.value.slug, caught.value.status) == ("of-a-later-release", 404)
    assert pauses == []


def test_a_proxy_that_answers_in_its_own_words_is_no_service(pauses: list[float]) -> None:
    answers = Answers(*[httpx.Response(502, text="Bad Gateway")] * 4)
    with pytest.raises(errors.Unreachable, match="status 502"):
        answers.client().get("/v1/runs")


def test_every_question_begins_a_trace_unless_the_caller_has_one() -> None:
    answers = Answers(*[httpx.Response(200, json={}) for _ in range(3)])
    with answers.client() as client:
        client.get("/v1/runs")
        client.get("/v1/runs")
        client.get("/v1/runs", headers={"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"})
    first, second, third = (request.headers["traceparent"] for request in answers.asked)
    assert first != second
    assert len(first) == len(third) == 55
    assert third.startswith("00-aaaa")


def test_the_asynchronous_transport_does_the_same() -> None:
    answers = Answers(httpx.Response(404, json=_PROBLEM | {"type": "/problems/run-not-found", "status": 404}))

    async def ask() -> None:
        transport = AsyncRetrying("the scores API", httpx.MockTransport(answers))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            await client.get("/v1/runs")

    with pytest.raises(errors.RunNotFound):
        asyncio.run(ask())


def test_addresses_come_from_the_variables_of_the_services() -> None:
    found = ntdemo.Addresses.of_environment(
        {"NTDEMO_HOST": "0.0.0.0", "NTDEMO_PORT": "4040", "TRAINER_HOST": "::1", "NTDEMO_CHATBOT_URL": "https://x/chat/"}  # noqa: S104
    )
    assert (found.scores, found.trainer, found.chatbot) == ("http://127.0.0.1:4040", "http://[::1]:3031", "https://x/chat")
    with pytest.raises(ValueError, match="NTDEMO_PORT='many'"):
        ntdemo.Addresses.of_environment({"NTDEMO_PORT": "many"})
    assert "secret" not in repr(ntdemo.Addresses(key="secret"))


@pytest.mark.parametrize(
    ("asked", "blocks"),
    [
        ({}, [500, 500, 201]),
        ({"limit": 400}, [250] * 4 + [201]),
        ({"targets": [f"target {place}" for place in range(10_000)], "limit": 3}, [10] * 120 + [1]),
    ],
)
def test_many_compounds_are_asked_for_in_blocks_that_one_answer_holds(asked: dict[str, Any], blocks: list[int]) -> None:
    questions = []

    def answer(request: httpx.Request) -> httpx.Response:
        questions.append(json.loads(request.content))
        return httpx.Response(200, json={"run": "r", "objective": "activity", "scale": "value", "meaning": "", "compounds": []})

    services = Services(ntdemo.Addresses(), transport=httpx.MockTransport(answer))
    ntdemo.Run(services, "pandas", id_="r").predict(["CCO"] * 1201, **asked)
    assert [len(question["compounds"]) for question in questions] == blocks
