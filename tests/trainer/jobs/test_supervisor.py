"""The supervisor works off one job at a time and leaves every row in a state that is true."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.jobs import ListInventory, MemoryRuns, ScriptedExecution, ScriptedExecutor, told, until

from trainer.jobs.assignment import JobDirectory
from trainer.jobs.events import EventKind, EventWriter, JobEvent
from trainer.jobs.executors.executor import Outcome
from trainer.jobs.job import Failure, Job, JobState, Submission
from trainer.jobs.queue import JobQueue
from trainer.jobs.supervisor import JobFinished, Pace, Supervisor
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

    def __init__(self, table: JobTable, state: Path, executor: ScriptedExecutor, runs: MemoryRuns) -> None:
        self.table, self.executor, self.runs = table, executor, runs
        settings = Settings(state=state)
        self.inventory = ListInventory()
        self.supervisor = Supervisor(
            table, executor, runs, settings, self.inventory, clock=lambda: NOW, pace=Pace(retry_s=0.01)
        )
        self.queue = JobQueue(table, self.supervisor, settings)

    async def until(self, job: Job, claim: Callable[[Job], bool]) -> Job:
        await until(lambda: claim(self.table.get(job.id)))
        return self.table.get(job.id)

    async def settled(self, job: Job) -> Job:
        return await self.until(job, lambda found: found.state.final)


@asynccontextmanager
async def _house(
    table: JobTable, state: Path, *scripts: Callable[[ScriptedExecution], None], runs: MemoryRuns | None = None
) -> AsyncIterator[_House]:
    house = _House(table, state, ScriptedExecutor(*scripts), runs or MemoryRuns())
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
        job, _ = await house.queue.submit(Submission(SPEC))
        found = await house.settled(job)
    assert (found.state, found.attempts, found.device, found.failure) == (JobState.SUCCEEDED, 1, "cpu x86_64", None)
    assert found.run == house.executor.started[0].assignment.run
    assert found.run is not None
    assert found.run.startswith("factors-20261123T223000Z-")
    assert house.executor.started[0].assignment.settings.state == tmp_path


async def test_jobs_run_one_after_the_other(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        first, _ = await house.queue.submit(Submission(SPEC))
        second, _ = await house.queue.submit(Submission(SPEC))
        execution = await house.executor.next()
        await house.until(first, lambda job: job.state is JobState.RUNNING)
        assert (await house.queue.job(second.id)).state is JobState.QUEUED
        assert len(house.executor.started) == 1
        _succeeds(execution)
        _succeeds(await house.executor.next())
        assert (await house.settled(second)).state is JobState.SUCCEEDED


async def test_a_job_that_writes_tables_is_publishing(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        job, _ = await house.queue.submit(Submission(SPEC))
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
        job, _ = await house.queue.submit(Submission(SPEC))
        found = await house.settled(job)
        await until(lambda: house.runs.recoveries == 2)  # at the start, and after the failure
    assert (found.state, found.failure) == (JobState.FAILED, Failure("invalid-data", "row 3", {"offences_total": 1}))


async def test_a_process_that_dies_is_started_again_once(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path, _dies, _succeeds) as house:
        job, _ = await house.queue.submit(Submission(SPEC))
        found = await house.settled(job)
        directory = house.queue.directory(job.id)
    assert (found.state, found.attempts) == (JobState.SUCCEEDED, 2)
    assert [line["kind"] for line in told(directory)] == ["attempt", "interrupted", "attempt", "device", "published"]
    assert house.executor.started[0].assignment.run != house.executor.started[1].assignment.run


async def test_a_process_that_dies_twice_fails_the_job(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path, _dies, _dies, _succeeds) as house:
        job, _ = await house.queue.submit(Submission(SPEC))
        found = await house.settled(job)
        assert len(house.executor.started) == 2
    assert found.failure is not None
    assert found.failure.slug == "job-interrupted"
    assert "2 times" in found.failure.detail
    assert "killed by SIGKILL" in found.failure.detail


async def test_a_process_that_dies_after_its_publication_has_succeeded(table: JobTable, tmp_path: Path) -> None:
    runs = MemoryRuns()

    def dies_late(execution: ScriptedExecution) -> None:
        execution.tell(EventKind.STAGE_STARTED, stage="publish")
        runs.ids.add(execution.assignment.run)
        _dies(execution)

    async with _house(table, tmp_path, dies_late, runs=runs) as house:
        job, _ = await house.queue.submit(Submission(SPEC))
        assert (await house.settled(job)).state is JobState.SUCCEEDED


async def test_cancelling_a_queued_job_means_it_never_starts(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        first, _ = await house.queue.submit(Submission(SPEC))
        second, _ = await house.queue.submit(Submission(SPEC))
        execution = await house.executor.next()
        assert (await house.queue.cancel(second.id)).state is JobState.CANCELLED
        assert (await house.queue.cancel(second.id)).state is JobState.CANCELLED
        _succeeds(execution)
        await house.settled(first)
        assert len(house.executor.started) == 1


async def test_cancelling_a_running_job_stops_it_and_answers_when_it_is_gone(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        job, _ = await house.queue.submit(Submission(SPEC))
        execution = await house.executor.next()
        execution.tell(EventKind.STAGE_STARTED, stage="network")
        cancelled = await asyncio.gather(house.queue.cancel(job.id), house.queue.cancel(job.id))
        assert [each.state for each in cancelled] == [JobState.CANCELLED] * 2
        assert execution.stopped
        await until(lambda: house.runs.recoveries == 2)


async def test_cancelling_a_job_that_has_just_published_tells_that_it_succeeded(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        job, _ = await house.queue.submit(Submission(SPEC))
        execution = await house.executor.next()
        execution.tell(EventKind.STAGE_STARTED, stage="publish")
        house.runs.ids.add(execution.assignment.run)
        assert (await house.queue.cancel(job.id)).state is JobState.SUCCEEDED
        with pytest.raises(JobFinished):
            await house.queue.cancel(job.id)


async def test_an_orderly_stop_puts_the_job_back_without_counting_its_attempt(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        job, _ = await house.queue.submit(Submission(SPEC))
        execution = await house.executor.next()
    assert execution.stopped
    found = table.get(job.id)
    assert (found.state, found.attempts) == (JobState.QUEUED, 0)
    async with _house(table, tmp_path, _succeeds) as house:
        assert (await house.settled(job)).state is JobState.SUCCEEDED


async def test_a_job_that_a_dead_trainer_left_running_is_started_again(table: JobTable, tmp_path: Path) -> None:
    job, _ = table.add("a", Submission(SPEC), now=NOW)
    table.start("a", run="factors-old", now=NOW)
    async with _house(table, tmp_path, _succeeds) as house:
        found = await house.settled(job)
    assert (found.state, found.attempts) == (JobState.SUCCEEDED, 2)
    assert house.runs.recoveries == 1


async def test_a_job_that_a_dead_trainer_left_running_twice_fails(table: JobTable, tmp_path: Path) -> None:
    job, _ = table.add("a", Submission(SPEC), now=NOW)
    table.start("a", run="r1", now=NOW)
    table.requeue("a", counted=True, now=NOW)
    table.start("a", run="r2", now=NOW)
    async with _house(table, tmp_path) as house:
        found = await house.settled(job)
    assert found.failure is not None
    assert found.failure.slug == "job-interrupted"


async def test_a_job_whose_publication_a_dead_trainer_did_not_note_has_succeeded(table: JobTable, tmp_path: Path) -> None:
    job, _ = table.add("a", Submission(SPEC), now=NOW)
    table.start("a", run="factors-old", now=NOW)
    table.publishing("a")
    async with _house(table, tmp_path, runs=MemoryRuns(ids={"factors-old"})) as house:
        found = await house.settled(job)
        assert house.executor.started == []
    assert (found.state, found.run) == (JobState.SUCCEEDED, "factors-old")


async def test_a_disk_that_refuses_stops_the_queue_visibly_until_it_gives_way(table: JobTable, tmp_path: Path) -> None:
    class FullDisk(MemoryRuns):
        full = True

        def recover(self) -> None:
            if self.full:
                raise OSError(28, "No space left on device")

    runs = FullDisk()
    async with _house(table, tmp_path, _succeeds, runs=runs) as house:
        job, _ = await house.queue.submit(Submission(SPEC))
        await until(lambda: house.supervisor.trouble is not None)
        assert "No space left on device" in str(house.supervisor.trouble)
        assert (await house.queue.job(job.id)).state is JobState.QUEUED
        runs.full = False
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
        job, _ = await house.queue.submit(Submission(SPEC))
        found = await house.settled(job)
        assert house.executor.started[0].stopped
    assert (found.state, found.attempts) == (JobState.SUCCEEDED, 1)
    table.close()


async def test_a_torn_line_among_its_events_does_not_stop_a_job(table: JobTable, tmp_path: Path) -> None:
    def tears(execution: ScriptedExecution) -> None:
        with execution.directory.events.open("ab") as file:
            file.write(b'{"time": "2026-11-23T22:30:00+00:00", "ki\n')
        _succeeds(execution)

    async with _house(table, tmp_path, tears) as house:
        job, _ = await house.queue.submit(Submission(SPEC))
        assert (await house.settled(job)).state is JobState.SUCCEEDED
        assert [kind for _, kind in await _collected(house.queue.follow(job.id))] == ["attempt", "device", "published", "end"]


@pytest.mark.parametrize(
    "breaks",
    [
        lambda execution: execution.tell(EventKind.DEVICE),
        lambda execution: execution.tell(EventKind.STAGE_STARTED, stage="of a later version"),
        lambda execution: execution.tell(EventKind.FAILED, unheard_of=1),
    ],
    ids=["device", "stage", "problem"],
)
async def test_an_event_that_nobody_foresaw_fails_its_job_and_the_next_one_runs(
    table: JobTable, tmp_path: Path, breaks: Callable[[ScriptedExecution], None]
) -> None:
    async with _house(table, tmp_path, breaks, _succeeds) as house:
        first, _ = await house.queue.submit(Submission(SPEC))
        second, _ = await house.queue.submit(Submission(SPEC))
        found = await house.settled(first)
        assert house.executor.started[0].stopped
        assert (await house.settled(second)).state is JobState.SUCCEEDED
    assert found.failure is not None
    assert (found.state, found.attempts, found.failure.slug) == (JobState.FAILED, 1, "job-broken")


@pytest.mark.parametrize("error", [FileNotFoundError(2, "no such program"), RuntimeError("no executor")], ids=repr)
async def test_a_process_that_cannot_be_started_fails_its_job(table: JobTable, tmp_path: Path, error: Exception) -> None:
    class Refusing(ScriptedExecutor):
        async def start(self, directory: JobDirectory) -> ScriptedExecution:
            if self.started:
                return await super().start(directory)
            self.started.append(ScriptedExecution(directory))
            raise error

    house = _House(table, tmp_path, Refusing(_succeeds), MemoryRuns())
    working = asyncio.create_task(house.supervisor.run())
    first, _ = await house.queue.submit(Submission(SPEC))
    second, _ = await house.queue.submit(Submission(SPEC))
    found = await house.settled(first)
    assert (await house.settled(second)).state is JobState.SUCCEEDED
    await house.supervisor.stop()
    await asyncio.wait_for(working, timeout=10)
    assert found.failure is not None
    assert (found.failure.slug, found.attempts) == ("job-broken", 1)


async def test_a_defect_outside_of_jobs_is_told_and_tried_again_at_intervals(table: JobTable, tmp_path: Path) -> None:
    class Broken(MemoryRuns):
        broken = True

        def recover(self) -> None:
            super().recover()
            if self.broken:
                raise ZeroDivisionError("of ours")

    runs = Broken()
    async with _house(table, tmp_path, _succeeds, runs=runs) as house:
        job, _ = await house.queue.submit(Submission(SPEC))
        await until(lambda: runs.recoveries == 2)
        assert house.supervisor.trouble == "The queue stands still: of ours"
        runs.broken = False
        assert (await house.settled(job)).state is JobState.SUCCEEDED
        assert house.supervisor.trouble is None


async def _collected(events: AsyncIterator[JobEvent]) -> list[tuple[int, str]]:
    async with asyncio.timeout(10):
        return [(event.id, event.kind) async for event in events]


async def test_followers_get_all_events_and_the_end_whenever_they_come(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        job, _ = await house.queue.submit(Submission(SPEC))
        early = asyncio.create_task(_collected(house.queue.follow(job.id)))
        _succeeds(await house.executor.next())
        whole = [(1, "attempt"), (2, "device"), (3, "published"), (4, "end")]
        assert await early == whole
        for after in range(6):
            assert await _collected(house.queue.follow(job.id, after=after)) == (whole[after:] or whole[-1:])


class _Outlives(ScriptedExecution):
    """An attempt that goes on when it is let go of."""

    async def leave(self) -> None:
        self.end("the trainer let go of it")


@pytest.mark.parametrize("is_published", [False, True])
async def test_a_job_that_meets_a_defect_of_ours_is_ended_and_may_publish_no_more(
    table: JobTable, tmp_path: Path, *, is_published: bool
) -> None:
    runs = MemoryRuns()

    def tells_nonsense(execution: ScriptedExecution) -> None:
        execution.tell(EventKind.STAGE_STARTED, stage="no stage of ours")
        if is_published:
            runs.ids.add(execution.assignment.run)

    async with _house(table, tmp_path, tells_nonsense, runs=runs) as house:
        house.executor.kind = _Outlives
        job, _ = await house.queue.submit(Submission(SPEC))
        found = await house.settled(job)
        (execution,) = house.executor.started
        assert execution.stopped
        assert not execution.directory.is_assigned(execution.assignment.run)
    assert found.state is (JobState.SUCCEEDED if is_published else JobState.FAILED)
    assert (found.failure is None) is is_published


async def test_what_a_lost_attempt_still_writes_is_no_event_of_the_next(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path) as house:
        job, _ = await house.queue.submit(Submission(SPEC))
        lost = await house.executor.next()
        with EventWriter(lost.directory.events) as writer:
            writer.write(EventKind.DEVICE, device="cpu")
            lost.end(Outcome("its pod was lost", counted=False, is_left=True))
            following = await house.executor.next()
            writer.write(EventKind.PUBLISHED, run="what the lost one made, in a line that would overwrite those of the next")
            following.tell(EventKind.DEVICE, device="cpu")
            writer.write(EventKind.PUBLISHED, run="what the lost one made")
            _succeeds(following)
        await house.settled(job)
    kinds = [line["kind"] for line in told(following.directory)]
    assert kinds == ["attempt", "device", "interrupted", "attempt", "device", "device", "published"]
