"""Diagnosis: which problem an exception is, for a job's record and for the command line."""

import errno
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from trainer.data.offences import InvalidData, ObjectiveUnsuitable
from trainer.data.sources import DataNotFound
from trainer.device import DeviceUnavailable
from trainer.dialogue.failures import InvalidCheckpoint
from trainer.jobs.job import Failure
from trainer.runs import problems

__all__ = ["diagnose", "invalid_data_members", "only_molecules"]

_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
# What libraries say that have no errno to give: the JVM, SQLite, delta-rs.
_NO_ROOM_WORDS: Final = ("No space left on device", "Disk quota exceeded", "database or disk is full")
_NO_MEMORY_WORDS: Final = ("CUDA out of memory", "java.lang.OutOfMemoryError", "Cannot allocate memory")


def diagnose(error: BaseException) -> Failure:
    """The problem that `error` stands for; a defect of ours unless it is one of those that users can meet."""
    if (named := _named(error)) is not None:
        return named
    chain = list(_chain(error))
    said = " ".join(str(each) for each in chain)
    if any(isinstance(each, OSError) and each.errno in _NO_ROOM for each in chain) or any(w in said for w in _NO_ROOM_WORDS):
        return Failure(problems.STORAGE_FULL.slug, "The disk became full while the run was made; nothing of it was published.")
    if any(isinstance(each, MemoryError) for each in chain) or any(words in said for words in _NO_MEMORY_WORDS):
        return Failure(problems.OUT_OF_MEMORY.slug, "The run needs more memory than there is; nothing of it was published.")
    first_line = str(error).strip().split("\n", 1)[0]
    return Failure(problems.JOB_BROKEN.slug, f"{type(error).__name__}: {first_line}" if first_line else type(error).__name__)


def _named(error: BaseException) -> Failure | None:
    """The problem of an exception that stands for one."""
    match error:
        case InvalidData():
            return Failure(problems.INVALID_DATA.slug, str(error), invalid_data_members(error))
        case DataNotFound():
            return Failure(problems.DATA_NOT_FOUND.slug, str(error))
        case ObjectiveUnsuitable():
            return Failure(problems.OBJECTIVE_MISFIT.slug, str(error))
        case DeviceUnavailable():
            return Failure(problems.DEVICE_NOT_FOUND.slug, f"{error}.")
        case InvalidCheckpoint():
            return Failure(problems.CHECKPOINT_UNUSABLE.slug, str(error))
        case _:
            return None


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
