"""What becomes of jobs, whichever executor runs them: one set of claims for this machine and for a cluster."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.support import quick_worker
from tests.support.jobs import MemoryRuns, told, until
from tests.support.kubernetes import NAMESPACE, StandInCluster, cluster, templates
from tests.support.processes import gone
from tests.support.quick_worker import DIES, DIES_ONCE, FAILS, PUBLISHES, SAVES, WAITS

from trainer.jobs.devices.cluster import ClusterInventory
from trainer.jobs.devices.listing import DeviceKind, Inventory, Listing, SlottedDevice
from trainer.jobs.executors.executor import Executor
from trainer.jobs.executors.kubernetes.executor import KubernetesExecutor, Patience
from trainer.jobs.executors.kubernetes.server import KubernetesServer
from trainer.jobs.executors.local import LocalExecutor
from trainer.jobs.job import Job, JobState, Submission
from trainer.jobs.queue import JobQueue, NeverFits
from trainer.jobs.supervisor import Pace, Supervisor
from trainer.jobs.table import JobTable
from trainer.jobs.templates import JobTemplates
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

pytestmark = pytest.mark.anyio
WORKER = (sys.executable, "-I", str(Path(quick_worker.__file__)))
SMALL = 2**20


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class _Machine:
    """Two slots of a processor and two of GPUs, as the stand-in cluster has."""

    async def look(self) -> Listing:
        cpu = SlottedDevice("cpu", "stand-in", DeviceKind.CPU, 2**32, slots=2)
        return Listing([cpu, SlottedDevice("cuda", "stand-in", DeviceKind.GPU, 2**32, slots=2, binding="GPU-0")])

    async def close(self) -> None:
        pass


@dataclass
class House:
    """A trainer's queue, started again as often as one likes."""

    state: Path
    kind: str
    cluster: StandInCluster
    table: JobTable
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    lives: "list[tuple[Supervisor, Executor, asyncio.Task[None]]]" = field(default_factory=list)

    async def begin(self) -> None:
        """A trainer starts."""
        settings = Settings(state=self.state, frozen_s=60)
        executor: Executor = LocalExecutor(WORKER)
        inventory: Inventory = _Machine()
        if self.kind == "kubernetes":
            server = KubernetesServer.opened(NAMESPACE, self.cluster.url)
            read = JobTemplates.model_validate(templates())
            executor = KubernetesExecutor(server, read, patience=Patience(look_s=0.05, again_s=0.05))
            inventory = ClusterInventory(read)
        supervisor = Supervisor(
            self.table, executor, self.runs, settings, inventory, pace=Pace(follow_s=0.02, look_s=0.2, retry_s=0.05)
        )
        self.queue = JobQueue(self.table, supervisor, settings)
        self.lives.append((supervisor, executor, asyncio.create_task(supervisor.run())))

    async def end(self) -> None:
        """It stops as it should."""
        supervisor, executor, working = self.lives.pop()
        await supervisor.stop()
        await asyncio.wait_for(working, 20)
        await executor.close()

    async def die(self) -> None:
        """It is killed: nothing of it runs on, and what its machine runs dies with it."""
        supervisor, executor, working = self.lives.pop()
        tasks = [working, *supervisor._tasks]  # noqa: SLF001 - all that it is
        held = [attempt.execution for attempt in supervisor.attempts]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if isinstance(executor, LocalExecutor):
            await asyncio.gather(*(each.stop() for each in held if each is not None))
        await executor.close()

    async def submit(self, does: int, *, device: str = "cpu", **asked: object) -> Job:
        spec = FactorsSpec(kind="factors", seed=does, device=device)
        job, _ = await self.queue.submit(Submission(spec, memory_bytes=SMALL, seconds=1.0, **asked))  # type: ignore[arg-type]
        return job

    def row(self, job: Job) -> Job:
        return self.table.get(job.id)

    async def ended(self, job: Job) -> Job:
        await until(lambda: self.row(job).state.final)
        return self.row(job)

    async def process(self, job: Job, attempt: int = 1) -> int:
        """Of a job, as soon as its attempt of this number works."""
        log = self.queue.directory(job.id).log
        await until(lambda: log.exists() and log.read_text().count("\n") >= attempt)
        return int(log.read_text().splitlines()[attempt - 1].split()[0])

    def go(self, job: Job) -> None:
        root = self.queue.directory(job.id).root
        root.mkdir(parents=True, exist_ok=True)
        (root / "go").touch()


