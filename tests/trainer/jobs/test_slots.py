"""Several jobs run at once on slots; who may make way does, and a job leaves a device that fails it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.jobs import MIB, ListInventory, MemoryRuns, ScriptedExecution, ScriptedExecutor, told, until

from trainer.jobs.devices.listing import DeviceKind, SlottedDevice
from trainer.jobs.events import EventKind
from trainer.jobs.job import Job, JobState, Submission
from trainer.jobs.queue import JobQueue
from trainer.jobs.supervisor import Pace, Supervisor
from trainer.jobs.table import JobTable
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

pytestmark = pytest.mark.anyio
SPEC = FactorsSpec(kind="factors")
GPU_0, GPU_1 = (SlottedDevice(f"cuda:{n}", "H200", DeviceKind.GPU, 90_000 * MIB, binding=f"GPU-{n}") for n in (0, 1))
CPU = SlottedDevice("cpu", "x86_64", DeviceKind.CPU, 16_000 * MIB, slots=2, cores=8)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def table(tmp_path: Path) -> Iterator[JobTable]:
    table = JobTable.open(tmp_path / "jobs.sqlite")
    yield table
    table.close()


class _House:
    """A supervisor at work on devices of the test's choice; `now_s` is its clock."""

    def __init__(self, table: JobTable, state: Path, *devices: SlottedDevice) -> None:
        self.table = table
        self.now_s = 0.0
        self.executor, self.inventory = ScriptedExecutor(), ListInventory(*devices)
        settings = Settings(state=state, frozen_s=100)
        self.supervisor = Supervisor(
            table, self.executor, MemoryRuns(), settings, self.inventory, clock_s=lambda: self.now_s, pace=Pace(retry_s=0.01)
        )
        self.queue = JobQueue(table, self.supervisor, settings)

    async def submit(self, **facts: object) -> Job:
        spec = facts.pop("spec", SPEC)
        job, _ = await self.queue.submit(Submission(spec, **facts))  # type: ignore[arg-type]  # the test's own names
        return job

    async def next(self) -> tuple[ScriptedExecution, Job]:
        """The next process that starts, and its job."""
        execution = await self.executor.next()
        await until(lambda: any(job.run == execution.assignment.run for job in self.table.busy()))
        return execution, next(job for job in self.table.busy() if job.run == execution.assignment.run)

    async def settled(self, job: Job) -> Job:
        await until(lambda: self.table.get(job.id).state.final)
        return self.table.get(job.id)


@asynccontextmanager
async def _house(table: JobTable, state: Path, *devices: SlottedDevice) -> AsyncIterator[_House]:
    house = _House(table, state, *devices)
    working = asyncio.create_task(house.supervisor.run())
    yield house
    await house.supervisor.stop()
    await asyncio.wait_for(working, timeout=10)


def _publish(execution: ScriptedExecution) -> None:
    execution.tell(EventKind.PUBLISHED, run=execution.assignment.run)
    execution.end()


async def test_two_jobs_run_at_once_each_bound_to_its_own_device(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path, CPU, GPU_0, GPU_1) as house:
        jobs = [await house.submit() for _ in range(3)]
        (first, one), (second, two) = await house.next(), await house.next()
        assert {one.slot, two.slot} == {"cuda:0", "cuda:1"}
        for execution, job in ((first, one), (second, two)):
            place = execution.assignment.place
            assert place is not None
            assert (place.device, place.computes_on) == (job.slot, "cuda")
            assert place.environment == {"CUDA_VISIBLE_DEVICES": f"GPU-{str(job.slot)[-1]}"}
        assert table.get(jobs[2].id).state is JobState.QUEUED
        _publish(second)
        third, _ = await house.next()
        _publish(first)
        _publish(third)
        assert [(await house.settled(job)).state for job in jobs] == [JobState.SUCCEEDED] * 3


async def test_jobs_on_the_processor_get_their_part_of_its_cores_and_see_no_gpu(
    table: JobTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    async with _house(table, tmp_path, CPU) as house:
        await house.submit()
        execution, _ = await house.next()
        place = execution.assignment.place
        assert place is not None
        assert (place.computes_on, place.memory_bytes) == ("cpu", 8_000 * MIB)
        assert place.environment == {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "4", "NUMBA_NUM_THREADS": "4"}
        assert execution.assignment.settings.spark_master == "local[4]"
        _publish(execution)


async def test_jobs_that_share_a_gpu_may_hold_their_part_of_its_memory(table: JobTable, tmp_path: Path) -> None:
    shared = SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 90_000 * MIB, slots=3, binding="GPU-0")
    async with _house(table, tmp_path, shared) as house:
        await house.submit(memory_bytes=45_000 * MIB)
        await house.submit(memory_bytes=1)
        shares = []
        for _ in range(2):
            execution, _ = await house.next()
            assert execution.assignment.place is not None
            shares.append(execution.assignment.place.environment["PYTORCH_ALLOC_CONF"])
        assert sorted(shares) == ["per_process_memory_fraction:0.3333", "per_process_memory_fraction:0.5000"]


