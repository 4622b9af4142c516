"""The trainer's jobs, from a small trainer that tells what the real one tells."""

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from httpx_sse import ServerSentEvent
from tests.support.trainer_answers import job

from trainer.runs.report import Stage
from viz import jobs as jobs_module
from viz.answers import Job
from viz.failures import UpstreamAway
from viz.jobs import Progress, TrainerJobs
from viz.language import speaking, spoken

_UPLOAD, _REMOVED = "0123456789abcdef" * 4, "fedcba9876543210" * 4
_FACTORS = {"kind": "factors", "objective": "counts", "rank": 3}


class Trainer:
    """Jobs that the real trainer would list: one runs and tells its progress, one has failed, the others only have a spec."""

    def __init__(self) -> None:
        self.streams = 0
        self.spoken: str | None = None
        """The language of whatever follows a job."""
        self.file = "assays.csv.gz"
        self.app = FastAPI()
        self.app.get("/v1/jobs")(self.list_jobs)
        self.app.get("/v1/jobs/{job}/events")(self.follow)
        self.app.get("/v1/datasets")(self.list_datasets)

    async def list_jobs(self) -> dict[str, object]:
        ragged = {"type": "/problems/invalid-data", "title": "t", "status": 422, "detail": "row 7 is ragged", "instance": "/"}
        jobs = [
            _job("a", "running", {**_FACTORS, "sources": ["default"]}),
            _job("b", "failed", {**_FACTORS, "sources": ["built-in"]}, ragged),
            _job("c", "succeeded", {**_FACTORS, "sources": [f"dataset:{_UPLOAD}", f"dataset:{_REMOVED}"]}),
            _job("d", "succeeded", {"kind": "dialogue", "language": "en", "corpora": []}),
            _job(
                "e", "succeeded", {"kind": "dialogue", "language": "ja", "corpora": ["starter", f"dataset:{_UPLOAD}#forum*2"]}
            ),
            _job("f", "failed", None),
        ]
        return {"items": jobs, "next": None}

    async def list_datasets(self) -> dict[str, object]:
        uploaded = {"sha256": _UPLOAD, "source": f"dataset:{_UPLOAD}", "name": self.file, "size_bytes": 9}
        return {"items": [{**uploaded, "created": "2026-11-23T22:00:00Z"}]}

    async def follow(self, job: str) -> StreamingResponse:  # noqa: ARG002 - the path has it
        self.streams += 1
        self.spoken = spoken()

        async def told() -> AsyncIterator[str]:
            yield 'id: 1\nevent: stage-started\ndata: {"stage": "fit"}\n\n'
            yield 'id: 2\nevent: stage-started\ndata: {"stage": "spark"}\n\n'
            progress = {"stage": "fit", "done": 30, "total": 120, "loss": 0.5, "eta_s": 9.0}
            yield f"id: 2\nevent: progress\ndata: {json.dumps(progress)}\n\n"
            await asyncio.sleep(3600)  # the job goes on

        return StreamingResponse(told(), media_type="text/event-stream")


def _job(
    identity: str, state: str, spec: dict[str, object] | None, problem: dict[str, object] | None = None
) -> dict[str, object]:
    stated = {"id": identity, "state": state, "problem": problem, "created": "2026-11-23T22:00:00Z", "run": None}
    return {**job(spec or {"kind": "factors"}, **stated), "spec": spec}


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

    running, failed, *_ = asyncio.run(looked())
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
        (httpx.Response(502), "not the trainer"),
        (httpx.Response(200, text="<html>"), "not the trainer"),
        (httpx.Response(200, json=[]), "not the"),
    ],
)
def test_what_is_not_the_trainer_is_away(answer: httpx.Response, said: str) -> None:
    async def asked() -> None:
        async with TrainerJobs("http://trainer", transport=httpx.MockTransport(lambda _: answer)) as jobs:
            await jobs.newest(5)

    with pytest.raises(UpstreamAway, match=said):
        asyncio.run(asked())


def test_a_silent_address_is_away() -> None:
    async def asked() -> None:
        async with TrainerJobs("http://127.0.0.1:9") as jobs:
            await jobs.newest(5)

    with pytest.raises(UpstreamAway, match="nothing listens there"):
        asyncio.run(asked())


def test_a_job_is_called_by_what_it_trains_and_from_which_files() -> None:
    async def looked() -> tuple[Job, ...]:
        async with TrainerJobs("http://trainer", transport=Endless(Trainer().app)) as jobs:
            return await jobs.newest(5)

    assert [job.title for job in asyncio.run(looked())] == [
        "counts of rank 3 from the trainer's own data",
        "counts of rank 3 from the built-in data",
        "counts of rank 3 from assays.csv.gz, upload fedcba98…",
        "English chatbot from the starter conversations",
        "Japanese chatbot from the starter conversations, assays.csv.gz#forum*2",
        "a job of an earlier version",
    ]


def test_a_file_is_called_as_it_is_though_a_source_of_the_trainer_is_called_so() -> None:
    trainer = Trainer()
    trainer.file = "default"

    async def looked() -> tuple[Job, ...]:
        async with TrainerJobs("http://trainer", transport=Endless(trainer.app)) as jobs:
            return await jobs.newest(5)

    with speaking("ja"):
        titles = [job.title for job in asyncio.run(looked())]
    assert titles[0] == "計数、ランク 3（データ：学習サービス既定のデータ）"
    assert titles[2] == "計数、ランク 3（データ：default、アップロード fedcba98…）"


def test_what_outlives_a_request_does_not_speak_its_language() -> None:
    trainer = Trainer()

    async def looked() -> tuple[Job, ...]:
        async with TrainerJobs("http://trainer", transport=Endless(trainer.app)) as jobs:
            return await _until_progress(jobs)

    with speaking("ja"):
        running = asyncio.run(looked())[0]
    assert (running.stage, trainer.spoken) == ("因子を学習中", "en")


@pytest.mark.parametrize(
    ("events", "stage"),
    [
        ([], None),
        ([("stage-started", "spark")], "spark"),
        ([("stage-started", "read"), ("stage-started", "spark")], "read"),
        ([("stage-started", "spark"), ("stage-started", "read"), ("stage-finished", "read")], "spark"),
        ([("stage-started", "read"), ("stage-finished", "read"), ("stage-started", "fit")], "fit"),
        ([("stage-started", "fit"), ("attempt", None)], None),
    ],
)
def test_the_stage_is_what_lasts_and_spark_only_when_nothing_else_does(
    events: list[tuple[str, str | None]], stage: str | None
) -> None:
    progress = Progress()
    for kind, named in events:
        progress.take(ServerSentEvent(event=kind, data=json.dumps({"stage": named})))
    assert progress.stage == stage


def test_figures_are_those_of_the_stage_that_lasts() -> None:
    progress = Progress()
    for kind, data in [("stage-started", {}), ("progress", {"done": 3}), ("stage-finished", {}), ("stage-started", {})]:
        progress.take(ServerSentEvent(event=kind, data=json.dumps({"stage": "fit", **data})))
        assert progress.figures().get("done") == (3 if kind == "progress" else None)


def test_each_stage_of_the_trainer_has_words() -> None:
    assert set(jobs_module._STAGES) == set(Stage)  # noqa: SLF001 - words of the trainer's vocabulary
