"""The trainer's application over HTTP, with jobs that do not train."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from starlette.testclient import TestClient
from tests.support.jobs import ListInventory, MemoryRuns, ScriptedExecution, ScriptedExecutor

from trainer.api.app import create_app
from trainer.jobs.devices.listing import Inventory
from trainer.jobs.events import EventKind
from trainer.jobs.executors.executor import Executor
from trainer.settings import Settings

__all__ = ["BUILT_IN", "SLEEPER", "ended_job", "events_of", "fails", "problem_of", "succeeds", "trainer_client", "wait_until"]

BUILT_IN: dict[str, Any] = {"spec": {"kind": "factors", "sources": ["built-in"]}}


SLEEPER = (sys.executable, str(Path(__file__).with_name("sleeping_worker.py")))


def succeeds(execution: ScriptedExecution) -> None:
    """A job that publishes what it was asked for."""
    execution.tell(EventKind.STAGE_STARTED, stage="fit")
    execution.tell(EventKind.PROGRESS, stage="fit", done=7, loss=0.5)
    execution.tell(EventKind.PUBLISHED, run=execution.assignment.run)
    execution.directory.log.write_text("hello from the worker\n")
    execution.end()


def fails(execution: ScriptedExecution) -> None:
    """A job whose data are of no use."""
    offences = [{"file": "a.csv", "row": 3, "column": "smiles", "value": "C(", "reason": "is no SMILES"}]
    execution.tell(EventKind.FAILED, slug="invalid-data", detail="a.csv, row 3", extensions={"offences": offences})
    execution.end("its process ended with exit status 1")


@contextmanager
def trainer_client(
    state: Path,
    *scripts: Callable[[ScriptedExecution], None],
    executor: Executor | None = None,
    settings: dict[str, Any] | None = None,
    runs: MemoryRuns | None = None,
    inventory: Inventory | None = None,
) -> Iterator[TestClient]:
    """An application that has started, with executions that follow `scripts`."""
    app = create_app(
        Settings(state=state, **(settings or {})),
        executor=executor or ScriptedExecutor(*scripts),
        runs=runs or MemoryRuns(matching="factors-there"),
        inventory=inventory or ListInventory(),
    )
    with TestClient(app) as client:
        yield client


def ended_job(client: TestClient, job: str) -> dict[str, Any]:
    """The job when its stream has ended."""
    client.get(f"/v1/jobs/{job}/events")
    found: dict[str, Any] = client.get(f"/v1/jobs/{job}").json()
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    """Look again until `condition` holds, for 30 s."""
    deadline_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline_s


def problem_of(response: httpx2.Response, status: int, slug: str) -> dict[str, Any]:
    """The problem that an answer is."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["type"] == f"/problems/{slug}"
    return body


def events_of(text: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Ids, kinds and data of a stream."""
    blocks = [dict(line.split(": ", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]
    return [(int(block["id"]), block["event"], json.loads(block["data"])) for block in blocks]
