"""Rendering: jobs, data sets and events as the API's objects."""

import asyncio
import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar

from servicekit.problems import MEDIA_TYPE, NOT_READY, Problem, ProblemDocument, ProblemType
from trainer.api.promoting import PromotionFailed
from trainer.api.routes.wire import AliasResource, DatasetResource, JobNeeds, JobResource, JobSpent, RunResource
from trainer.data.datasets import Dataset
from trainer.data.offences import InvalidData
from trainer.data.sources import DATASET
from trainer.dialogue.failures import NotPromoted
from trainer.jobs.diagnosis import diagnose, invalid_data_members
from trainer.jobs.job import Failure, Job
from trainer.jobs.order import Outlook
from trainer.pipelines.registry import Alias, Entry
from trainer.runs.failures import Refused
from trainer.runs.problems import INVALID_DATA, JOB_BROKEN, PROBLEM_TYPES, STORAGE_FULL
from trainer.store.intents import PublicationsLost
from trainer.store.publications import PublicationsDamaged

__all__ = [
    "alias_resource",
    "answers",
    "dataset_resource",
    "invalid_data",
    "job_path",
    "job_resource",
    "no_room",
    "refusal",
    "refusing",
    "registered",
    "run_resource",
]

_P = ParamSpec("_P")
_T = TypeVar("_T")


def answers(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI `responses` of a route that can fail with these codes, whatever it answers otherwise."""
    problem = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}}
    return {code: {"description": HTTPStatus(code).phrase, **problem} for code in codes}


def job_path(job: str) -> str:
    """Where a job is found."""
    return f"/v1/jobs/{job}"


def job_resource(job: Job, outlook: Outlook | None = None, pending: str | None = None) -> JobResource:
    """A job, and what it can expect where it waits in the queue or, `pending`, in a cluster."""
    same = ("id", "state", "kind", "spec", "priority", "owner", "preemptible", "time_limit_s", "attempts", "preemptions")
    more = ("slot", "parent", "children", "run", "device", "created", "started", "finished")
    return JobResource(
        **{name: getattr(job, name) for name in same + more},
        needs=JobNeeds(**asdict(job.needs)),
        spent=JobSpent(**asdict(job.spent)),
        position=None if outlook is None else outlook.position,
        estimated_start=None if outlook is None else outlook.start,
        pending=pending,
        problem=None if job.failure is None else _problem(job.failure, job_path(job.id)),
    )


def refusal(failure: Failure) -> Problem:
    """Why a job is not taken in, with the numbers."""
    return Problem(_kind(failure), failure.detail, **failure.extensions)


def dataset_resource(dataset: Dataset) -> DatasetResource:
    """An uploaded file."""
    return DatasetResource(
        sha256=dataset.sha256,
        source=f"{DATASET}{dataset.sha256}",
        name=dataset.path.name,
        size_bytes=dataset.size_bytes,
        created=dataset.created,
    )


async def registered(work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """What the registry answers, asked in a thread; what it refuses, as a problem."""
    with refusing():
        return await asyncio.to_thread(work, *args, **kwargs)


@contextmanager
def refusing() -> Iterator[None]:
    """What the registry refuses, as a problem."""
    try:
        yield
    except (Refused, NotPromoted) as error:
        raise refusal(diagnose(error)) from None
    except PromotionFailed as error:
        raise refusal(error.failure) from None
    except (PublicationsDamaged, PublicationsLost) as error:
        raise Problem(NOT_READY, str(error)) from None
    except OSError as error:
        raise no_room(error) from None


def run_resource(entry: Entry) -> RunResource:
    """A run, and what people say of it."""
    marks = entry.marks
    return RunResource(
        id=entry.run,
        kind=entry.kind,
        published=entry.published,
        name=marks.name,
        tags=list(marks.tags),
        note=marks.note,
        pinned=marks.pinned,
        aliases=list(entry.aliases),
        decision=entry.decision,
    )


def alias_resource(alias: Alias) -> AliasResource:
    """An alias."""
    return AliasResource(alias=alias.alias, run=alias.run, before=list(alias.before))


def invalid_data(error: InvalidData) -> Problem:
    """Data that cannot be used, as a problem that lists the first offences."""
    return Problem(INVALID_DATA, str(error), **invalid_data_members(error))


def no_room(error: OSError) -> Exception:
    """A disk that is full, as a problem; any other error of the disk as it is."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return Problem(STORAGE_FULL, "The state directory has no room left.")
    return error


def _problem(failure: Failure, instance: str) -> ProblemDocument:
    kind = _kind(failure)
    return ProblemDocument(
        type=f"/problems/{kind.slug}",
        title=kind.title,
        status=kind.status,
        detail=failure.detail,
        instance=instance,
        **failure.extensions,
    )


def _kind(failure: Failure) -> ProblemType:
    return next((kind for kind in PROBLEM_TYPES if kind.slug == failure.slug), JOB_BROKEN)
