"""A small application with one route of each kind of end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import FastAPI, Query
from fastapi.responses import FileResponse, StreamingResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict

from servicekit.application import create_application
from servicekit.problems import NOT_READY, Problem, ProblemType

TEAPOT = ProblemType("teapot", "I am a teapot", HTTPStatus.IM_A_TEAPOT, "It is short and stout.", "Tip it over.")


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    names: list[str]


class Readiness:
    """What the application says that it lacks."""

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}

    async def __call__(self) -> dict[str, str]:
        return self.missing


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


@pytest.fixture
def app(readiness: Readiness, tmp_path: Path) -> FastAPI:
    app = create_application(
        title="kettle", version="1.2.3", summary="Boils.", description="Water.", ready=readiness, problem_types=(TEAPOT,)
    )
    (tmp_path / "file").write_bytes(b"0123456789")

    @app.get("/teapot")
    async def teapot() -> Body:
        raise Problem(TEAPOT, "No coffee here.", cups=3)

    @app.get("/away")
    async def away() -> Body:
        raise Problem(NOT_READY, "The water is cold.")

    @app.get("/broken")
    async def broken() -> Body:
        raise RuntimeError("nobody foresaw this")

    @app.get("/half")
    async def half() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"first"
            await asyncio.sleep(0)
            raise RuntimeError("too late for another answer")

        return StreamingResponse(pieces(), media_type="application/octet-stream")

    @app.get("/limited/{name}")
    async def limited(name: str, limit: Annotated[int, Query(ge=1)] = 1) -> Body:
        return Body(names=[name] * limit)

    @app.post("/echo", max_body_size=1000)
    async def echo(body: Body) -> Body:
        if "\ud800" in body.names:
            raise Problem(TEAPOT, body.names[0])
        return body

    @app.get("/file")
    async def file() -> FileResponse:
        return FileResponse(tmp_path / "file")

    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client
