"""Devices are named by torch once and asked how busy they are; what is not told in time is named."""

import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from trainer.jobs.devices import DeviceWatch

pytestmark = pytest.mark.anyio
CPU = {"name": "cpu", "model": "x86_64, 2 threads", "memory_bytes": 2**40}
GPU = {"name": "cuda:0", "model": "NVIDIA H200", "memory_bytes": 2**37}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def _prints(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"print({text!r})")


@asynccontextmanager
async def _watch(
    listing: Sequence[str], gpus: Sequence[str] = ("no-such-tool",), *, answer_s: float = 60.0
) -> AsyncIterator[DeviceWatch]:
    watch = DeviceWatch(listing, gpus, answer_s=answer_s)
    yield watch
    await watch.close()


async def test_a_gpu_is_as_busy_as_the_driver_says() -> None:
    async with _watch(_prints(json.dumps([CPU, GPU])), _prints("NVIDIA H200, 1024, 37")) as watch:
        seen = await watch.look()
    cpu, gpu = seen.devices
    assert (cpu.name, cpu.memory_bytes) == ("cpu", 2**40)
    assert (gpu.name, gpu.memory_used_bytes, gpu.utilisation_percent) == ("cuda:0", 2**30, 37)
    assert seen.unknown == ()


@pytest.mark.parametrize(
    "told", ["NVIDIA H200, [N/A], [N/A]", "NVIDIA A100, 5, 5", "", "NVIDIA H200, 1, 1\nNVIDIA H200, 2, 2", "NVIDIA H200, 1"]
)
async def test_what_the_driver_does_not_tell_is_not_made_up(told: str) -> None:
    async with _watch(_prints(json.dumps([CPU, GPU])), _prints(told)) as watch:
        seen = await watch.look()
    assert (seen.devices[1].memory_used_bytes, seen.devices[1].utilisation_percent) == (None, None)
    assert bool(seen.unknown) == ("[N/A]" not in told)


async def test_a_machine_without_the_drivers_tool_still_lists_its_gpus() -> None:
    async with _watch(_prints(json.dumps([CPU, GPU]))) as watch:
        seen = await watch.look()
    assert seen.devices[1].model == "NVIDIA H200"
    assert seen.unknown == ("How busy the GPUs are: there is no no-such-tool here.",)


async def test_torch_is_asked_once_and_the_driver_once_a_second(tmp_path: Path) -> None:
    now_s = 100.0

    def counting(name: str, text: str) -> tuple[str, ...]:
        return (sys.executable, "-c", f"open({str(tmp_path / name)!r}, 'a').write('x'); print({text!r})")

    watch = DeviceWatch(
        counting("torch", json.dumps([CPU, GPU])), counting("driver", "NVIDIA H200, 1, 1"), answer_s=60, clock_s=lambda: now_s
    )
    for passes_s in (0.0, 0.5, 1.0):
        now_s += passes_s
        await watch.look()
    await watch.close()
    assert ((tmp_path / "torch").read_text(), (tmp_path / "driver").read_text()) == ("x", "xx")


async def test_a_list_that_fails_is_told_with_what_it_said_and_the_cpu_is_there() -> None:
    async with _watch((sys.executable, "-c", "raise SystemExit('torch is broken')")) as watch:
        seen = await watch.look()
    assert [device.name for device in seen.devices] == ["cpu"]
    (told,) = seen.unknown
    assert told.startswith("Which GPUs there are: PyTorch failed:")
    assert "torch is broken" in told


async def test_nobody_waits_for_a_tool_that_hangs(tmp_path: Path) -> None:
    hangs = (
        sys.executable,
        "-c",
        "import sys; open(sys.argv[1], 'w').close(); import time; time.sleep(600)",
        str(tmp_path / "hangs"),
    )
    async with _watch(hangs, answer_s=0.01) as watch:
        seen = await watch.look()
        assert [device.name for device in seen.devices] == ["cpu"]
        assert seen.unknown == ("Which GPUs there are: PyTorch has not answered yet.",)
    async with _watch(_prints(json.dumps([CPU, GPU])), hangs) as watch:  # the driver's own limit ends it
        seen = await watch.look()
        assert [device.name for device in seen.devices] == ["cpu", "cuda:0"]
        assert seen.unknown == (f"How busy the GPUs are: {sys.executable} did not answer within 2 s.",)
