"""Data sets: upload a file, list the files, delete one."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from servicekit.excerpt import excerpt
from servicekit.links import links
from servicekit.problems import INVALID_REQUEST, Problem
from trainer.api.routes.access import PERMITTED, Running
from trainer.api.routes.rendering import answers, dataset_resource, invalid_data, no_room
from trainer.api.routes.wire import DatasetList, DatasetResource, PlanResource
from trainer.api.service import Trainer
from trainer.data.datasets import Dataset, Upload, UploadsFull
from trainer.data.offences import InvalidData
from trainer.data.sources import DATASET
from trainer.dialogue.corpora import named_sources
from trainer.jobs.job import JobState
from trainer.runs.ingest import IngestOptions
from trainer.runs.problems import DATASET_IN_USE, DATASET_NOT_FOUND, DATASET_TOO_LARGE, UPLOADS_FULL

__all__ = ["router"]

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])
_Name = Annotated[
    str,
    Query(
        pattern=r"^[^\x00-\x1f\x7f/\\.~_ ][^\x00-\x1f\x7f/\\]{0,79}$",
        description="The file's name, as people call it. Its ending says what it holds: `.json`, `.csv`, `.tsv`, `.parquet`, "
        "`.jsonl`, `.sdf`, `.xlsx`, …",
        examples=["assays.csv.gz"],
    ),
]
_UNFINISHED = tuple(state for state in JobState if not state.final)
_ANY_SIZE = 2**62
"""`TRAINER_UPLOAD_LIMIT_BYTES` says how much."""
_NAME_BYTES = 200
"""What file systems hold, with room for what is put before a name."""
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The bytes of the file as they are.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_LINKS = links("dataset", "/sha256", "plan_dataset", "delete_dataset")


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Upload a file",
    dependencies=[PERMITTED],
    openapi_extra=_BODY,
    max_body_size=_ANY_SIZE,
    responses=answers(401, 413, 415, 422, 503, 507)
    | {
        200: {"model": DatasetResource, "description": "These bytes were uploaded before, under this name."} | _LINKS,
        201: _LINKS,
    },
)
async def create_dataset(trainer: Running, request: Request, response: Response, name: _Name) -> DatasetResource:
    """The body goes to disk as it comes, whatever its size, is checked, and is named by its SHA-256."""
    limit_bytes = trainer.settings.upload_limit_bytes
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise _too_large(limit_bytes)
    if len(name.encode()) > _NAME_BYTES:
        raise Problem(INVALID_REQUEST, f"The name has more than {_NAME_BYTES} bytes.", errors=[])
    try:
        upload = await asyncio.to_thread(trainer.datasets.receive, name)
        try:
            dataset, fresh = await _received(upload, request, trainer, limit_bytes)
        except BaseException:
            await asyncio.to_thread(upload.discard)
            raise
    except InvalidData as error:
        raise invalid_data(error) from None
    except UploadsFull:
        most = trainer.settings.uploads_limit_bytes
        raise Problem(UPLOADS_FULL, f"This trainer keeps uploads of {most:,} bytes altogether.", limit_bytes=most) from None
    except OSError as error:
        raise no_room(error) from None
    response.status_code = status.HTTP_201_CREATED if fresh else status.HTTP_200_OK
    return dataset_resource(dataset)


@router.get("", summary="The uploaded files, the newest first", responses=answers(503))
async def list_datasets(trainer: Running) -> DatasetList:
    """Every file that was uploaded to this trainer."""
    return DatasetList(items=[dataset_resource(dataset) for dataset in await asyncio.to_thread(trainer.datasets.all)])


@router.delete(
    "/{dataset}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete an uploaded file",
    dependencies=[PERMITTED],
    responses=answers(401, 403, 404, 409, 503),
)
async def delete_dataset(trainer: Running, dataset: str) -> None:
    """For good; runs that learned from it stay. A file that a job still needs is kept."""
    for job in await trainer.queue.page(states=_UNFINISHED, before=None, limit=1000):
        if job.spec is not None and f"{DATASET}{dataset}" in " ".join(named_sources(job.spec)):
            raise Problem(DATASET_IN_USE, f"Job {job.id} is {job.state} and needs it.")
    if not await asyncio.to_thread(trainer.datasets.remove, dataset):
        raise Problem(DATASET_NOT_FOUND, f"{excerpt(dataset)}: no such data set was uploaded.")


@router.post("/{dataset}/plan", summary="How a data set would be read", responses=answers(404, 422, 503))
async def plan_dataset(trainer: Running, dataset: str, options: IngestOptions) -> PlanResource:
    """What every column is taken for and why, and what the first rows would become; trains nothing.

    The body holds what a job's `spec.ingest` would: the same options give the same plan there. What a table leaves open is
    refused with the options that answer it.
    """
    found = await asyncio.to_thread(trainer.datasets.get, dataset)
    if found is None:
        raise Problem(DATASET_NOT_FOUND, f"{excerpt(dataset)}: no such data set was uploaded.")
    try:
        return PlanResource.model_validate(await trainer.looking.at_plan(found.path, options))
    except InvalidData as error:
        raise invalid_data(error) from None


async def _received(upload: Upload, request: Request, trainer: Trainer, limit_bytes: int) -> tuple[Dataset, bool]:
    async for chunk in request.stream():
        if upload.size_bytes + len(chunk) > limit_bytes:
            raise _too_large(limit_bytes)
        await asyncio.to_thread(upload.write, chunk)
    if upload.size_bytes == 0:
        raise Problem(INVALID_REQUEST, "The body is empty.", errors=[])
    await asyncio.to_thread(upload.finish)
    await trainer.looking.at_upload(upload.path)
    return await asyncio.to_thread(upload.keep)


def _too_large(limit_bytes: int) -> Problem:
    return Problem(DATASET_TOO_LARGE, f"This trainer takes files of at most {limit_bytes:,} bytes.", limit_bytes=limit_bytes)
