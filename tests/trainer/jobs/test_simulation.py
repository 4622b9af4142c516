"""Nothing is lost: thousands of histories in which the disk refuses, devices fail, clocks jump and the trainer dies."""

import gc
import logging
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import AsyncMock

import pytest
import structlog
from pydantic import BaseModel
from tests.support.jobs import MIB
from tests.support.simulated_cluster import ClusterHistory
from tests.support.simulation import History, Violation

from trainer.jobs import order
from trainer.jobs.assignment import JobDirectory
from trainer.jobs.devices.listing import DeviceKind, SlottedDevice
from trainer.jobs.executors.executor import Execution, Outcome
from trainer.jobs.executors.kubernetes.executor import KubernetesExecutor
from trainer.jobs.executors.kubernetes.manifest import job_name
from trainer.jobs.order import Running, Start, Waiting, decide
from trainer.jobs.supervisor import Supervisor
from trainer.jobs.verdicts import Verdicts
from trainer.settings import Settings
from trainer.store import lock

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Without what the trainer would log of all that goes wrong, and the environment, which is read with every assignment."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    monkeypatch.setattr(Settings, "__init__", BaseModel.__init__)
    often = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)  # little of what a history makes is there for long
    yield
    gc.set_threshold(*often)
    logging.disable(logging.NOTSET)
    structlog.reset_defaults()


def _live_through(seeds: range, history: type[History] = History) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as root:  # noqa: S108 - faster than a disk
        settings = Settings()
        for seed in seeds:
            try:
                history(seed, settings.model_copy(update={"state": Path(root) / str(seed)})).run()
            except BaseException as error:
                error.add_note(f"seed {seed}")
                raise


def test_in_some_histories_every_job_ends_once_and_no_slot_has_two() -> None:
    _live_through(range(100))


@pytest.mark.parametrize(
    ("module", "name", "wrong", "told"),
    [
        (order._Room, "takes", lambda *_: True, "jobs on"),  # noqa: SLF001 - breaks what is inside
        (Supervisor, "_could_take", lambda *_: False, "is idle"),
        (Verdicts, "is_published", AsyncMock(return_value=False), "was published"),
        (Verdicts, "_requeue", AsyncMock(), "have not ended"),
        (lock, "hold", lambda _: nullcontext(), "jobs on|two processes|was published"),
    ],
    ids=["a slot given twice", "a device left idle", "a publication overlooked", "a job lost", "two trainers at once"],
)
def test_a_queue_that_does_wrong_is_found_out(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, wrong: object, told: str
) -> None:
    monkeypatch.setattr(module, name, wrong)  # a defect of ours
    with pytest.raises(Violation, match=told):
        _live_through(range(100))


@pytest.mark.slow
@pytest.mark.parametrize("thousand", range(5))
def test_in_thousands_of_histories_every_job_ends_once_and_no_slot_has_two(thousand: int) -> None:
    _live_through(range(1000 * thousand, 1000 * (thousand + 1)))


def test_in_some_histories_of_a_cluster_every_job_ends_once_and_no_slot_has_two() -> None:
    _live_through(range(25), ClusterHistory)


_adopt = KubernetesExecutor.adopt


async def _adopts_nothing(executor: KubernetesExecutor, runs: Mapping[str, JobDirectory]) -> Mapping[str, Execution]:
    executor._known.update(job_name(run) for run in runs)  # noqa: SLF001 - nor deletes it
    await _adopt(executor, {})
    executor._known.update(job_name(run) for run in runs)  # noqa: SLF001
    return {}


@pytest.mark.parametrize(
    ("module", "name", "wrong", "told"),
    [
        (JobDirectory, "revoke", lambda _: None, "was published|two processes|jobs on"),
        (
            KubernetesExecutor,
            "delete",
            AsyncMock(return_value=Outcome("its pod was ended")),
            "two processes|jobs on|was published",
        ),
        (KubernetesExecutor, "adopt", _adopts_nothing, "was published|two processes|jobs on|a Job is left"),
        (lock, "hold", lambda _: nullcontext(), "was published|two processes|jobs on|a Job is left"),
    ],
    ids=["an attempt that is not given up", "a Job left", "an attempt not adopted", "two trainers at once"],
)
def test_a_trainer_of_a_cluster_that_does_wrong_is_found_out(
    monkeypatch: pytest.MonkeyPatch, module: object, name: str, wrong: object, told: str
) -> None:
    monkeypatch.setattr(module, name, wrong)  # a defect of ours
    with pytest.raises(Violation, match=told):
        _live_through(range(200), ClusterHistory)


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=pytest.mark.xdist_group(f"histories of a cluster {part % 2}")) for part in range(10)]
)
def test_in_thousands_of_histories_of_a_cluster_every_job_ends_once_and_no_slot_has_two(part: int) -> None:
    _live_through(range(500 * part, 500 * (part + 1)), ClusterHistory)


def test_owners_have_had_as_much_of_the_devices_to_a_tenth_however_many_jobs_each_hands_in() -> None:
    """200 jobs of two owners on two devices; `bob` hands in three times as many, and shorter ones, all before `ann`."""
    devices = [SlottedDevice(f"cuda:{n}", "H200", DeviceKind.GPU, MIB, binding=str(n)) for n in (0, 1)]
    waiting = [Waiting(f"b{n}", n, 0, "bob", "auto", 1, 20.0 + n % 7, NOW) for n in range(150)]
    waiting += [Waiting(f"a{n}", 150 + n, 0, "ann", "auto", 1, 60.0 + n % 11, NOW) for n in range(50)]
    running: list[Running] = []
    had: Counter[tuple[str, DeviceKind]] = Counter()
    now = NOW
    while {job.owner for job in waiting} == {"ann", "bob"}:
        for start in decide(waiting, running, devices, had, now):
            assert isinstance(start, Start)
            job = next(job for job in waiting if job.id == start.job)
            waiting.remove(job)
            running.append(Running(job.id, 0, job.owner, start.device.name, 1, job.seconds, now))
        now = min(job.started + timedelta(seconds=job.seconds) for job in running)
        for ended in [each for each in running if each.started + timedelta(seconds=each.seconds) <= now]:
            running.remove(ended)
            had[ended.owner, DeviceKind.GPU] += round(ended.seconds)
    ann, bob = had["ann", DeviceKind.GPU], had["bob", DeviceKind.GPU]
    assert abs(ann - bob) <= 0.1 * max(ann, bob)


def test_a_job_that_needs_a_whole_device_starts_although_smaller_ones_never_stop_coming() -> None:
    """Each small one lasts two minutes, and another begins every minute: never are both slots free by themselves."""
    shared = SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 100 * MIB, slots=2, binding="0")
    large = Waiting("large", 0, 0, "ann", "auto", 90 * MIB, 60.0, NOW)
    running = [Running(f"r{n}", 0, "bob", "cuda:0", 50 * MIB, 120.0, NOW - timedelta(minutes=n)) for n in (0, 1)]
    for minute in range(1, 30):
        now = NOW + timedelta(minutes=minute)
        running = [job for job in running if now - job.started < timedelta(minutes=2)]
        small = [Waiting(f"s{minute}-{n}", minute, 0, "bob", "auto", MIB, 120.0, now) for n in range(2)]
        started = [each.job for each in decide([large, *small], running, [shared], {}, now) if isinstance(each, Start)]
        if "large" in started:
            assert minute > 10
            return
        running += [Running(job, 0, "bob", "cuda:0", 50 * MIB, 120.0, now) for job in started]
    pytest.fail("it never started")
