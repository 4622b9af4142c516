"""Diagnosis: which problem an exception is, for a job's record and for the command line."""

import errno
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from servicekit.problems import ProblemType
from trainer.data.offences import InvalidData, ObjectiveUnsuitable
from trainer.data.sources import DataNotFound
from trainer.device import DeviceUnavailable
from trainer.dialogue.failures import InvalidCheckpoint, NotPromoted
from trainer.jobs.devices.listing import SlottedDevice
from trainer.jobs.job import Failure
from trainer.jobs.order import devices_for
from trainer.runs import problems
from trainer.runs.failures import AliasMoved, AliasUnknown, NothingBefore, RunKept, RunUnknown, WordTaken

__all__ = ["diagnose", "invalid_data_members", "never_fits", "of_the_disk", "only_molecules"]

_DISK: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENFILE, errno.EMFILE})
"""What a disk, or a machine without files to open left, says to everyone."""

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
# What libraries say that have no errno to give: the JVM, SQLite, delta-rs.
_NO_ROOM_WORDS: Final = ("No space left on device", "Disk quota exceeded", "database or disk is full")
_DEVICE_WORDS: Final = (
    "uncorrectable ECC error",
    "GPU is lost",
    "CUDA error: unknown error",
    "CUDA error: device is busy or unavailable",
    "CUDA error: hardware stack error",
    "CUDA error: invalid device context",
    "NVLink error",
)
"""What CUDA says of a GPU that is broken; an error of a program's own kernels is no word of these."""
_SAID: Final[Mapping[type[BaseException], ProblemType]] = {
    DataNotFound: problems.DATA_NOT_FOUND,
    ObjectiveUnsuitable: problems.OBJECTIVE_MISFIT,
    InvalidCheckpoint: problems.CHECKPOINT_UNUSABLE,
    NotPromoted: problems.BOT_NOT_PROMOTED,
    RunUnknown: problems.RUN_NOT_FOUND,
    RunKept: problems.RUN_KEPT,
    WordTaken: problems.NAME_TAKEN,
    AliasUnknown: problems.ALIAS_NOT_FOUND,
    NothingBefore: problems.NOTHING_BEFORE,
}
"""Failures whose text says all."""
_NO_MEMORY_WORDS: Final = ("CUDA out of memory", "java.lang.OutOfMemoryError", "Cannot allocate memory")


def diagnose(error: BaseException) -> Failure:
    """The problem that `error` stands for; a defect of ours unless it is one of those that users can meet."""
    if (named := _named(error)) is not None:
        return named
    chain = list(_chain(error))
    said = " ".join(str(each) for each in chain)
    if any(isinstance(each, OSError) and each.errno in _NO_ROOM for each in chain) or any(w in said for w in _NO_ROOM_WORDS):
        return Failure(problems.STORAGE_FULL.slug, "The disk became full while the run was made; nothing of it was published.")
    if any(words in said for words in _DEVICE_WORDS):
        return Failure(problems.DEVICE_FAILED.slug, f"The device failed: {_first_line(error)}.")
    if any(isinstance(each, MemoryError) for each in chain) or any(words in said for words in _NO_MEMORY_WORDS):
        return Failure(problems.OUT_OF_MEMORY.slug, "The run needs more memory than there is; nothing of it was published.")
    first_line = _first_line(error)
    return Failure(problems.JOB_BROKEN.slug, f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__)


def of_the_disk(error: BaseException) -> bool:
    """Does the disk refuse, so that every job would meet the same, and the same job another time need not?"""
    return isinstance(error, sqlite3.OperationalError) or (isinstance(error, OSError) and error.errno in _DISK)


def never_fits(word: str, memory_bytes: int, devices: Sequence[SlottedDevice]) -> Failure:
    """Why a job that asks for the device `word` and this much memory can run on none of `devices`."""
    listed = [{"name": device.name, "model": device.model, "memory_bytes": device.largest_bytes} for device in devices]
    here = ", ".join(f"{device} with {device.largest_bytes / 2**30:.1f} GiB" for device in devices)
    if not devices_for(word, 0, devices):
        asked = "a device" if word == "auto" else word
        return Failure(problems.DEVICE_NOT_FOUND.slug, f"{asked} is not here; this trainer has {here}.", {"devices": listed})
    detail = f"The job needs {memory_bytes / 2**30:.1f} GiB on {word}; this trainer has {here}."
    return Failure(problems.JOB_TOO_LARGE.slug, detail, {"memory_bytes": memory_bytes, "devices": listed})


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0]


def _named(error: BaseException) -> Failure | None:
    """The problem of an exception that stands for one."""
    match error:
        case InvalidData():
            return Failure(problems.INVALID_DATA.slug, str(error), invalid_data_members(error))
        case DeviceUnavailable():
            return Failure(problems.DEVICE_NOT_FOUND.slug, f"{error}.")
        case AliasMoved():
            return Failure(problems.ALIAS_MOVED.slug, str(error), {"run": error.run})
        case _:
            kind = _SAID.get(type(error))
            return None if kind is None else Failure(kind.slug, str(error))


def invalid_data_members(error: InvalidData) -> dict[str, Any]:
    """Members of the problem document `invalid-data`: the first offences, and how many there are."""
    return {"offences": [asdict(offence) for offence in error.offences], "offences_total": error.total}


def only_molecules(failure: Failure) -> bool:
    """Did the run fail because of single molecules alone, which `on_error=skip` leaves out?"""
    rows = [offence["row"] for offence in failure.extensions.get("offences", [])]
    return bool(rows) and None not in rows


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__
