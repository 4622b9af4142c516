"""Devices: what a fit can run on, and the choice among them.

torch is imported when a device is asked for, not with this module: a door that validates the word `cuda:1` need not load it.
"""

import importlib.util
import os
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = [
    "Device",
    "DeviceUnavailable",
    "choose",
    "devices",
    "jobs_memory_bytes",
    "processor",
    "torch_computes_on",
    "usable_cores",
    "usable_memory_bytes",
]

_WORDS = re.compile(r"auto|cpu|cuda(:\d{1,3})?")
_JVM_BYTES: Final = 3 * 2**30
"""Of Spark's driver and of the process that started it."""
_WORKER_BYTES: Final = 512 * 2**20
_CGROUPS: Final = Path("/sys/fs/cgroup")
_MEMBERSHIP: Final = Path("/proc/self/cgroup")


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
    """The CPU, on which a fit uses `threads`; as many as this process may use where nobody has said."""
    return Device("cpu", f"{platform.machine()}, {threads or usable_cores()} threads", usable_memory_bytes())


def usable_cores(root: Path = _CGROUPS, membership: Path = _MEMBERSHIP) -> int:
    """The cores that this process may use: those of its affinity, or fewer where a container's quota says so; 1 at least."""
    quotas = [len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1]
    for group in _cgroups("cpu", root, membership):
        limit = _words(group / "cpu.max")  # version 2: quota and period in microseconds
        if not limit:
            limit = _words(group / "cpu.cfs_quota_us") + _words(group / "cpu.cfs_period_us")
        if len(limit) == 2 and limit[0].isdigit() and int(limit[0]) > 0:  # noqa: PLR2004 - `max` and -1 are no limit
            quotas.append(int(limit[0]) // int(limit[1]))
    return max(1, min(quotas))


def jobs_memory_bytes() -> int:
    """What jobs of this machine may have together: a tenth is left to the trainer, lest the kernel choose whom it kills."""
    return usable_memory_bytes() * 9 // 10


def usable_memory_bytes(root: Path = _CGROUPS, membership: Path = _MEMBERSHIP) -> int:
    """The memory that this process may use: the machine's, or less where a container's limit says so."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for group in _cgroups("memory", root, membership):
        for name in ("memory.max", "memory.limit_in_bytes"):
            limits += [int(word) for word in _words(group / name) if word.isdigit()]
    return min(limits)


def threads_within(cores: int, memory_bytes: int) -> int:
    """How many of Spark's local threads `cores` and this memory carry, each with a Python worker, beside the JVM."""
    return max(1, min(cores, (memory_bytes - _JVM_BYTES) // _WORKER_BYTES))


def _cgroups(controller: str, root: Path, membership: Path) -> Iterator[Path]:
    """The control groups that this process is in for a controller, of both versions, from its own up to the root.

    A container that sees its own group as the root finds it there.
    """
    lines = membership.read_text().splitlines() if membership.exists() else []
    for _, controllers, path in (line.split(":", 2) for line in lines):
        if controllers and controller not in controllers.split(","):
            continue
        base = root / controllers if controllers else root
        own = base / path.lstrip("/")
        yield from (group for group in (own, *own.parents) if group.is_relative_to(base))


def _words(path: Path) -> list[str]:
    """The words of one of the kernel's files; none where it is not there."""
    try:
        return path.read_text().split()
    except OSError:
        return []


def torch_computes_on() -> str:
    """`cuda`, `hip` or `cpu`: what the installed PyTorch was built for, by its version's file, which takes no loading."""
    spec = importlib.util.find_spec("torch")
    for place in (spec.submodule_search_locations or ()) if spec is not None else ():
        said = (Path(place) / "version.py").read_text(encoding="utf-8")
        for kind in ("cuda", "hip"):
            if re.search(rf"^{kind}\b[^=]*= *'", said, re.MULTILINE):
                return kind
    return "cpu"


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
