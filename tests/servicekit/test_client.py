import asyncio
from collections.abc import Callable

import httpx
import pytest

from scores_client import Client
from scores_client.api.runs import get_run
from scores_client.models import RunDetail
from servicekit.client import ServiceAway, ServiceProblem, answer_of, asking, checked

SERVICE = "the scores API"
PROBLEM = {
    "type": "/problems/fragment-not-found",
    "title": "There is no such fragment in this run",
    "status": 404,
    "detail": "Run r has no fragment 'fX'.",
    "instance": "/v1/fragments/fX",
    "near": ["fA"],
}


def asked(handler: Callable[[httpx.Request], httpx.Response]) -> RunDetail:
    async def ask() -> RunDetail:
        async with Client(base_url="http://api", httpx_args={"transport": httpx.MockTransport(handler)}) as client:
            return await answer_of(get_run.asyncio("r", client=client), RunDetail, service=SERVICE)

    return asyncio.run(ask())


def failing(error: httpx.HTTPError) -> Callable[[httpx.Request], httpx.Response]:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    return handler


def test_a_problem_keeps_its_slug_its_words_and_its_members() -> None:
    with pytest.raises(ServiceProblem) as caught:
        asked(lambda _: httpx.Response(404, json=PROBLEM))
    problem = caught.value
    assert (problem.slug, problem.status, str(problem)) == ("fragment-not-found", 404, PROBLEM["detail"])
    assert (problem.title, dict(problem.members)) == (PROBLEM["title"], {"near": ["fA"]})


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (httpx.ConnectError("no"), "nothing listens there"),
        (httpx.ConnectTimeout(""), "it takes too long"),
        (httpx.ReadTimeout(""), "it takes too long"),
        (httpx.RemoteProtocolError(""), "RemoteProtocolError"),
        (httpx.ReadError("reset"), "reset"),
    ],
)
def test_who_does_not_answer_is_away_with_a_reason(error: httpx.HTTPError, reason: str) -> None:
    with pytest.raises(ServiceAway, match=f"^{reason}$"):
        asked(failing(error))


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=["run"]),
        httpx.Response(200, json={"id": "r"}),
        httpx.Response(502, text="Bad gateway"),
        httpx.Response(404, json={"detail": "Not Found"}),
    ],
)
def test_something_else_that_answers_is_not_the_service(response: httpx.Response) -> None:
    with pytest.raises(ServiceAway, match=f"^what answers there is not {SERVICE}$"):
        asked(lambda _: response)


def test_a_plain_response_is_checked_the_same_way() -> None:
    fine = httpx.Response(200, text="fine")
    assert checked(fine) is fine
    with pytest.raises(ServiceProblem, match="Run r has no fragment") as caught:
        checked(httpx.Response(404, json=PROBLEM))
    assert (caught.value.slug, dict(caught.value.members)) == ("fragment-not-found", {"near": ["fA"]})
    for other in (httpx.Response(502, text="Bad gateway"), httpx.Response(502, json=[]), httpx.Response(502, json={"a": 1})):
        with pytest.raises(ServiceAway, match=r"^status 502$"):
            checked(other)


def test_reading_an_answer_that_lacks_something_is_asking_somebody_else() -> None:
    with pytest.raises(ServiceAway, match=r"^what answers there is not the trainer$"), asking("the trainer"):
        httpx.Response(200, json={}).json()["items"]
