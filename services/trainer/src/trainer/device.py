"""Devices: what a fit can run on, and the choice among them.

torch is imported when a device is asked for, not with this module: a door that validates the word `cuda:1` need not load it.
"""

import os
import platform
import re
from dataclasses import dataclass

__all__ = ["Device", "DeviceUnavailable", "choose", "devices", "processor"]

_WORDS = re.compile(r"auto|cpu|cuda(:\d{1,3})?")


class DeviceUnavailable(Exception):
    """A device was asked for that does not exist here, or that is no device at all."""


@dataclass(frozen=True)
class Device:
    """One processor that a fit can run on."""

    name: str
    """torch's name: `cpu`, `cuda:0`, ..."""
    model: str
    """What it is: `x86_64, 2 threads`, `NVIDIA H200`, ..."""
    memory_bytes: int
    """All of it, used or not."""

    def __str__(self) -> str:
        return f"{self.name} {self.model}"


def processor(threads: int | None = None) -> Device:
    """The CPU, on which a fit uses `threads`; as many as there are where nobody has said."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Device("cpu", f"{platform.machine()}, {threads or os.cpu_count()} threads", memory_bytes)


def devices() -> tuple[Device, ...]:
    """The devices of this machine: the CPU always and first, then every CUDA device."""
    import torch  # noqa: PLC0415 - see the module's docstring

    cpu = processor(torch.get_num_threads())
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    properties = [torch.cuda.get_device_properties(index) for index in range(count)]
    return (cpu, *(Device(f"cuda:{index}", gpu.name, gpu.total_memory) for index, gpu in enumerate(properties)))


def choose(word: str) -> Device:
    """The device that `auto`, `cpu`, `cuda` or `cuda:N` names here.

    `auto` is the first CUDA device, or the CPU where there is none; `cuda` is `cuda:0`. Raises `DeviceUnavailable` for an
    absent device, and for anything else.
    """
    if not _WORDS.fullmatch(word):
        raise DeviceUnavailable(f"{word!r} is no device: expected auto, cpu, cuda or cuda:N")
    present = devices()
    if word == "auto":
        return present[min(1, len(present) - 1)]
    wanted = "cuda:0" if word == "cuda" else word
    for device in present:
        if device.name == wanted:
            return device
    raise DeviceUnavailable(f"{word} is not here; this machine has {', '.join(map(str, present))}")
