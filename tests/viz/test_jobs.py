"""The trainer's jobs, from a small trainer that tells what the real one tells."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from viz.answers import Job
from viz.failures import TrainerAway
from viz.jobs import ServerEvent, TrainerJobs, server_events

_SPEC = {"objective": "counts", "rank": 3, "sources": ["default"]}


class Trainer:
    """Two jobs: one runs and tells its progress, one has failed."""

    def __init__(self) -> None:
        self.streams = 0
        self.app = FastAPI()
        self.app.get("/v1/jobs")(self.list_jobs)
        self.app.get("/v1/jobs/{job}/events")(self.follow)

    async def list_jobs(self) -> dict[str, object]:
        common = {"spec": _SPEC, "created": "2026-11-23T22:00:00Z", "run": None}
        running = {"id": "a", "state": "running", "problem": None, **common}
        failed = {"id": "b", "state": "failed", "problem": {"detail": "row 7 is ragged"}, **common}
        return {"items": [running, failed], "next": None}

    async def follow(self, job: str) -> StreamingResponse:  # noqa: ARG002 - the path has it
        self.streams += 1

        async def told() -> AsyncIterator[str]:
            yield 'id: 1\nevent: stage-started\ndata: {"stage": "fit"}\n\n'
            progress = {"stage": "fit", "done": 30, "total": 120, "loss": 0.5, "eta_s": 9.0}
            yield f"id: 2\nevent: progress\ndata: {json.dumps(progress)}\n\n"
            await asyncio.sleep(3600)  # the job goes on

        return StreamingResponse(told(), media_type="text/event-stream")


class Endless(httpx.AsyncBaseTransport):
    """Serves an ASGI application and hands its body on as it comes, as a network does."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._tasks: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        parts: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": request.url.query,
            "root_path": "",
            "scheme": "http",
            "headers": request.headers.raw,
            "asgi": {"version": "3.0"},
        }

        async def receive() -> dict[str, object]:
            return await asyncio.Future()

        async def send(message: dict[str, object]) -> None:
            await parts.put(message)

        task = asyncio.create_task(self._app(scope, receive, send))  # type: ignore[arg-type]  # plain dicts for ASGI's types
        self._tasks.add(task)
        start = await parts.get()

        async def body() -> AsyncIterator[bytes]:
            more = True
            while more:
                part = await parts.get()
                more = bool(part.get("more_body"))
                yield part["body"]  # type: ignore[misc]  # bytes

        return httpx.Response(int(str(start["status"])), headers=list(start["headers"]), content=body())  # type: ignore[call-overload]

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _until_progress(jobs: TrainerJobs) -> tuple[Job, ...]:
    for _ in range(500):
        newest = await jobs.newest(5)
        if newest[0].percent is not None:
            return newest
        await asyncio.sleep(0.01)
    raise AssertionError("no progress came")


def test_a_running_job_tells_stage_share_loss_and_time_left() -> None:
    trainer = Trainer()

    async def looked() -> tuple[Job, ...]:
        async with TrainerJobs("http://trainer", transport=Endless(trainer.app)) as jobs:
            return await _until_progress(jobs)

    running, failed = asyncio.run(looked())
    assert (running.stage, running.percent, running.loss, running.eta_s) == ("fitting the factors", 25.0, 0.5, 9.0)
    assert running.unfinished
    assert running.title == "counts of rank 3 from the trainer's own data"
    assert not failed.unfinished
    assert failed.problem == "row 7 is ragged"


def test_a_job_is_followed_once_however_often_it_is_looked_at() -> None:
    trainer = Trainer()

    async def looked() -> None:
        async with TrainerJobs("http://trainer", transport=Endless(trainer.app)) as jobs:
            await _until_progress(jobs)
            for _ in range(5):
                await jobs.newest(5)

    asyncio.run(looked())
    assert trainer.streams == 1


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(502), "status 502"),
        (httpx.Response(200, text="<html>"), "not the trainer"),
        (httpx.Response(200, json=[]), "not the"),
    ],
)
def test_what_is_not_the_trainer_is_away(answer: httpx.Response, said: str) -> None:
    async def asked() -> None:
        async with TrainerJobs("http://trainer", transport=httpx.MockTransport(lambda _: answer)) as jobs:
            await jobs.newest(5)

    with pytest.raises(TrainerAway, match=said):
        asyncio.run(asked())


def test_a_silent_address_is_away() -> None:
    async def asked() -> None:
        async with TrainerJobs("http://127.0.0.1:9") as jobs:
            await jobs.newest(5)

    with pytest.raises(TrainerAway, match="nothing listens there"):
        asyncio.run(asked())


def test_events_are_read_as_the_standard_writes_them() -> None:
    async def lines() -> AsyncIterator[str]:
        for line in [
            ": hello",
            "",
            "event: progress",
            'data: {"done":',
            "data: 3}",
            "id: 7",
            "",
            "event: end",
            "",
            'data:{"a":1}',
            "",
        ]:
            yield line

    async def read() -> list[ServerEvent]:
        return [event async for event in server_events(lines())]

    assert asyncio.run(read()) == [ServerEvent("progress", {"done": 3}), ServerEvent("message", {"a": 1})]
