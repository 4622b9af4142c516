"""The supervisor works off one job at a time and leaves every row in a state that is true."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.jobs import MemoryKeeper, ScriptedExecution, ScriptedExecutor, told, until

from trainer.jobs.events import Event, EventKind
from trainer.jobs.job import Failure, Job, JobState
from trainer.jobs.queue import Desk
from trainer.jobs.supervisor import JobFinished, Supervisor
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


class _House:
    """A supervisor at work, with its stand-ins."""

    def __init__(self, table: JobTable, state: Path, executor: ScriptedExecutor, keeper: MemoryKeeper) -> None:
        self.table, self.executor, self.keeper = table, executor, keeper
        self.supervisor = Supervisor(table, executor, keeper, Settings(state=state), clock=lambda: NOW, retry_s=0.01)
        self.desk = Desk(table, self.supervisor)

    async def until(self, job: Job, claim: Callable[[Job], bool]) -> Job:
        await until(lambda: claim(self.table.get(job.id)))
        return self.table.get(job.id)

    async def settled(self, job: Job) -> Job:
        return await self.until(job, lambda found: found.state.final)


@asynccontextmanager
async def _house(
    table: JobTable, state: Path, *scripts: Callable[[ScriptedExecution], None], keeper: MemoryKeeper | None = None
) -> AsyncIterator[_House]:
    house = _House(table, state, ScriptedExecutor(*scripts), keeper or MemoryKeeper())
    working = asyncio.create_task(house.supervisor.run())
    yield house
    await house.supervisor.stop()
    await asyncio.wait_for(working, timeout=10)


def _succeeds(execution: ScriptedExecution) -> None:
    execution.tell(EventKind.DEVICE, device="cpu x86_64")
    execution.tell(EventKind.PUBLISHED, run=execution.assignment.run)
    execution.end()


def _dies(execution: ScriptedExecution) -> None:
    execution.end("its process was killed by SIGKILL")


async def test_a_job_that_publishes_succeeds_under_the_run_it_was_assigned(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path, _succeeds) as house:
        job, _ = await house.desk.submit(SPEC)
        found = await house.settled(job)
    assert (found.state, found.attempts, found.device, found.failure) == (JobState.SUCCEEDED, 1, "cpu x86_64", None)
    assert found.run == house.executor.started[0].assignment.run
    assert found.run is not None
    assert found.run.startswith("factors-20261123T223000Z-")
    assert house.executor.started[0].assignment.settings.state == tmp_path


async def test_jobs_run_one_after_the_other(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        first, _ = await house.desk.submit(SPEC)
        second, _ = await house.desk.submit(SPEC)
        execution = await house.executor.next()
        await house.until(first, lambda job: job.state is JobState.RUNNING)
        assert (await house.desk.job(second.id)).state is JobState.QUEUED
        assert len(house.executor.started) == 1
        _succeeds(execution)
        _succeeds(await house.executor.next())
        assert (await house.settled(second)).state is JobState.SUCCEEDED


async def test_a_job_that_writes_tables_is_publishing(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        job, _ = await house.desk.submit(SPEC)
        execution = await house.executor.next()
        execution.tell(EventKind.STAGE_STARTED, stage="write")
        await house.until(job, lambda found: found.state is JobState.PUBLISHING)
        _succeeds(execution)


async def test_a_job_that_fails_keeps_its_problem_and_the_store_is_cleaned(table: JobTable, tmp_path: Path) -> None:
    def fails(execution: ScriptedExecution) -> None:
        execution.tell(EventKind.STAGE_STARTED, stage="write")
        execution.tell(EventKind.FAILED, slug="invalid-data", detail="row 3", extensions={"offences_total": 1})
        execution.end("its process ended with exit status 1")

    async with _house(table, tmp_path, fails) as house:
        job, _ = await house.desk.submit(SPEC)
        found = await house.settled(job)
        await until(lambda: house.keeper.recoveries == 2)  # at the start, and after the failure
    assert (found.state, found.failure) == (JobState.FAILED, Failure("invalid-data", "row 3", {"offences_total": 1}))


async def test_a_process_that_dies_is_started_again_once(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path, _dies, _succeeds) as house:
        job, _ = await house.desk.submit(SPEC)
        found = await house.settled(job)
        directory = house.desk.directory(job.id)
    assert (found.state, found.attempts) == (JobState.SUCCEEDED, 2)
    assert [line["kind"] for line in told(directory)] == ["attempt", "interrupted", "attempt", "device", "published"]
    assert house.executor.started[0].assignment.run != house.executor.started[1].assignment.run


async def test_a_process_that_dies_twice_fails_the_job(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path, _dies, _dies, _succeeds) as house:
        job, _ = await house.desk.submit(SPEC)
        found = await house.settled(job)
        assert len(house.executor.started) == 2
    assert found.failure is not None
    assert found.failure.slug == "job-interrupted"
    assert "2 times" in found.failure.detail
    assert "killed by SIGKILL" in found.failure.detail


async def test_a_process_that_dies_after_its_publication_has_succeeded(table: JobTable, tmp_path: Path) -> None:
    keeper = MemoryKeeper()

    def dies_late(execution: ScriptedExecution) -> None:
        execution.tell(EventKind.STAGE_STARTED, stage="publish")
        keeper.runs.add(execution.assignment.run)
        _dies(execution)

    async with _house(table, tmp_path, dies_late, keeper=keeper) as house:
        job, _ = await house.desk.submit(SPEC)
        assert (await house.settled(job)).state is JobState.SUCCEEDED


async def test_cancelling_a_queued_job_means_it_never_starts(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        first, _ = await house.desk.submit(SPEC)
        second, _ = await house.desk.submit(SPEC)
        execution = await house.executor.next()
        assert (await house.desk.cancel(second.id)).state is JobState.CANCELLED
        assert (await house.desk.cancel(second.id)).state is JobState.CANCELLED
        _succeeds(execution)
        await house.settled(first)
        assert len(house.executor.started) == 1


async def test_cancelling_a_running_job_stops_it_and_answers_when_it_is_gone(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        job, _ = await house.desk.submit(SPEC)
        execution = await house.executor.next()
        execution.tell(EventKind.STAGE_STARTED, stage="network")
        cancelled = await asyncio.gather(house.desk.cancel(job.id), house.desk.cancel(job.id))
        assert [each.state for each in cancelled] == [JobState.CANCELLED] * 2
        assert execution.stopped
        await until(lambda: house.keeper.recoveries == 2)


async def test_cancelling_a_job_that_has_just_published_tells_that_it_succeeded(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        job, _ = await house.desk.submit(SPEC)
        execution = await house.executor.next()
        execution.tell(EventKind.STAGE_STARTED, stage="publish")
        house.keeper.runs.add(execution.assignment.run)
        assert (await house.desk.cancel(job.id)).state is JobState.SUCCEEDED
        with pytest.raises(JobFinished):
            await house.desk.cancel(job.id)


async def test_an_orderly_stop_puts_the_job_back_without_counting_its_attempt(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        job, _ = await house.desk.submit(SPEC)
        execution = await house.executor.next()
    assert execution.stopped
    found = table.get(job.id)
    assert (found.state, found.attempts) == (JobState.QUEUED, 0)
    async with _house(table, tmp_path, _succeeds) as house:
        assert (await house.settled(job)).state is JobState.SUCCEEDED


async def test_a_job_that_a_dead_trainer_left_running_is_started_again(table: JobTable, tmp_path: Path) -> None:
    job, _ = table.add("a", SPEC, priority=0, now=NOW)
    table.start("a", run="factors-old", now=NOW)
    async with _house(table, tmp_path, _succeeds) as house:
        found = await house.settled(job)
    assert (found.state, found.attempts) == (JobState.SUCCEEDED, 2)
    assert house.keeper.recoveries == 1


async def test_a_job_that_a_dead_trainer_left_running_twice_fails(table: JobTable, tmp_path: Path) -> None:
    job, _ = table.add("a", SPEC, priority=0, now=NOW)
    table.start("a", run="r1", now=NOW)
    table.requeue("a", counted=True)
    table.start("a", run="r2", now=NOW)
    async with _house(table, tmp_path) as house:
        found = await house.settled(job)
    assert found.failure is not None
    assert found.failure.slug == "job-interrupted"


async def test_a_job_whose_publication_a_dead_trainer_did_not_note_has_succeeded(table: JobTable, tmp_path: Path) -> None:
    job, _ = table.add("a", SPEC, priority=0, now=NOW)
    table.start("a", run="factors-old", now=NOW)
    table.publishing("a")
    async with _house(table, tmp_path, keeper=MemoryKeeper(runs={"factors-old"})) as house:
        found = await house.settled(job)
        assert house.executor.started == []
    assert (found.state, found.run) == (JobState.SUCCEEDED, "factors-old")


async def test_a_disk_that_refuses_stops_the_queue_visibly_until_it_gives_way(table: JobTable, tmp_path: Path) -> None:
    class FullDisk(MemoryKeeper):
        full = True

        def recover(self) -> None:
            if self.full:
                raise OSError(28, "No space left on device")

    keeper = FullDisk()
    async with _house(table, tmp_path, _succeeds, keeper=keeper) as house:
        job, _ = await house.desk.submit(SPEC)
        await until(lambda: house.supervisor.trouble is not None)
        assert "No space left on device" in str(house.supervisor.trouble)
        assert (await house.desk.job(job.id)).state is JobState.QUEUED
        keeper.full = False
        assert (await house.settled(job)).state is JobState.SUCCEEDED
        assert house.supervisor.trouble is None


async def test_a_row_that_cannot_be_written_costs_no_attempt(tmp_path: Path) -> None:
    class Stubborn(JobTable):
        refusals = 1

        def publishing(self, job: str) -> None:
            if self.refusals:
                self.refusals -= 1
                raise sqlite3.OperationalError("database or disk is full")
            super().publishing(job)

    def writes(execution: ScriptedExecution) -> None:
        execution.tell(EventKind.STAGE_STARTED, stage="write")

    table = Stubborn.open(tmp_path / "jobs.sqlite")
    async with _house(table, tmp_path, writes, _succeeds) as house:
        job, _ = await house.desk.submit(SPEC)
        found = await house.settled(job)
        assert house.executor.started[0].stopped
    assert (found.state, found.attempts) == (JobState.SUCCEEDED, 1)
    table.close()


async def _collected(events: AsyncIterator[Event]) -> list[tuple[int, str]]:
    async with asyncio.timeout(10):
        return [(event.id, event.kind) async for event in events]


async def test_followers_get_all_events_and_the_end_whenever_they_come(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        job, _ = await house.desk.submit(SPEC)
        early = asyncio.create_task(_collected(house.desk.follow(job.id)))
        _succeeds(await house.executor.next())
        whole = [(1, "attempt"), (2, "device"), (3, "published"), (4, "end")]
        assert await early == whole
        for after in range(6):
            assert await _collected(house.desk.follow(job.id, after=after)) == (whole[after:] or whole[-1:])
