"""Machine code: what numba makes of a function of plain loops, kept on disk for the next process."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

__all__ = ["compiled"]

_F = TypeVar("_F", bound=Callable[..., Any])


def compiled(function: _F) -> _F:
    """Machine code on the first call; made anew in each process where no folder is writable.

    What it calls has to be in its file: numba compiles anew only when that has changed.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract", "reassoc", "nsz", "arcp"}}
    try:
        made: _F = njit(cache=True, **options)(function)
    except RuntimeError:  # numba's "no locator available"
        made = njit(**options)(function)
    return made
