"""The devices of this machine, as a door that must not load torch sees them."""

import asyncio
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from trainer.device import Device, processor

__all__ = ["DeviceWatch", "SeenDevice", "SeenDevices"]

_LIST: Final = (sys.executable, "-P", "-m", "trainer.cli", "devices", "--json")
_LIST_LIMIT_S: Final = 60.0
_ANSWER_S: Final = 2.0
"""How long a caller waits for the list; torch may take longer to load, and goes on doing so for the next one."""
_GPUS: Final = ("nvidia-smi", "--query-gpu=name,memory.used,utilization.gpu", "--format=csv,noheader,nounits")
_GPUS_LIMIT_S: Final = 2.0
_FRESH_S: Final = 1.0
"""The driver's tool is asked no more often: each time it wakes every GPU."""
_AGAIN_S: Final = 30.0
"""A tool that failed or took too long is not asked again before."""
_GONE_S: Final = 1.0
_MEMORY: Final = Path("/proc/meminfo")


@dataclass(frozen=True)
class SeenDevice:
    """A device and how busy it is; None where the machine does not tell."""

    name: str
    model: str
    memory_bytes: int
    memory_used_bytes: int | None = None
    utilisation_percent: float | None = None


@dataclass(frozen=True)
class SeenDevices:
    """The devices, the CPU first, and in sentences what could not be learnt about them."""

    devices: tuple[SeenDevice, ...]
    unknown: tuple[str, ...]


class _Tool:
    """A command whose output is kept for a while; it is asked by one caller at a time, and killed when its time is over."""

    def __init__(self, command: Sequence[str], *, limit_s: float, fresh_s: float, clock_s: Callable[[], float]) -> None:
        self._command = tuple(command)
        self._limit_s = limit_s
        self._fresh_s = fresh_s
        self._clock_s = clock_s
        self._asking: asyncio.Task[None] | None = None
        self._ask_again_s = float("-inf")
        self.output: str | None = None
        """What it printed last; None where it failed, or has not been asked."""
        self.failure: str | None = None
        """Why there is no output, as the end of a sentence that begins with its name."""

    async def ask(self, *, wait_s: float) -> None:
        """Bring `output` and `failure` up to date; waits for `wait_s` at most, and the tool goes on for the next caller."""
        if self._asking is None and self._clock_s() >= self._ask_again_s:
            self._asking = asyncio.create_task(self._run(), name=f"ask {self._command[0]}")
        if self._asking is not None:
            _, pending = await asyncio.wait({self._asking}, timeout=wait_s)
            if pending and self.output is None:
                self.failure = "has not answered yet"

    async def close(self) -> None:
        """Kill the tool where it runs."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _run(self) -> None:
        try:
            self.output, self.failure = await self._printed(), None
        except TimeoutError:
            self.output, self.failure = None, f"did not answer within {self._limit_s:g} s"
        except Exception as error:  # noqa: BLE001 - `failure` tells it, whatever it is
            self.output, self.failure = None, f"failed: {str(error) or repr(error)}"
        finally:
            self._ask_again_s = self._clock_s() + (self._fresh_s if self.failure is None else _AGAIN_S)
            self._asking = None

    async def _printed(self) -> str:
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(self._limit_s):
                output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                with suppress(TimeoutError):  # a tool that hangs in its driver cannot even be killed
                    await asyncio.wait_for(process.wait(), _GONE_S)
        if process.returncode != 0:
            raise RuntimeError(f"it ended with exit status {process.returncode}: {errors.decode(errors='replace').strip()}")
        return output.decode()


class DeviceWatch:
    """Lists devices. torch names the GPUs once, in a process of its own; how busy they are is asked every second at most.

    No tool is waited for longer than some seconds: what it did not tell by then is named.
    """

    def __init__(
        self,
        listing: Sequence[str] = _LIST,
        gpus: Sequence[str] = _GPUS,
        *,
        answer_s: float = _ANSWER_S,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._answer_s = answer_s
        self._gpus_command = gpus[0]
        self._listing = _Tool(listing, limit_s=_LIST_LIMIT_S, fresh_s=float("inf"), clock_s=clock_s)
        self._gpus = _Tool(gpus, limit_s=_GPUS_LIMIT_S, fresh_s=_FRESH_S, clock_s=clock_s)

    async def look(self) -> SeenDevices:
        """The devices now, the CPU first."""
        await self._listing.ask(wait_s=self._answer_s)
        if self._listing.output is None:
            return SeenDevices((_busy_cpu(processor()),), (f"Which GPUs there are: PyTorch {self._listing.failure}.",))
        cpu, *gpus = (Device(**device) for device in json.loads(self._listing.output))
        busy_gpus, unknown = await self._busy(gpus)
        return SeenDevices((_busy_cpu(cpu), *busy_gpus), unknown)

    async def close(self) -> None:
        """Kill the tools that run."""
        await self._listing.close()
        await self._gpus.close()

    async def _busy(self, gpus: Sequence[Device]) -> tuple[list[SeenDevice], tuple[str, ...]]:
        """GPUs as the driver's tool sees them, where it sees the same ones in the same order; and what it did not tell."""
        idle = [_seen(gpu) for gpu in gpus]
        if not gpus:
            return [], ()
        question = "How busy the GPUs are"
        if shutil.which(self._gpus_command) is None:
            return idle, (f"{question}: there is no {self._gpus_command} here.",)
        await self._gpus.ask(wait_s=self._answer_s)
        if self._gpus.output is None:
            return idle, (f"{question}: {self._gpus_command} {self._gpus.failure}.",)
        rows = [[field.strip() for field in line.split(",")] for line in self._gpus.output.splitlines()]
        if [row[0] for row in rows] != [gpu.model for gpu in gpus] or any(len(row) != 3 for row in rows):  # noqa: PLR2004 - as asked
            return idle, (f"{question}: {self._gpus_command} lists other GPUs than PyTorch.",)
        return [
            replace(gpu, memory_used_bytes=_number(used, 2**20), utilisation_percent=_number(percent, 1))
            for gpu, (_, used, percent) in zip(idle, rows, strict=True)
        ], ()


def _seen(device: Device) -> SeenDevice:
    return SeenDevice(device.name, device.model, device.memory_bytes)


def _busy_cpu(cpu: Device) -> SeenDevice:
    load_percent = 100 * os.getloadavg()[0] / (os.cpu_count() or 1)
    used_bytes = None
    if _MEMORY.exists():
        available = next(line for line in _MEMORY.read_text().splitlines() if line.startswith("MemAvailable:"))
        used_bytes = cpu.memory_bytes - int(available.split()[1]) * 1024
    return replace(_seen(cpu), memory_used_bytes=used_bytes, utilisation_percent=round(min(load_percent, 100.0), 1))


def _number(text: str, unit: int) -> int | None:
    """A field of the driver's tool, which says `[N/A]` where a device does not tell (with MIG, for example)."""
    return int(text) * unit if text.isdigit() else None
