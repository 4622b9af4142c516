"""A listing of devices: what jobs can be given to compute on, in slots, and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

__all__ = ["DeviceKind", "Inventory", "Listing", "SlottedDevice"]


class DeviceKind(StrEnum):
    """What computes; owners share each kind by itself."""

    CPU = "cpu"
    GPU = "gpu"


@dataclass(frozen=True)
class SlottedDevice:
    """A processor, a GPU or a slice of one, and how many jobs may compute on it at once, sharing its memory."""

    name: str
    """What a spec's `device` calls it: `cpu`, `cuda:0`, ..."""
    model: str
    kind: DeviceKind
    memory_bytes: int
    """What its jobs may use together."""
    slots: int = 1
    cores: int = 1
    """Of the processor, for all its jobs; 1 for a GPU."""
    binding: str = ""
    """What `CUDA_VISIBLE_DEVICES` is for its jobs: a UUID; empty for the processor, on which no GPU is seen."""
    named_only: bool = False
    """Whether it gets those jobs alone that name it, and none that leave the choice."""
    memory_used_bytes: int | None = None
    """By whatever computes there; None where the machine does not tell."""
    utilisation_percent: float | None = None
    apart: bool = False
    """Whether each slot is a device by itself, somewhere in a cluster: nothing is shared, and a fault is one slot's."""
    fault: str | None = None
    """Why it gets no job, as a sentence; None for a device in order."""

    @property
    def computes_on(self) -> str:
        """What PyTorch calls it in a job that is bound to it, where no other GPU is seen."""
        return "cuda" if self.binding else "cpu"

    @property
    def largest_bytes(self) -> int:
        """The most memory that one job may have."""
        return self.memory_bytes // self.slots if self.apart else self.memory_bytes

    def __str__(self) -> str:
        return f"{self.name} {self.model}"


@dataclass(frozen=True)
class Listing:
    """The devices, the CPU first, and in sentences what could not be learnt about them."""

    devices: Sequence[SlottedDevice]
    unknown: tuple[str, ...] = ()
    settled: bool = True
    """Whether it is known which devices there are; until then no job is given one, and none refused."""


class Inventory(Protocol):
    """Lists devices. A device that vanishes is no longer listed; one that errs has a `fault`."""

    async def look(self) -> Listing:
        """The devices now; answers within seconds."""

    async def close(self) -> None:
        """Let go of what it asks."""
