"""Jobs: hand one in, look at it, follow it, cancel it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Header, Query, Request, Response, status
from fastapi.responses import PlainTextResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import ValidationError

from servicekit import tracing
from servicekit.cursor import Cursor
from servicekit.doors.guard import require_scope
from servicekit.doors.keys import Caller, Scope
from servicekit.links import links
from servicekit.problems import INVALID_REQUEST, Problem
from trainer.api.routes.access import PERMITTED, NamedJob, Running
from trainer.api.routes.rendering import answers, invalid_data, job_path, job_resource, no_room, refusal
from trainer.api.routes.wire import SWEEP_LIMIT, JobPage, JobRequest, JobResource
from trainer.data.offences import InvalidData
from trainer.data.sources import DataNotAllowed, DataNotFound, permit
from trainer.dialogue.corpora import named_sources
from trainer.jobs.events import EventKind
from trainer.jobs.job import NOBODY, Job, JobState, Submission
from trainer.jobs.queue import NeverFits, QueueFull
from trainer.jobs.supervisor import JobFinished
from trainer.jobs.table import IdempotencyConflict
from trainer.runs.problems import DATA_NOT_ALLOWED, DATA_NOT_FOUND, IDEMPOTENCY_CONFLICT, JOB_FINISHED, QUEUE_FULL
from trainer.runs.spec import RUN_SPEC, RunSpec

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
_Named = Annotated[
    str | None,
    Header(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$",
        description="Whose job it is; without it, whose key this is. Owners of jobs of one priority share the devices alike. "
        "In another's name a key hands in that may admin.",
    ),
]


async def _owner(request: Request, x_owner: _Named = None) -> str:
    caller: Caller | None = request.state.caller
    if caller is not None and x_owner not in {None, caller.name}:
        require_scope(caller, Scope.ADMIN)
    return x_owner or (caller and caller.name) or NOBODY


_Owner = Annotated[str, Depends(_owner)]
_RETRY_AFTER_S: Final = "60"
_Seen = Annotated[
    int, Header(alias="Last-Event-ID", ge=0, lt=2**31, description="Id of the last event that was received; 0 for all of them.")
]


@router.post(
    "",
    status_code=status.HTTP_202_ACCEPTED,
    summary="Hand in a job",
    dependencies=[PERMITTED],
    responses=answers(401, 403, 409, 422, 429, 503, 507)
    | {
        202: {"headers": {"Location": {"schema": {"type": "string"}}}}
        | links("job", "/id", "get_job", "cancel_job", "follow_job", "get_job_log")
    },
)
async def create_job(
    trainer: Running, request: JobRequest, response: Response, owner: _Owner, idempotency_key: _Key = None
) -> JobResource:
    """Looks at the data as far as that is quick, queues the job and answers. `Location` names the job.

    A job that no device here has the memory for is refused, one that has to wait for a device waits.
    """
    asked = _submission(request, request.spec, owner)
    sweep = [_submission(request, spec, owner) for spec in _swept(request)]
    try:
        for spec in {one.spec.model_dump_json(): one.spec for one in sweep}.values() or [request.spec]:
            await asyncio.to_thread(permit, named_sources(spec), trainer.settings)
            await trainer.looking.at_job(spec)
    except DataNotAllowed as error:
        raise Problem(DATA_NOT_ALLOWED, str(error)) from None
    except DataNotFound as error:
        raise Problem(DATA_NOT_FOUND, str(error)) from None
    except InvalidData as error:
        raise invalid_data(error) from None
    except OSError as error:
        raise Problem(DATA_NOT_FOUND, f"{error.filename}: {error.strerror}.") from None
    try:
        job, _ = await trainer.queue.submit(asked, key=idempotency_key, sweep=sweep)
    except IdempotencyConflict as error:
        raise Problem(IDEMPOTENCY_CONFLICT, str(error)) from None
    except NeverFits as error:
        raise refusal(error.failure) from None
    except QueueFull as error:
        raise Problem(
            QUEUE_FULL, str(error), headers={"Retry-After": _RETRY_AFTER_S}, queued=error.queued, limit=error.limit
        ) from None
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
    parent: Annotated[str | None, Query(max_length=100, description="Only jobs of this sweep.")] = None,
) -> JobPage:
    """Every job that this trainer's state directory remembers."""
    before = None if cursor is None else Cursor.last(cursor, _LIST)
    jobs = await trainer.queue.page(states=state or (), parent=parent, before=before, limit=limit + 1)
    following = Cursor(of=_LIST, run="", after=jobs[limit - 1].sequence).text() if len(jobs) > limit else None
    return JobPage(items=await _resources(trainer, jobs[:limit]), next=following)


@router.get("/{job}", summary="A job", responses=answers(404, 503))
async def get_job(trainer: Running, job: NamedJob) -> JobResource:
    """Where the job stands; of one that waits, its place in the queue and when it will start."""
    return (await _resources(trainer, [job]))[0]


@router.delete("/{job}", summary="Cancel a job", dependencies=[PERMITTED], responses=answers(401, 403, 404, 409, 503))
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

    Their kinds are `attempt`, `stage-started`, `stage-finished`, `progress`, `held-out`, `samples`, `device`, `memory`,
    `published`, `failed`, `interrupted`, `preempted`, and at last `end`, whose data are the job. Data are JSON objects with a
    `time`. Ids count from 1: who comes back with `Last-Event-ID` misses nothing, who comes without it gets everything from the
    beginning.
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
    dependencies=[PERMITTED],
    responses=answers(401, 403, 404, 503),
)
async def get_job_log(trainer: Running, job: NamedJob) -> PlainTextResponse:
    """Standard output and error of all attempts, as far as they have come; empty before the first."""
    path = trainer.queue.directory(job.id).log
    text = await asyncio.to_thread(path.read_bytes) if path.is_file() else b""
    return PlainTextResponse(text)


def _submission(request: JobRequest, spec: RunSpec, owner: str) -> Submission:
    facts = ("priority", "preemptible", "time_limit_s", "memory_bytes", "seconds")
    return Submission(spec, owner=owner, **{name: getattr(request, name) for name in facts})


def _swept(request: JobRequest) -> list[RunSpec]:
    """The specs of a sweep, each value of each parameter with each of the others; none without a sweep."""
    if request.sweep is None:
        return []
    names, whole = list(request.sweep), request.spec.model_dump(exclude_unset=True)
    combinations = list(itertools.product(*request.sweep.values()))
    if not 0 < len(combinations) <= SWEEP_LIMIT:
        raise Problem(INVALID_REQUEST, f"body.sweep: {len(combinations)} jobs; a sweep has 1 to {SWEEP_LIMIT}.")
    if unknown := set(names) & {"kind"}:
        raise Problem(INVALID_REQUEST, f"body.sweep: {unknown.pop()!r} cannot be varied.")
    try:
        return [RUN_SPEC.validate_python({**whole, **dict(zip(names, values, strict=True))}) for values in combinations]
    except ValidationError as error:
        first = error.errors()[0]
        raise Problem(INVALID_REQUEST, f"body.sweep: {first['loc'][-1]}: {first['msg']}.") from None


async def _resources(trainer: Running, jobs: Sequence[Job]) -> list[JobResource]:
    """Jobs; those that wait with what they can expect."""
    waiting = [job.id for job in jobs if job.state is JobState.QUEUED and not job.children]
    expected = await trainer.queue.outlook(waiting) if waiting else {}
    return [
        job_resource(job, expected.get(job.id) if job.state is JobState.QUEUED else None, trainer.supervisor.pending(job.id))
        for job in jobs
    ]
