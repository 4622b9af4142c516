"""The devices of this machine: NVIDIA's by NVML, other GPUs by PyTorch in a process of its own, and the processor."""

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from trainer.device import Device, jobs_memory_bytes, processor, torch_computes_on, usable_cores
from trainer.jobs.devices.listing import DeviceKind, Listing, SlottedDevice
from trainer.jobs.devices.nvidia import NvidiaGpus

__all__ = ["LocalInventory", "cpu_slots"]

_LIST: Final = (sys.executable, "-P", "-m", "trainer.cli", "devices", "--json")
_LIST_LIMIT_S: Final = 60.0
_FRESH_S: Final = 1.0
"""The driver is asked no more often."""
_CORES_A_JOB: Final = 8
_MEMORY_A_JOB_BYTES: Final = 8 * 2**30
_MEMORY: Final = Path("/proc/meminfo")
_QUESTION: Final = "Which GPUs there are"


def cpu_slots(cores: int, memory_bytes: int) -> int:
    """Jobs that the processor works on at once where nobody says: one for every 8 cores and 8 GiB, one at least."""
    return max(1, min(cores // _CORES_A_JOB, memory_bytes // _MEMORY_A_JOB_BYTES))


class LocalInventory:
    """Lists the processor, then the GPUs that PyTorch here can use."""

    def __init__(
        self,
        *,
        jobs_per_gpu: int = 1,
        cpu_jobs: int | None = None,
        needs_gpus: bool = False,
        gpus: NvidiaGpus | None = None,
        computes_on: str | None = None,
        listing: Sequence[str] = _LIST,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """What to ask.

        Args:
            jobs_per_gpu: How many jobs share a GPU, by memory.
            cpu_jobs: How many jobs the processor works on at once; `cpu_slots` where None.
            needs_gpus: Whether the processor is no stand-in for a GPU, and gets those jobs alone that name it.
            gpus: Asks NVIDIA's driver.
            computes_on: `cpu`, `cuda` or `hip`: what the installed PyTorch was built for, asked where None.
            listing: The command that prints the devices as PyTorch sees them, where the driver's library is of no help.
            clock_s: Decides when the driver is asked again.
        """
        self._jobs_per_gpu = jobs_per_gpu
        self._cpu_jobs = cpu_jobs
        self._needs_gpus = needs_gpus
        self._gpus = gpus or NvidiaGpus()
        self._computes_on = computes_on or torch_computes_on()
        self._listing = tuple(listing)
        self._clock_s = clock_s
        self._seen: tuple[float, Listing] | None = None
        self._asking: asyncio.Task[Listing] | None = None

    async def look(self) -> Listing:
        """The devices now, the CPU first; of GPUs that PyTorch must name, what it has told so far."""
        if self._seen is not None and self._clock_s() < self._seen[0] + _FRESH_S:
            return self._seen[1]
        gpus = await self._seen_gpus()
        found = Listing([self._cpu(), *gpus.devices], gpus.unknown, gpus.settled)
        self._seen = (self._clock_s(), found)
        return found

    async def close(self) -> None:
        """Stop listening to the driver, and kill PyTorch's process where one still runs."""
        self._gpus.close()
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _seen_gpus(self) -> Listing:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES")  # CUDA's own variable, which the trainer was started with
        found = None
        if self._computes_on != "hip":
            found = await asyncio.to_thread(self._gpus.devices, self._jobs_per_gpu, visible)
        if self._computes_on == "cpu":
            told = "NVIDIA's driver lists GPUs, but this PyTorch was built for processors alone."
            return Listing([], (told,) if found else ())
        if found is not None:
            return Listing(found)
        if self._asking is None:
            self._asking = asyncio.create_task(self._named_by_torch(), name="list GPUs")
        if not self._asking.done():
            return Listing([], (f"{_QUESTION}: PyTorch has not answered yet.",), settled=False)
        return self._asking.result()

    def _cpu(self) -> SlottedDevice:
        cpu, memory_bytes = processor(), jobs_memory_bytes()
        cores = usable_cores()
        load_percent = 100 * os.getloadavg()[0] / (os.cpu_count() or 1)
        used_bytes = None
        if _MEMORY.exists():
            kib = {line.split(":")[0]: int(line.split()[1]) for line in _MEMORY.read_text().splitlines()}
            used_bytes = min((kib["MemTotal"] - kib["MemAvailable"]) * 1024, memory_bytes)
        return SlottedDevice(
            name="cpu",
            model=cpu.model,
            kind=DeviceKind.CPU,
            memory_bytes=memory_bytes,
            slots=self._cpu_jobs or cpu_slots(cores, cpu.memory_bytes),
            cores=cores,
            named_only=self._needs_gpus,
            memory_used_bytes=used_bytes,
            utilisation_percent=round(min(load_percent, 100.0), 1),
        )

    async def _named_by_torch(self) -> Listing:
        """The GPUs as PyTorch names them, asked once; it may load for half a minute."""
        try:
            printed = await _printed(self._listing)
        except TimeoutError:
            return Listing([], (f"{_QUESTION}: PyTorch did not answer within {_LIST_LIMIT_S:g} s.",))
        except Exception as error:  # noqa: BLE001 - it is told, whatever it is
            return Listing([], (f"{_QUESTION}: PyTorch failed: {str(error) or repr(error)}.",))
        _, *gpus = (Device(**device) for device in json.loads(printed))
        seen = [
            SlottedDevice(gpu.name, gpu.model, DeviceKind.GPU, gpu.memory_bytes, binding=str(place))
            for place, gpu in enumerate(gpus)
        ]
        return Listing([replace(gpu, slots=self._jobs_per_gpu) for gpu in seen])


async def _printed(command: Sequence[str]) -> str:
    """What a command prints, which is killed when its time is over."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_LIST_LIMIT_S):
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            with suppress(TimeoutError):  # a process that hangs in its driver cannot even be killed
                await asyncio.wait_for(process.wait(), _FRESH_S)
    if process.returncode != 0:
        raise RuntimeError(f"it ended with exit status {process.returncode}: {errors.decode(errors='replace').strip()}")
    return output.decode()