async def test_a_greater_priority_has_a_job_make_way_which_then_continues(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path, GPU_0) as house:
        gentle = await house.submit(preemptible=True)
        first, _ = await house.next()
        urgent = await house.submit(priority=5)
        second, running = await house.next()
        assert (first.stopped, first.grace_s) == (True, 30.0)
        assert running.id == urgent.id
        waits = table.get(gentle.id)
        assert (waits.state, waits.attempts, waits.preemptions) == (JobState.QUEUED, 0, 1)
        assert [line["kind"] for line in told(house.queue.directory(gentle.id))] == ["attempt", "preempted"]
        _publish(second)
        third, again = await house.next()
        assert again.id == gentle.id
        _publish(third)
        assert (await house.settled(gentle)).attempts == 1


async def test_a_job_that_makes_way_slowly_can_still_be_cancelled_at_once(table: JobTable, tmp_path: Path) -> None:
    class Slow(ScriptedExecution):
        async def stop(self, *, grace_s: float = 0.0) -> None:
            self.grace_s = grace_s
            if grace_s:
                await self.wait()  # it does not listen
            await super().stop()

    async with _house(table, tmp_path, GPU_0) as house:
        house.executor.kind = Slow
        gentle = await house.submit(preemptible=True)
        first, _ = await house.next()
        await house.submit(priority=5)
        await until(lambda: first.grace_s > 0)
        assert (await house.queue.cancel(gentle.id)).state is JobState.CANCELLED
        assert first.stopped


async def test_a_job_that_may_not_be_stopped_is_waited_for(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path, GPU_0) as house:
        await house.submit()
        first, _ = await house.next()
        await house.submit(priority=5)
        await house.supervisor.outlook()
        assert not first.stopped


async def test_a_job_leaves_a_device_that_erred_and_runs_on_another(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path, GPU_0, GPU_1) as house:
        job = await house.submit()
        first, running = await house.next()
        failed, other = (GPU_0, "cuda:1") if running.slot == "cuda:0" else (GPU_1, "cuda:0")
        first.tell(
            EventKind.FAILED, slug="device-failed", detail="The device failed: an uncorrectable ECC error.", extensions={}
        )
        first.end("its process ended with exit status 1")
        second, again = await house.next()
        assert (again.slot, again.attempts) == (other, 1)
        kinds = [line["kind"] for line in told(house.queue.directory(job.id))]
        assert kinds == ["attempt", "failed", "interrupted", "attempt"]
        faults = {device.name: device.fault for device in (await house.supervisor.devices()).devices}
        assert faults == {failed.name: "The device failed: an uncorrectable ECC error.", other: None}
        _publish(second)
        assert (await house.settled(job)).state is JobState.SUCCEEDED


@pytest.mark.parametrize("erring", [True, False], ids=["an error of the driver", "vanished"])
async def test_a_job_on_the_only_device_fails_with_it(table: JobTable, tmp_path: Path, erring: bool) -> None:  # noqa: FBT001 - parametrized
    async with _house(table, tmp_path, GPU_0) as house:
        job = await house.submit()
        execution, _ = await house.next()
        broken = SlottedDevice(
            "cuda:0", "H200", DeviceKind.GPU, 90_000 * MIB, binding="GPU-0", fault="The driver reported Xid 79."
        )
        house.inventory.devices = [broken] if erring else []
        house.supervisor.wake()
        found = await house.settled(job)
        assert execution.stopped
        assert found.failure is not None
        assert found.failure.slug == "device-failed"
        assert ("Xid 79" if erring else "no longer there") in found.failure.detail


async def test_a_job_that_tells_nothing_is_stopped_and_started_again(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path, GPU_0) as house:
        job = await house.submit()
        first, _ = await house.next()
        house.now_s = 99.0
        first.tell(EventKind.PROGRESS, stage="fit", done=1)
        await until(lambda: house.supervisor.attempts[0].heard_s == 99.0)
        assert not first.stopped
        house.now_s = 250.0
        second, again = await house.next()
        assert (first.stopped, again.attempts) == (True, 2)
        interrupted = told(house.queue.directory(job.id))[-2]
        assert (interrupted["kind"], "it told nothing for 100 s" in str(interrupted)) == ("interrupted", True)
        _publish(second)
        assert (await house.settled(job)).state is JobState.SUCCEEDED


async def test_a_job_that_reaches_its_time_limit_over_its_attempts_fails(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path, GPU_0) as house:
        job = await house.submit(time_limit_s=50.0)
        first, _ = await house.next()
        house.now_s = 40.0
        first.end("its process was killed by SIGKILL")
        second, _ = await house.next()
        house.now_s = 55.0
        found = await house.settled(job)
        assert second.stopped
        assert found.failure is not None
        assert (found.failure.slug, found.failure.extensions) == ("time-limit", {"time_limit_s": 50.0})
        assert found.spent.gpu_seconds == 55.0


async def test_a_job_that_no_device_can_take_any_more_fails_with_the_numbers(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path, GPU_0) as house:
        await house.submit()
        execution, _ = await house.next()
        job = await house.submit(memory_bytes=80_000 * MIB)
        house.inventory.devices = [SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 100 * MIB, binding="GPU-0")]
        _publish(execution)
        found = await house.settled(job)
        assert found.failure is not None
        assert (found.failure.slug, found.failure.extensions["memory_bytes"]) == ("job-too-large", 80_000 * MIB)


async def test_no_job_starts_before_it_is_known_which_devices_there_are(table: JobTable, tmp_path: Path) -> None:
    async with _house(table, tmp_path, CPU) as house:
        house.inventory.settled = False
        await house.submit()
        await until(lambda: house.inventory.looks > 5)
        assert house.executor.started == []
        house.inventory.settled = True
        await house.next()
