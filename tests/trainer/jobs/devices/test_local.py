"""This machine's devices: the processor with as many jobs as it carries, and the GPUs that PyTorch here can use."""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from trainer.jobs.devices.listing import DeviceKind, Listing, SlottedDevice
from trainer.jobs.devices.local import LocalInventory, cpu_slots
from trainer.jobs.devices.nvidia import NvidiaGpus
from trainer.jobs.devices.stand_in import StandInInventory

pytestmark = pytest.mark.anyio
GPU = SlottedDevice("cuda:0", "H200", DeviceKind.GPU, 2**37, binding="GPU-0")
LISTED = [
    {"name": "cpu", "model": "x86_64, 2 threads", "memory_bytes": 2**40},
    {"name": "cuda:0", "model": "MI300X", "memory_bytes": 2**37},
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class _Gpus(NvidiaGpus):
    """Of a machine with these, or without a driver; counts how often it is asked."""

    def __init__(self, found: list[SlottedDevice] | None) -> None:
        super().__init__()
        self.found = found
        self.asked = 0

    def devices(self, slots: int, visible: str | None = None) -> list[SlottedDevice] | None:  # noqa: ARG002 - the class's
        self.asked += 1
        return self.found


def _prints(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"print({text!r})")


async def _look(computes_on: str, gpus: _Gpus, listing: Sequence[str] = _prints(json.dumps(LISTED))) -> Listing:
    """What it lists in the end."""
    inventory = LocalInventory(
        gpus=gpus, computes_on=computes_on, listing=listing, jobs_per_gpu=2, clock_s=iter(range(10**6)).__next__
    )
    async with asyncio.timeout(30):
        while not (seen := await inventory.look()).settled:
            assert seen.unknown == ("Which GPUs there are: PyTorch has not answered yet.",)
            await asyncio.sleep(0.01)
    await inventory.close()
    return seen


async def test_the_processor_comes_first_and_gpus_as_the_driver_lists_them() -> None:
    seen = await _look("cuda", _Gpus([GPU]), ("no-such-command",))
    cpu, gpu = seen.devices
    assert (cpu.name, cpu.kind, cpu.binding, cpu.computes_on) == ("cpu", DeviceKind.CPU, "", "cpu")
    assert cpu.memory_used_bytes is not None
    assert 0 < cpu.memory_used_bytes <= cpu.memory_bytes
    assert (gpu, seen.unknown) == (GPU, ())


async def test_gpus_that_pytorch_was_not_built_for_are_told_and_not_used() -> None:
    seen = await _look("cpu", _Gpus([GPU]))
    assert [device.name for device in seen.devices] == ["cpu"]
    assert seen.unknown == ("NVIDIA's driver lists GPUs, but this PyTorch was built for processors alone.",)
    assert (await _look("cpu", _Gpus(None))).unknown == ()


@pytest.mark.parametrize(("computes_on", "asked"), [("cuda", True), ("hip", False)])
async def test_where_the_driver_is_of_no_help_pytorch_names_the_gpus(computes_on: str, asked: bool) -> None:  # noqa: FBT001 - parametrized
    gpus = _Gpus(None)
    seen = await _look(computes_on, gpus)
    assert [(each.name, each.model, each.slots) for each in seen.devices][1:] == [("cuda:0", "MI300X", 2)]
    assert (seen.devices[1].binding, bool(gpus.asked)) == ("0", asked)


async def test_a_pytorch_that_fails_is_told_with_what_it_said_and_the_processor_works() -> None:
    seen = await _look("hip", _Gpus(None), (sys.executable, "-c", "raise SystemExit('torch is broken')"))
    assert [device.name for device in seen.devices] == ["cpu"]
    (told,) = seen.unknown
    assert told.startswith("Which GPUs there are: PyTorch failed:")
    assert "torch is broken" in told


async def test_nobody_waits_for_a_pytorch_that_hangs(tmp_path: Path) -> None:
    hangs = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
    command = (sys.executable, "-c", hangs, str(tmp_path / "hangs"))
    inventory = LocalInventory(gpus=_Gpus(None), computes_on="hip", listing=command)
    seen = await inventory.look()
    assert ([device.name for device in seen.devices], seen.settled) == (["cpu"], False)
    await inventory.close()


async def test_the_driver_is_asked_once_a_second() -> None:
    now_s = 100.0
    gpus = _Gpus([GPU])
    inventory = LocalInventory(gpus=gpus, computes_on="cuda", clock_s=lambda: now_s)
    for passes_s in (0.0, 0.5, 1.0):
        now_s += passes_s
        await inventory.look()
    assert gpus.asked == 2


@pytest.mark.parametrize(("cores", "gib", "slots"), [(2, 6, 1), (16, 64, 2), (64, 16, 2), (90, 8, 1), (64, 256, 8)])
def test_the_processor_works_on_as_many_jobs_as_it_has_cores_and_memory_for(cores: int, gib: int, slots: int) -> None:
    assert cpu_slots(cores, gib * 2**30) == slots


async def test_a_file_may_list_devices_in_their_place_and_change(tmp_path: Path) -> None:
    path = tmp_path / "devices.json"
    inventory = StandInInventory(path)
    path.write_text(json.dumps([{"name": "cpu", "memory_bytes": 5}, {"name": "cuda:0", "memory_bytes": 7, "slots": 2}]))
    cpu, gpu = (await inventory.look()).devices
    assert (cpu.kind, gpu.kind, gpu.slots, gpu.computes_on) == (DeviceKind.CPU, DeviceKind.GPU, 2, "cpu")
    path.write_text(json.dumps([{"name": "cuda:0", "memory_bytes": 7, "fault": "Xid 79."}]))
    assert [device.fault for device in (await inventory.look()).devices] == ["Xid 79."]
