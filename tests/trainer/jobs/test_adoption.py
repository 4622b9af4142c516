"""A supervisor whose jobs outlive it goes on with those that an earlier one began."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.jobs import ListInventory, MemoryRuns, ScriptedExecution, ScriptedExecutor, until

from trainer.jobs.assignment import Assignment, JobDirectory
from trainer.jobs.events import EventKind, EventWriter
from trainer.jobs.executors.executor import Away, Execution
from trainer.jobs.job import JobState, Submission
from trainer.jobs.supervisor import Pace, Supervisor
from trainer.jobs.table import JobTable
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
SPEC = FactorsSpec(kind="factors")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def table(tmp_path: Path) -> Iterator[JobTable]:
    table = JobTable.open(tmp_path / "jobs.sqlite")
    yield table
    table.close()


def _succeeds(execution: ScriptedExecution) -> None:
    execution.tell(EventKind.PUBLISHED, run=execution.assignment.run)
    execution.end()


class _Adopting(ScriptedExecutor):
    """Adopts whatever it is asked for."""

    outlives = True

    async def adopt(self, runs: Mapping[str, JobDirectory]) -> Mapping[str, Execution]:
        return {run: await self.start(directory) for run, directory in runs.items()}


class _AwayAtFirst(ScriptedExecutor):
    """Attempts outlive the trainer, and whoever knows them does not answer at first."""

    outlives = True
    is_away = True

    async def adopt(self, runs: Mapping[str, JobDirectory]) -> Mapping[str, Execution]:
        if self.is_away:
            self.is_away = False
            raise Away("https://cluster does not answer")
        return await super().adopt(runs)


async def test_a_cluster_that_is_away_at_the_start_costs_no_job_an_attempt(table: JobTable, tmp_path: Path) -> None:
    job, _ = table.add("job-1", Submission(SPEC), now=NOW)
    for run in ("factors-R1", "factors-R2"):  # at its last attempt, for which nothing was made yet
        table.start(job.id, run=run, now=NOW, slot="cpu")
        if run == "factors-R1":
            table.requeue(job.id, counted=True, now=NOW)
    executor = _AwayAtFirst(_succeeds)
    supervisor = Supervisor(
        table, executor, MemoryRuns(), Settings(state=tmp_path), ListInventory(), clock=lambda: NOW, pace=Pace(retry_s=0.01)
    )
    working = asyncio.create_task(supervisor.run())
    await until(lambda: table.get(job.id).state.final)
    await supervisor.stop()
    await working
    assert not executor.is_away
    assert table.get(job.id).state is JobState.SUCCEEDED


async def test_a_wait_for_a_node_is_no_running_time_after_a_restart_either(table: JobTable, tmp_path: Path) -> None:
    """Started 1,000 s ago by another trainer, and its first process 10 s ago; it may last 300 s."""
    job, _ = table.add("job-1", Submission(SPEC, time_limit_s=300.0), now=NOW)
    table.start(job.id, run="factors-R1", now=NOW - timedelta(seconds=1000), slot="cpu")
    directory = JobDirectory(tmp_path / "jobs" / job.id)
    directory.assign(Assignment(run="factors-R1", spec=SPEC, settings=Settings(state=tmp_path)))
    for ago_s, kind, data in (
        (1000, EventKind.ATTEMPT, {"attempt": 1, "run": "factors-R1"}),
        (10, EventKind.DEVICE, {"device": "cpu"}),
    ):
        with EventWriter(directory.events, clock=lambda ago_s=ago_s: NOW - timedelta(seconds=ago_s)) as writer:  # type: ignore[misc]
            writer.write(kind, **data)
    executor = _Adopting()
    supervisor = Supervisor(
        table, executor, MemoryRuns(), Settings(state=tmp_path), ListInventory(), clock=lambda: NOW, pace=Pace(follow_s=0.01)
    )
    working = asyncio.create_task(supervisor.run())
    execution = await executor.next()
    await until(lambda: len(supervisor.attempts) == 1)
    (attempt,) = supervisor.attempts
    assert 10 <= attempt.held.seconds < 300
    execution.tell(EventKind.PUBLISHED, run="factors-R1")
    execution.end()
    await until(lambda: table.get(job.id).state.final)
    await supervisor.stop()
    await working
    assert table.get(job.id).state is JobState.SUCCEEDED
