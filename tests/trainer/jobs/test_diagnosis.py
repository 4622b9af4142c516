"""An exception becomes the problem that a user can do something about."""

import errno

import pytest

from trainer.data.offences import InvalidData, Offence
from trainer.data.sources import DataNotFound
from trainer.device import DeviceUnavailable
from trainer.jobs.diagnosis import diagnose
from trainer.runs.problems import PROBLEM_TYPES


def _caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (DataNotFound("a.csv: there is no such file."), "data-not-found"),
        (DeviceUnavailable("cuda is not here"), "device-not-found"),
        (OSError(errno.ENOSPC, "No space left on device"), "storage-full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "storage-full"),
        (_caused(RuntimeError("stage failed"), OSError(errno.ENOSPC, "No space left on device")), "storage-full"),
        (RuntimeError("java.io.IOException: No space left on device"), "storage-full"),
        (MemoryError(), "out-of-memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate 20 GiB"), "out-of-memory"),
        (RuntimeError("java.lang.OutOfMemoryError: Java heap space"), "out-of-memory"),
        (OSError(errno.EIO, "Input/output error"), "job-broken"),
        (ZeroDivisionError(), "job-broken"),
    ],
)
def test_every_exception_is_a_declared_problem(error: Exception, slug: str) -> None:
    failure = diagnose(error)
    assert failure.slug == slug
    assert failure.slug in {kind.slug for kind in PROBLEM_TYPES}
    assert failure.detail


def test_invalid_data_keep_their_offences() -> None:
    offences = [Offence("a.csv", row, "smiles", "C(", "is no SMILES") for row in range(30)]
    failure = diagnose(InvalidData(offences))
    assert failure.slug == "invalid-data"
    assert failure.extensions["offences_total"] == 30
    assert len(failure.extensions["offences"]) == 20
    assert failure.extensions["offences"][3] == {
        "file": "a.csv",
        "row": 3,
        "column": "smiles",
        "value": "C(",
        "reason": "is no SMILES",
    }


def test_a_defect_names_its_kind_and_first_line() -> None:
    assert diagnose(KeyError("x")).detail == "KeyError: 'x'"
    assert diagnose(ValueError("one\ntwo")).detail == "ValueError: one"
    assert diagnose(AssertionError()).detail == "AssertionError"
