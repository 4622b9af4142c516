"""A start makes sure that its data have a run, once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.jobs import ListInventory, MemoryRuns, ScriptedExecutor

from trainer.jobs.first_run import FirstRun, first_spec
from trainer.jobs.job import JobState, Submission
from trainer.jobs.queue import JobQueue
from trainer.jobs.supervisor import Supervisor
from trainer.jobs.table import JobTable
from trainer.runs.ingest import OnError
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

SPEC = first_spec(Settings())
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def _desk(state: Path) -> AsyncIterator[JobQueue]:
    """A queue whose supervisor does not work."""
    table = JobTable.open(state / "jobs.sqlite")
    settings = Settings(state=state)
    yield JobQueue(table, Supervisor(table, ScriptedExecutor(), MemoryRuns(), settings, ListInventory()), settings)
    table.close()


async def test_without_a_published_run_it_submits_the_spec_of_the_start(tmp_path: Path) -> None:
    async with _desk(tmp_path) as queue:
        await FirstRun(queue, MemoryRuns(), SPEC).ensure()
        assert [job.spec for job in await queue.page(limit=9)] == [SPEC]


def test_the_start_may_leave_out_molecules_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SPEC.ingest.on_error is OnError.FAIL
    monkeypatch.setenv("NTDEMO_ON_ERROR", "skip")
    assert first_spec(Settings()).ingest.on_error is OnError.SKIP


async def test_with_a_published_run_it_submits_nothing(tmp_path: Path) -> None:
    async with _desk(tmp_path) as queue:
        runs = MemoryRuns(matching="factors-there")
        first = FirstRun(queue, runs, SPEC)
        await first.ensure()
        assert await queue.page(limit=9) == []
        assert runs.served == ["factors-there"]
        assert await first.missing() == {}


async def test_a_job_that_waits_since_the_last_start_is_taken_up(tmp_path: Path) -> None:
    async with _desk(tmp_path) as queue:
        await queue.submit(Submission(FactorsSpec(kind="factors", rank=7)))
        await FirstRun(queue, MemoryRuns(), SPEC).ensure()
        await FirstRun(queue, MemoryRuns(), SPEC).ensure()
        assert [job.spec for job in await queue.page(limit=9)] == [SPEC, FactorsSpec(kind="factors", rank=7)]


async def test_a_cancelled_job_is_no_lack(tmp_path: Path) -> None:
    async with _desk(tmp_path) as queue:
        first = FirstRun(queue, MemoryRuns(), SPEC)
        await first.ensure()
        job = await queue.cancel((await queue.page(limit=1))[0].id)
        assert job.state is JobState.CANCELLED
        assert await first.missing() == {}


async def test_a_store_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    class Unreadable(MemoryRuns):
        def run_of(self, spec: FactorsSpec) -> str | None:  # noqa: ARG002 - the protocol's
            raise OSError(5, "Input/output error")

    async with _desk(tmp_path) as queue:
        first = FirstRun(queue, Unreadable(), SPEC)
        await first.ensure()
        assert "Input/output error" in (await first.missing())["first-run"]
