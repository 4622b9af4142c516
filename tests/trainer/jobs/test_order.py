"""Jobs get devices by priority, then by what their owner has had, then as they came; nothing stands idle, nobody starves."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.jobs import MIB

from trainer.jobs.devices.listing import DeviceKind, SlottedDevice
from trainer.jobs.order import Charges, Outlook, Preempt, Running, Start, Waiting, decide, devices_for, outlook

NOW = datetime(2026, 12, 1, tzinfo=UTC)
CPU = SlottedDevice("cpu", "x86_64", DeviceKind.CPU, 8000 * MIB, slots=2, cores=16)
GPU_0 = SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 100 * MIB, binding="GPU-0")
GPU_1 = SlottedDevice("cuda:1", "H200", DeviceKind.GPU, 200 * MIB, binding="GPU-1")
SHARED = SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 100 * MIB, slots=3, binding="GPU-0")


def _waits(
    name: str,
    *,
    priority: int = 0,
    owner: str = "ann",
    device: str = "auto",
    memory: int = 10,
    seconds: float = 60.0,
    since: datetime = NOW,
) -> Waiting:
    return Waiting(name, int(name[1:]), priority, owner, device, memory * MIB, seconds, since)


def _runs(
    name: str,
    device: str,
    *,
    priority: int = 0,
    owner: str = "ann",
    preemptible: bool = True,
    memory: int = 100,
    leaving: bool = False,
) -> Running:
    return Running(name, priority, owner, device, memory * MIB, 60.0, NOW, preemptible, leaving)


def _started(
    waiting: Sequence[Waiting],
    devices: Sequence[SlottedDevice],
    running: Sequence[Running] = (),
    charges: Charges | None = None,
) -> list[tuple[str, str]]:
    decisions = decide(waiting, running, devices, charges or {}, NOW)
    return [(one.job, one.device.name) for one in decisions if isinstance(one, Start)]


def test_priority_comes_before_arrival() -> None:
    jobs = [_waits("j1"), _waits("j2", priority=5), _waits("j3", priority=5)]
    assert _started(jobs, [GPU_0, GPU_1]) == [("j2", "cuda:0"), ("j3", "cuda:1")]


def test_among_equals_the_owner_comes_next_who_has_had_least_of_that_kind_of_device() -> None:
    jobs = [_waits("j1"), _waits("j2", owner="bob"), _waits("j3", owner="eve")]
    charges = {("ann", DeviceKind.GPU): 50.0, ("bob", DeviceKind.GPU): 20.0, ("eve", DeviceKind.CPU): 1000.0}
    assert _started(jobs, [GPU_0], charges=charges) == [("j3", "cuda:0")]
    assert _started(jobs[:2], [GPU_0], charges=charges) == [("j2", "cuda:0")]


def test_who_is_given_a_device_now_has_had_it_for_the_next() -> None:
    jobs = [_waits("j1"), _waits("j2"), _waits("j3", owner="bob")]
    assert _started(jobs, [GPU_0, GPU_1]) == [("j1", "cuda:0"), ("j3", "cuda:1")]
    assert _started(jobs[1:], [GPU_0, GPU_1], [_runs("r1", "cuda:0")]) == [("j3", "cuda:1")]


def test_a_job_takes_the_smallest_device_that_is_large_enough() -> None:
    assert _started([_waits("j1", memory=150), _waits("j2", memory=50)], [GPU_0, GPU_1]) == [("j1", "cuda:1"), ("j2", "cuda:0")]
    assert _started([_waits("j1")], [GPU_1, GPU_0]) == [("j1", "cuda:0")]


def test_what_does_not_fit_now_waits_and_lets_others_past() -> None:
    jobs = [_waits("j1", memory=150), _waits("j2")]
    assert _started(jobs, [GPU_0, GPU_1], [_runs("r1", "cuda:1", preemptible=False, memory=200)]) == [("j2", "cuda:0")]


@pytest.mark.parametrize(
    ("word", "memory", "names"),
    [
        ("auto", 10, ["cuda:0", "cuda:1"]),
        ("auto", 150, ["cuda:1"]),
        ("auto", 1000, ["cpu"]),
        ("cpu", 10, ["cpu"]),
        ("cuda", 10, ["cuda:0", "cuda:1"]),
        ("cuda:1", 10, ["cuda:1"]),
        ("cuda:1", 1000, []),
        ("cuda:7", 10, []),
    ],
)
def test_a_spec_names_the_devices_it_may_run_on(word: str, memory: int, names: list[str]) -> None:
    assert [device.name for device in devices_for(word, memory * MIB, [CPU, GPU_0, GPU_1])] == names


def test_a_device_with_a_fault_gets_no_job() -> None:
    broken = SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 100 * MIB, binding="GPU-0", fault="Xid 79.")
    assert _started([_waits("j1"), _waits("j2", device="cuda:0")], [CPU, broken]) == [("j1", "cpu")]


def test_jobs_share_a_device_by_memory() -> None:
    assert [name for name, _ in _started([_waits(f"j{n}", memory=33) for n in range(1, 5)], [SHARED])] == ["j1", "j2", "j3"]
    assert [name for name, _ in _started([_waits("j1", memory=60), _waits("j2", memory=60), _waits("j3")], [SHARED])] == [
        "j1",
        "j3",
    ]
    # the whole of one job's part is taken, however little it needs
    assert _started([_waits("j1", memory=70)], [SHARED], [_runs("r1", "cuda:0", memory=33)]) == []


def test_a_greater_priority_makes_the_youngest_of_the_least_priority_make_way() -> None:
    running = [_runs("r1", "cuda:0", priority=1), _runs("r2", "cuda:1", memory=200)]
    decisions = decide([_waits("j1", priority=5)], running, [GPU_0, GPU_1], {}, NOW)
    assert decisions == [Preempt("r2", "j1")]


@pytest.mark.parametrize(
    "running",
    [
        _runs("r1", "cuda:0", preemptible=False),
        _runs("r1", "cuda:0", priority=5),
        _runs("r1", "cuda:0", leaving=True),
    ],
    ids=["not preemptible", "of the same priority", "already leaving"],
)
def test_others_do_not_make_way(running: Running) -> None:
    assert decide([_waits("j1", priority=5)], [running], [GPU_0], {}, NOW) == []


def test_a_device_that_is_being_left_is_for_the_job_it_is_left_for() -> None:
    jobs = [_waits("j1", priority=5), _waits("j2")]
    assert decide(jobs, [_runs("r1", "cuda:0", leaving=True)], [GPU_0], {}, NOW) == []
    two = SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 100 * MIB, slots=2, binding="GPU-0")
    whole = [_waits("j1", priority=5, memory=100), _waits("j2")]
    assert decide(whole, [_runs("r1", "cuda:0", memory=50, leaving=True)], [two], {}, NOW) == []


def test_as_many_make_way_as_must() -> None:
    two = SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 100 * MIB, slots=2, binding="GPU-0")
    running = [_runs("r1", "cuda:0", memory=50), _runs("r2", "cuda:0", memory=50)]
    assert decide([_waits("j1", priority=5, memory=40)], running, [two], {}, NOW) == [Preempt("r1", "j1")]
    assert decide([_waits("j1", priority=5, memory=90)], running, [two], {}, NOW) == [Preempt("r1", "j1"), Preempt("r2", "j1")]


def test_who_has_waited_long_for_a_whole_device_has_it_kept_free() -> None:
    two = SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 100 * MIB, slots=2, binding="GPU-0")
    running = [_runs("r1", "cuda:0", memory=50, preemptible=False)]
    small = _waits("j2")
    assert _started([_waits("j1", memory=90, since=NOW - timedelta(minutes=9)), small], [two], running) == [("j2", "cuda:0")]
    assert _started([_waits("j1", memory=90, since=NOW - timedelta(minutes=11)), small], [two], running) == []


def test_the_outlook_follows_the_order_and_what_jobs_are_taken_to_last() -> None:
    jobs = [_waits("j1"), _waits("j2", owner="bob", seconds=10), _waits("j3", priority=1), _waits("j4", device="cuda:9")]
    running = [Running("r1", 0, "eve", "cuda:0", 100 * MIB, 600.0, NOW - timedelta(seconds=500))]
    found = outlook(jobs, running, [GPU_0], {}, NOW)
    start = NOW + timedelta(seconds=100)
    assert found == {
        "j3": Outlook(1, start),
        "j2": Outlook(2, start + timedelta(seconds=60)),  # who has had nothing
        "j1": Outlook(3, start + timedelta(seconds=70)),
        "j4": Outlook(4, None),
    }


def test_a_job_that_lasts_longer_than_it_was_taken_to_is_expected_to_end_now() -> None:
    running = [Running("r1", 0, "eve", "cuda:0", 100 * MIB, 600.0, NOW - timedelta(seconds=900))]
    assert outlook([_waits("j1")], running, [GPU_0], {}, NOW) == {"j1": Outlook(1, NOW)}
