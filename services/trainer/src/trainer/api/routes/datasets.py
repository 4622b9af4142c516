"""Data sets: upload a file, list the files."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from servicekit.problems import INVALID_REQUEST, Problem
from trainer.api.routes.access import PERMITTED, Running
from trainer.api.routes.rendering import answers, dataset_resource, invalid_data, no_room
from trainer.api.routes.wire import DatasetList, DatasetResource
from trainer.data.datasets import Dataset, Upload
from trainer.data.offences import InvalidData
from trainer.runs.problems import DATASET_TOO_LARGE
from trainer.spark import intake

__all__ = ["router"]

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])
_Name = Annotated[
    str,
    Query(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$",
        description="The file's name. Its ending says what it holds: `.json`, `.csv`, `.tsv`, `.parquet`, `.jsonl`, …",
        examples=["assays.csv.gz"],
    ),
]
_BODY = {
    "requestBody": {
        "required": True,
        "description": "The bytes of the file as they are.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Upload a file",
    dependencies=[PERMITTED],
    openapi_extra=_BODY,
    responses=answers(401, 413, 422, 503, 507)
    | {200: {"model": DatasetResource, "description": "These bytes were uploaded before, under this name."}},
)
async def create_dataset(trainer: Running, request: Request, response: Response, name: _Name) -> DatasetResource:
    """The body goes to disk as it comes, whatever its size, is checked, and is named by its SHA-256."""
    limit_bytes = trainer.settings.upload_limit_bytes
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise _too_large(limit_bytes)
    try:
        upload = await asyncio.to_thread(trainer.datasets.receive, name)
        try:
            dataset, fresh = await _received(upload, request, limit_bytes)
        except BaseException:
            await asyncio.to_thread(upload.discard)
            raise
    except InvalidData as error:
        raise invalid_data(error) from None
    except OSError as error:
        raise no_room(error) from None
    response.status_code = status.HTTP_201_CREATED if fresh else status.HTTP_200_OK
    return dataset_resource(dataset)


@router.get("", summary="The uploaded files, the newest first", responses=answers(503))
async def list_datasets(trainer: Running) -> DatasetList:
    """Every file that was uploaded to this trainer."""
    return DatasetList(items=[dataset_resource(dataset) for dataset in await asyncio.to_thread(trainer.datasets.all)])


async def _received(upload: Upload, request: Request, limit_bytes: int) -> tuple[Dataset, bool]:
    async for chunk in request.stream():
        if upload.size_bytes + len(chunk) > limit_bytes:
            raise _too_large(limit_bytes)
        await asyncio.to_thread(upload.write, chunk)
    if upload.size_bytes == 0:
        raise Problem(INVALID_REQUEST, "The body is empty.", errors=[])
    await asyncio.to_thread(upload.finish)
    await asyncio.to_thread(intake.check, [upload.path], None)
    return await asyncio.to_thread(upload.keep)


def _too_large(limit_bytes: int) -> Problem:
    return Problem(DATASET_TOO_LARGE, f"This trainer takes files of at most {limit_bytes:,} bytes.", limit_bytes=limit_bytes)
