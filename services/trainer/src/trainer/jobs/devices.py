"""The devices of this machine, as a door that must not load torch sees them."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

__all__ = ["DeviceWatch", "SeenDevice"]

_LIST: Final = (sys.executable, "-P", "-m", "trainer.cli", "devices", "--json")
_GPUS: Final = ("nvidia-smi", "--query-gpu=name,memory.used,utilization.gpu", "--format=csv,noheader,nounits")
_MEMORY: Final = Path("/proc/meminfo")


@dataclass(frozen=True)
class SeenDevice:
    """A device and how busy it is; None where the machine does not tell."""

    name: str
    model: str
    memory_bytes: int
    memory_used_bytes: int | None = None
    utilisation_percent: float | None = None


class DeviceWatch:
    """Lists devices. torch names them once, in a process of its own; how busy they are is asked every time."""

    def __init__(self, listing: Sequence[str] = _LIST, gpus: Sequence[str] = _GPUS) -> None:
        self._listing = tuple(listing)
        self._gpus = tuple(gpus)
        self._lock = asyncio.Lock()
        self._devices: list[SeenDevice] = []

    async def look(self) -> list[SeenDevice]:
        """The devices now, the CPU first.

        Raises:
            RuntimeError: The process that names them failed.
        """
        async with self._lock:
            if not self._devices:
                self._devices = [SeenDevice(**device) for device in json.loads(await _output(self._listing))]
        cpu, *gpus = self._devices
        return [_busy_cpu(cpu), *(await self._busy(gpus) if gpus else [])]

    async def _busy(self, gpus: list[SeenDevice]) -> list[SeenDevice]:
        """GPUs as the driver's tool sees them, where it sees the same ones in the same order."""
        if shutil.which(self._gpus[0]) is None:
            return gpus
        rows = [[field.strip() for field in line.split(",")] for line in (await _output(self._gpus)).splitlines()]
        if [row[0] for row in rows] != [gpu.model for gpu in gpus]:
            return gpus
        return [
            replace(gpu, memory_used_bytes=_number(used, 2**20), utilisation_percent=_number(percent, 1))
            for gpu, (_, used, percent) in zip(gpus, rows, strict=True)
        ]


def _busy_cpu(cpu: SeenDevice) -> SeenDevice:
    load_percent = 100 * os.getloadavg()[0] / (os.cpu_count() or 1)
    used_bytes = None
    if _MEMORY.exists():
        available = next(line for line in _MEMORY.read_text().splitlines() if line.startswith("MemAvailable:"))
        used_bytes = cpu.memory_bytes - int(available.split()[1]) * 1024
    return replace(cpu, memory_used_bytes=used_bytes, utilisation_percent=round(min(load_percent, 100.0), 1))


def _number(text: str, unit: int) -> int | None:
    """A field of the driver's tool, which says `[N/A]` where a device does not tell (with MIG, for example)."""
    return int(text) * unit if text.isdigit() else None


async def _output(command: Sequence[str]) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, told = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with exit status {process.returncode}: {told.decode(errors='replace')}")
    return out.decode()
