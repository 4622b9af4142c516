"""Devices are named by torch once, and asked how busy they are every time."""

import json
import sys
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


async def test_a_gpu_is_as_busy_as_the_driver_says() -> None:
    watch = DeviceWatch(_prints(json.dumps([CPU, GPU])), _prints("NVIDIA H200, 1024, 37"))
    cpu, gpu = await watch.look()
    assert (cpu.name, cpu.memory_bytes) == ("cpu", 2**40)
    assert (gpu.name, gpu.memory_used_bytes, gpu.utilisation_percent) == ("cuda:0", 2**30, 37)


@pytest.mark.parametrize("told", ["NVIDIA H200, [N/A], [N/A]", "NVIDIA A100, 5, 5", "", "NVIDIA H200, 1, 1\nNVIDIA H200, 2, 2"])
async def test_what_the_driver_does_not_tell_is_not_made_up(told: str) -> None:
    _, gpu = await DeviceWatch(_prints(json.dumps([CPU, GPU])), _prints(told)).look()
    assert (gpu.memory_used_bytes, gpu.utilisation_percent) == (None, None)


async def test_a_machine_without_the_drivers_tool_still_lists_its_gpus() -> None:
    _, gpu = await DeviceWatch(_prints(json.dumps([CPU, GPU])), ("no-such-tool",)).look()
    assert gpu.model == "NVIDIA H200"


async def test_torch_is_asked_once(tmp_path: Path) -> None:
    script = f"open({str(tmp_path / 'asked')!r}, 'a').write('x'); print({json.dumps([CPU])!r})"
    watch = DeviceWatch((sys.executable, "-c", script))
    await watch.look()
    await watch.look()
    assert (tmp_path / "asked").read_text() == "x"


async def test_a_list_that_fails_is_told_with_what_it_said() -> None:
    with pytest.raises(RuntimeError, match="torch is broken"):
        await DeviceWatch((sys.executable, "-c", "raise SystemExit('torch is broken')")).look()
