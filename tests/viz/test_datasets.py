"""Files, plans and jobs, from a small trainer that answers what the real one answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, TypeVar

import httpx
import pytest
from fastapi import FastAPI, Header, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from pydantic import SecretStr
from tests.support.trainer_answers import dataset, job

from viz.app import create_app
from viz.datasets import Datasets
from viz.failures import Refused, UpstreamAway
from viz.settings import Settings

T = TypeVar("T")
_KEY = "the trainer's key"
_PLAN: dict[str, Any] = {
    "lines": ["plan of a.csv"],
    "objective": "activity",
    "files": [
        {
            "name": "a.csv",
            "format": "csv",
            "states": "wide",
            "layout": None,
            "columns": [
                {"name": "smiles", "role": "molecule", "reason": "by its name", "target": None, "endpoint": None, "unit": None}
            ],
            "doubts": [],
        }
    ],
    "rows": None,
}
_REFUSED = {
    "type": "/problems/invalid-data",
    "title": "The data cannot be used",
    "status": 422,
    "detail": "a.csv: has no target column",
    "instance": "/",
    "offences": [{"file": "a.csv", "row": None, "column": None, "value": None, "reason": "has no target column"}],
    "offences_total": 1,
}


def _as_asked(options: dict[str, object]) -> dict[str, object]:
    (file,) = _PLAN["files"]
    return {"files": [{**file, "layout": options["layout"]}]}


def _trainer() -> FastAPI:
    app = FastAPI()

    @app.post("/v1/datasets", status_code=201)
    async def receive(request: Request, name: str, authorization: Annotated[str, Header()]) -> object:
        assert authorization == f"Bearer {_KEY}"
        return {**dataset(name, 7), "size_bytes": len(await request.body())}

    @app.post("/v1/datasets/{name}/plan")
    async def plan(name: str, options: dict[str, object]) -> object:
        return JSONResponse(_REFUSED, 422) if name == "unclear" else {**_PLAN, **_as_asked(options)}

    @app.post("/v1/jobs", status_code=202)
    async def start(body: dict[str, dict[str, object]]) -> object:
        return job(body["spec"], id="job-9", state="queued")

    @app.get("/v1/jobs/{name}/log")
    async def log(name: str) -> str:
        return f"log of {name}"

    return app


def _ask(question: Callable[[Datasets], Awaitable[T]]) -> T:
    async def asked() -> T:
        async with Datasets("http://trainer", key=SecretStr(_KEY), transport=httpx.ASGITransport(app=_trainer())) as datasets:
            return await question(datasets)

    return asyncio.run(asked())


async def _body() -> AsyncIterator[bytes]:
    yield b"smiles,a\n"
    yield b"CCO,5\n"


def test_a_file_is_handed_on_as_it_comes_with_the_trainers_key() -> None:
    held = _ask(lambda datasets: datasets.receive("a.csv", _body()))
    assert (held.name, held.size_bytes, held.sha256) == ("a.csv", 15, f"{7:064x}")


def test_a_plan_is_asked_for_with_the_options() -> None:
    planned = _ask(lambda datasets: datasets.plan("clear", {"layout": "long"}))
    assert planned.files[0].layout == "long"
    assert [(column.name, column.role) for column in planned.files[0].columns] == [("smiles", "molecule")]


def test_what_is_refused_carries_the_trainers_reasons() -> None:
    with pytest.raises(Refused, match="The data cannot be used") as refused:
        _ask(lambda datasets: datasets.plan("unclear", {}))
    assert refused.value.reasons == ("has no target column",)


def test_a_job_is_handed_in_and_its_log_read() -> None:
    spec = {"kind": "factors", "sources": ["dataset:ab"], "ingest": {"on_error": "skip"}}
    assert _ask(lambda datasets: datasets.start(spec)) == "job-9"
    assert "log of job-9" in _ask(lambda datasets: datasets.log("job-9"))


def test_a_trainer_that_is_away_is_said_to_be() -> None:
    async def asked() -> None:
        async with Datasets("http://127.0.0.1:9") as datasets:
            await datasets.all()

    with pytest.raises(UpstreamAway, match=r"The trainer at http://127\.0\.0\.1:9 does not answer"):
        asyncio.run(asked())


def test_an_upload_that_any_page_could_send_unasked_is_refused() -> None:
    with TestClient(create_app(Settings(TRAINER_HOST="127.0.0.1", TRAINER_PORT="9"))) as viz:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            answer = viz.post("/uploads", params={"name": "a.csv"}, content=b"smiles", headers={"Content-Type": kind})
            assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported-media-type")
        image = viz.post("/uploads", params={"name": "a.csv"}, content=b"x", headers={"Content-Type": "image/png"})
        assert (image.status_code, image.json()["type"]) == (422, "/problems/invalid-request")
        away = viz.post(
            "/uploads", params={"name": "a.csv"}, content=b"x", headers={"Content-Type": "application/octet-stream"}
        )
        assert (away.status_code, away.json()["type"]) == (502, "/problems/upstream-away")
