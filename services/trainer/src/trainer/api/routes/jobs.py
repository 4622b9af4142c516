"""Jobs: hand one in, look at it, follow it, cancel it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Response, status
from fastapi.responses import PlainTextResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from servicekit import tracing
from servicekit.cursor import Cursor
from servicekit.problems import Problem
from trainer.api.routes.access import PERMITTED, NamedJob, Running
from trainer.api.routes.rendering import answers, invalid_data, job_path, job_resource, no_room
from trainer.api.routes.wire import JobPage, JobRequest, JobResource
from trainer.data.offences import InvalidData
from trainer.data.sources import DataNotAllowed, DataNotFound, locate, permit
from trainer.dialogue import corpora
from trainer.jobs.events import EventKind
from trainer.jobs.job import JobState
from trainer.jobs.supervisor import JobFinished
from trainer.jobs.table import IdempotencyConflict
from trainer.runs.problems import DATA_NOT_ALLOWED, DATA_NOT_FOUND, IDEMPOTENCY_CONFLICT, JOB_FINISHED
from trainer.runs.spec import BotSpec, FactorsSpec, RunSpec
from trainer.settings import Settings
from trainer.spark import intake

__all__ = ["router"]

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
_LIST: Final = "jobs"
"""What its cursors are of."""
_Key = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=200,
        description="A word of your choice: the same key with the same body is the same job, however often it is sent.",
    ),
]
_Seen = Annotated[
    int, Header(alias="Last-Event-ID", ge=0, lt=2**31, description="Id of the last event that was received; 0 for all of them.")
]


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Hand in a job",
    dependencies=[PERMITTED],
    responses=answers(401, 403, 409, 422, 503, 507) | {202: {"headers": {"Location": {"schema": {"type": "string"}}}}},
)
async def create_job(trainer: Running, request: JobRequest, response: Response, idempotency_key: _Key = None) -> JobResource:
    """Looks at the data as far as that is quick, queues the job and answers. `Location` names the job."""
    spec = request.spec
    try:
        await asyncio.to_thread(_look_at_data, spec, trainer.settings)
    except DataNotAllowed as error:
        raise Problem(DATA_NOT_ALLOWED, str(error)) from None
    except DataNotFound as error:
        raise Problem(DATA_NOT_FOUND, str(error)) from None
    except InvalidData as error:
        raise invalid_data(error) from None
    except OSError as error:
        raise Problem(DATA_NOT_FOUND, f"{error.filename}: {error.strerror}.") from None
    try:
        job, _ = await trainer.queue.submit(spec, priority=request.priority, key=idempotency_key)
    except IdempotencyConflict as error:
        raise Problem(IDEMPOTENCY_CONFLICT, str(error)) from None
    except OSError as error:
        raise no_room(error) from None
    await asyncio.to_thread(tracing.keep, trainer.queue.directory(job.id).root)
    response.headers["Location"] = job_path(job.id)
    return job_resource(job)


@router.get("", summary="Jobs, the newest first", responses=answers(422, 503))
async def list_jobs(
    trainer: Running,
    state: Annotated[list[JobState] | None, Query(description="Only jobs in one of these states.")] = None,
    cursor: Annotated[
        str | None, Query(max_length=100, description="`next` of the page before; none for the first page.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="Jobs a page.")] = 100,
) -> JobPage:
    """Every job that this trainer's state directory remembers."""
    before = None if cursor is None else Cursor.last(cursor, _LIST)
    jobs = await trainer.queue.page(states=state or (), before=before, limit=limit + 1)
    following = Cursor(of=_LIST, run="", after=jobs[limit - 1].sequence).text() if len(jobs) > limit else None
    return JobPage(items=[job_resource(job) for job in jobs[:limit]], next=following)


@router.get("/{job}", summary="A job", responses=answers(404, 503))
async def get_job(job: NamedJob) -> JobResource:
    """Where the job stands."""
    return job_resource(job)


@router.delete("/{job}", summary="Cancel a job", dependencies=[PERMITTED], responses=answers(401, 404, 409, 503))
async def cancel_job(trainer: Running, job: NamedJob) -> JobResource:
    """Ends the job's process where it has one, and answers when that is gone. Cancelling twice is the same as once.

    A job whose run was published in the last moment has succeeded; `state` says so.
    """
    try:
        return job_resource(await trainer.queue.cancel(job.id))
    except JobFinished:
        raise Problem(JOB_FINISHED, f"Job {job.id} has already {job.state}.") from None


@router.get(
    "/{job}/events",
    response_class=EventSourceResponse,
    summary="Follow a job",
    responses=answers(404, 422, 503),
)
async def follow_job(trainer: Running, job: NamedJob, last_event_id: _Seen = 0) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events of the job.

    Their kinds are `attempt`, `stage-started`, `stage-finished`, `progress`, `held-out`, `samples`, `device`,
    `published`, `failed`, `interrupted`, and at last `end`, whose data are the job. Data are JSON objects with a `time`. Ids
    count from 1: who comes back with `Last-Event-ID` misses nothing, who comes without it gets everything from the beginning.
    A comment comes every 15 seconds when nothing else does.
    """
    async for event in trainer.queue.follow(job.id, after=last_event_id):
        if event.kind is EventKind.END:
            data = job_resource(await trainer.queue.job(job.id)).model_dump(mode="json")
        else:
            data = {"time": event.time.isoformat(), **event.data}
        yield ServerSentEvent(id=str(event.id), event=event.kind, data=data)


@router.get(
    "/{job}/log",
    response_class=PlainTextResponse,
    summary="What a job printed",
    responses=answers(404, 503),
)
async def get_job_log(trainer: Running, job: NamedJob) -> PlainTextResponse:
    """Standard output and error of all attempts, as far as they have come; empty before the first."""
    path = trainer.queue.directory(job.id).log
    text = await asyncio.to_thread(path.read_bytes) if path.is_file() else b""
    return PlainTextResponse(text)


def _look_at_data(spec: RunSpec, settings: Settings) -> None:
    """Are the data there, may callers name them, and can they be of use, as far as that is quick to see?"""
    match spec:
        case FactorsSpec():
            permit(spec.sources + spec.later, settings)
            intake.check(locate(spec.sources + spec.later, settings), spec.ingest)
        case BotSpec():
            permit(corpora.named_sources(spec), settings)
            corpora.check(corpora.training_spec(spec, settings).corpora)
