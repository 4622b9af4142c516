"""Rendering: jobs, data sets and events as the API's objects."""

import errno
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from servicekit.problems import MEDIA_TYPE, Problem, ProblemDocument, ProblemType
from trainer.api.routes.wire import DatasetResource, JobNeeds, JobResource, JobSpent
from trainer.data.datasets import Dataset
from trainer.data.offences import InvalidData
from trainer.data.sources import DATASET
from trainer.jobs.diagnosis import invalid_data_members
from trainer.jobs.job import Failure, Job
from trainer.jobs.order import Outlook
from trainer.runs.problems import INVALID_DATA, JOB_BROKEN, PROBLEM_TYPES, STORAGE_FULL

__all__ = ["answers", "dataset_resource", "invalid_data", "job_path", "job_resource", "no_room", "refusal"]


def answers(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The OpenAPI `responses` of a route that can fail with these codes, whatever it answers otherwise."""
    problem = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}}
    return {code: {"description": HTTPStatus(code).phrase, **problem} for code in codes}


def job_path(job: str) -> str:
    """Where a job is found."""
    return f"/v1/jobs/{job}"


def job_resource(job: Job, outlook: Outlook | None = None) -> JobResource:
    """A job, and what it can expect where it waits."""
    same = ("id", "state", "kind", "spec", "priority", "owner", "preemptible", "time_limit_s", "attempts", "preemptions")
    more = ("slot", "parent", "children", "run", "device", "created", "started", "finished")
    return JobResource(
        **{name: getattr(job, name) for name in same + more},
        needs=JobNeeds(**asdict(job.needs)),
        spent=JobSpent(**asdict(job.spent)),
        position=None if outlook is None else outlook.position,
        estimated_start=None if outlook is None else outlook.start,
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