@pytest.fixture(params=["local", "kubernetes"])
async def house(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[House]:
    table = JobTable.open(tmp_path / "jobs.sqlite")
    async with cluster(*WORKER) as standing:
        house = House(tmp_path, request.param, standing, table)
        await house.begin()
        yield house
        while house.lives:
            await house.end()
    table.close()


async def test_a_job_that_publishes_succeeds(house: House) -> None:
    job = await house.ended(await house.submit(PUBLISHES))
    assert (job.state, job.attempts, job.device, job.failure) == (JobState.SUCCEEDED, 1, "cpu", None)
    assert [line["kind"] for line in told(house.queue.directory(job.id))][:2] == ["attempt", "device"]


async def test_a_job_that_fails_keeps_its_problem(house: House) -> None:
    job = await house.ended(await house.submit(FAILS))
    assert job.failure is not None
    assert (job.state, job.failure.slug, job.failure.detail) == (JobState.FAILED, "invalid-data", "row 3")


async def test_a_job_whose_process_dies_is_started_again(house: House) -> None:
    job = await house.ended(await house.submit(DIES_ONCE))
    assert (job.state, job.attempts) == (JobState.SUCCEEDED, 2)


async def test_a_job_whose_process_dies_twice_fails(house: House) -> None:
    job = await house.ended(await house.submit(DIES))
    assert job.failure is not None
    assert (job.failure.slug, job.attempts) == ("job-interrupted", 2)
    assert "its process was killed by SIGKILL" in job.failure.detail


async def test_two_jobs_run_at_once_on_two_slots_and_the_third_waits(house: House) -> None:
    jobs = [await house.submit(WAITS) for _ in range(3)]
    for job in jobs[:2]:
        await house.process(job)
    assert [house.row(job).state for job in jobs] == [JobState.RUNNING, JobState.RUNNING, JobState.QUEUED]
    for job in jobs:
        house.go(job)
    assert {(await house.ended(job)).state for job in jobs} == {JobState.SUCCEEDED}


async def test_a_job_is_given_the_device_that_it_asks_for(house: House) -> None:
    jobs = [await house.submit(PUBLISHES, device=device) for device in ("cuda", "cpu", "auto")]
    found = [(await house.ended(job)).device for job in jobs]
    assert found == ["cuda", "cpu", "cuda"]


async def test_what_no_device_can_take_is_refused_at_the_door(house: House) -> None:
    spec = FactorsSpec(kind="factors", device="cuda")
    with pytest.raises(NeverFits):
        await house.queue.submit(Submission(spec, memory_bytes=2**40))


async def test_a_running_job_is_cancelled_with_its_process(house: House) -> None:
    job = await house.submit(WAITS)
    process = await house.process(job)
    assert (await house.queue.cancel(job.id)).state is JobState.CANCELLED
    assert await asyncio.to_thread(gone, process, within_s=0.5)


async def test_a_waiting_job_is_cancelled(house: House) -> None:
    first, second, third = [await house.submit(WAITS) for _ in range(3)]
    assert (await house.queue.cancel(third.id)).state is JobState.CANCELLED
    for job in (first, second):
        house.go(job)
        await house.ended(job)


async def test_a_job_that_makes_way_writes_its_checkpoint_and_comes_again(house: House) -> None:
    low = [await house.submit(SAVES, preemptible=True) for _ in range(2)]
    for job in low:
        await house.process(job)
    high = await house.ended(await house.submit(PUBLISHES, priority=5))
    assert high.state is JobState.SUCCEEDED
    saved = [job for job in low if (house.queue.directory(job.id).root / "checkpoint").exists()]
    assert len(saved) == 1
    for job in low:
        house.go(job)
    rows = [await house.ended(job) for job in low]
    assert [(row.state, row.attempts) for row in rows] == [(JobState.SUCCEEDED, 1)] * 2
    assert sum(row.preemptions for row in rows) == 1


async def test_a_job_that_lasts_too_long_fails_by_its_limit(house: House) -> None:
    job = await house.ended(await house.submit(WAITS, time_limit_s=0.3))
    assert job.failure is not None
    assert job.failure.slug == "time-limit"


async def test_a_stop_of_the_trainer_costs_no_job_an_attempt(house: House) -> None:
    job = await house.submit(WAITS)
    await house.process(job)
    await house.end()
    house.go(job)
    await house.begin()
    row = await house.ended(job)
    assert (row.state, row.attempts) == (JobState.SUCCEEDED, 1)


async def test_a_trainer_that_dies_loses_no_job_and_runs_none_twice(house: House) -> None:
    jobs = [await house.submit(WAITS) for _ in range(4)]
    for job in jobs[:2]:
        await house.process(job)
    await house.die()
    await house.begin()
    for job in jobs:
        house.go(job)
    rows = [await house.ended(job) for job in jobs]
    assert {row.state for row in rows} == {JobState.SUCCEEDED}
    published = [[line["data"] for line in told(house.queue.directory(job.id)) if line["kind"] == "published"] for job in jobs]
    assert [len(lines) for lines in published] == [1] * 4
    expected = 1 if house.kind == "kubernetes" else 2  # who outlives the trainer goes on
    assert [row.attempts for row in rows[:2]] == [expected] * 2


async def test_a_trainer_that_dies_before_a_cluster_has_heard_of_an_attempt_costs_the_job_none(house: House) -> None:
    house.cluster.answers["create"] = [(503, "ServiceUnavailable", "starting")] * 1000
    job = await house.submit(WAITS)
    await until(lambda: house.row(job).state is JobState.RUNNING)
    await house.die()
    house.cluster.answers.clear()
    await house.begin()
    house.go(job)
    row = await house.ended(job)
    assert (row.state, row.attempts) == (JobState.SUCCEEDED, 1 if house.kind == "kubernetes" else 2)


async def test_a_job_that_ends_while_no_trainer_listens_has_its_verdict_afterwards(house: House) -> None:
    jobs = [await house.submit(WAITS), await house.submit(WAITS)]
    processes = [await house.process(job) for job in jobs]
    await house.die()
    house.go(jobs[0])
    if house.kind == "kubernetes":
        os.kill(processes[1], signal.SIGKILL)
        await until(lambda: not house.cluster.running)
    house.go(jobs[1])
    await house.begin()
    rows = [await house.ended(job) for job in jobs]
    assert [row.state for row in rows] == [JobState.SUCCEEDED] * 2
    assert [row.attempts for row in rows] == ([1, 2] if house.kind == "kubernetes" else [2, 2])


async def test_a_job_that_was_cancelled_while_no_trainer_looked_is_ended_by_the_next(house: House) -> None:
    job = await house.submit(WAITS)
    process = await house.process(job)
    await house.die()
    house.table.finish(job.id, JobState.CANCELLED, now=job.created)
    await house.begin()
    await until(lambda: not Path(f"/proc/{process}").exists())
    assert house.row(job).state is JobState.CANCELLED


async def test_a_job_is_cancelled_before_a_new_trainer_knows_whether_it_still_runs(house: House) -> None:
    job = await house.submit(WAITS)
    process = await house.process(job)
    await house.die()
    await house.begin()
    cancelled = await house.queue.cancel(job.id)  # before anybody was adopted
    is_gone = gone(process, within_s=0.001)  # when it is answered
    assert (cancelled.state, is_gone) == (JobState.CANCELLED, True)


async def test_time_on_devices_is_charged_to_its_owner(house: House) -> None:
    await house.ended(await house.submit(PUBLISHES, owner="ann", device="cuda"))
    accounts = {(each.owner, each.kind): each.seconds for each in await house.queue.accounts()}
    assert 0 < accounts["ann", DeviceKind.GPU] < 30


async def test_who_follows_a_job_over_a_restart_misses_nothing(house: House) -> None:
    job = await house.submit(WAITS)
    await house.process(job)
    await house.end()
    await house.begin()
    house.go(job)
    seen = [event.id async for event in house.queue.follow(job.id)]
    assert seen == list(range(1, len(seen) + 1))


async def test_nobody_works_on_a_job_that_has_ended(house: House) -> None:
    job = await house.ended(await house.submit(PUBLISHES))
    assert not house.queue.directory(job.id).is_assigned(str(job.run))
