"""A stand-in inventory: the devices that a file lists, for machines without GPUs, in tests and trials."""

import asyncio
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, TypeAdapter

from trainer.jobs.devices.listing import DeviceKind, Listing, SlottedDevice

__all__ = ["StandInInventory"]


class _Listed(BaseModel):
    """A device as the file states it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    model: str = "stand-in"
    memory_bytes: int
    slots: int = 1
    cores: int = 1
    fault: str | None = None


_FILE: Final = TypeAdapter(list[_Listed])


class StandInInventory:
    """Lists what the JSON file at `path` says now. Its jobs compute on the processor, whatever their device is called."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def look(self) -> Listing:
        """The devices.

        Raises:
            OSError: The file cannot be read.
            ValidationError: It does not list devices.
        """
        listed = _FILE.validate_json(await asyncio.to_thread(self._path.read_bytes))
        return Listing([_device(each) for each in listed])

    async def close(self) -> None:
        """Nothing is held."""


def _device(listed: _Listed) -> SlottedDevice:
    return SlottedDevice(
        name=listed.name,
        model=listed.model,
        kind=DeviceKind.CPU if listed.name == "cpu" else DeviceKind.GPU,
        memory_bytes=listed.memory_bytes,
        slots=listed.slots,
        cores=listed.cores,
        fault=listed.fault,
    )
