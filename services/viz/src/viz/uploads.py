"""Uploads: a file from a page to the trainer, streamed through, never kept here."""

from typing import Annotated, Final

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel

from servicekit.problems import INVALID_REQUEST, Problem
from viz.datasets import Datasets

__all__ = ["PATH", "Uploaded", "install"]

PATH: Final = "/uploads"
_ANY_SIZE: Final = 2**62
"""The trainer says how much."""


class Uploaded(BaseModel):
    """A file that the trainer holds."""

    sha256: str
    """What it is called in addresses."""
    name: str
    size_bytes: int


def install(app: FastAPI, datasets: Datasets) -> None:
    """Add the route to `app`."""

    @app.post(
        PATH,
        tags=["data"],
        summary="Hand a file to the trainer.",
        max_body_size=_ANY_SIZE,
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    )
    async def create_upload(
        request: Request, name: Annotated[str, Query(min_length=1, max_length=80, description="The file's name.")]
    ) -> Uploaded:
        # Pages of other hosts can post a form, but not this type, without asking first, which nobody here grants.
        if request.headers.get("content-type") != "application/octet-stream":
            raise Problem(INVALID_REQUEST, "The body is not stated to be application/octet-stream.", errors=[])
        held = await datasets.receive(name, request.stream())
        return Uploaded(sha256=held.sha256, name=held.name, size_bytes=held.size_bytes)
