"""Published neighbours of one ranking, read from the file one fragment at a time.

The file is read with `pread` and not mapped: lists that were asked for once do not stay in the process's memory.
"""

import os
import weakref
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scores_api.layout import NEIGHBOUR

__all__ = ["NeighbourLists"]


class NeighbourLists:
    """Lists of `NEIGHBOUR` rows, one a fragment, on disk."""

    def __init__(self, path: Path, offsets: npt.NDArray[np.int64]) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._descriptor)
        self._offsets: list[int] = offsets.tolist()

    def of(self, fragment: int, limit: int) -> npt.NDArray[np.void]:
        """The first `limit` neighbours of a fragment, shape (≤ limit,), dtype `NEIGHBOUR`."""
        first, end = self._offsets[fragment], self._offsets[fragment + 1]
        size_bytes = min(limit, end - first) * NEIGHBOUR.itemsize
        return np.frombuffer(os.pread(self._descriptor, size_bytes, first * NEIGHBOUR.itemsize), dtype=NEIGHBOUR)
