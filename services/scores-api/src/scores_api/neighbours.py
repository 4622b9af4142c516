"""Published neighbours of one ranking, read from the file one fragment at a time.

The file is read and not mapped: lists that were asked for once do not stay in the process's memory.
"""

import numpy as np
import numpy.typing as npt

from published.form import NEIGHBOUR
from published.pages import PagedFile

__all__ = ["NeighbourLists"]


class NeighbourLists:
    """Lists of `NEIGHBOUR` rows, one a fragment, on disk."""

    def __init__(self, file: PagedFile, offsets: npt.NDArray[np.int64]) -> None:
        self._file = file
        self._offsets: list[int] = offsets.tolist()

    def of(self, fragment: int, limit: int) -> npt.NDArray[np.void]:
        """The first `limit` neighbours of a fragment, shape (≤ limit,), dtype `NEIGHBOUR`; raises FileDamaged."""
        first, end = self._offsets[fragment], self._offsets[fragment + 1]
        size_bytes = min(limit, end - first) * NEIGHBOUR.itemsize
        return np.frombuffer(self._file.read(first * NEIGHBOUR.itemsize, size_bytes), dtype=NEIGHBOUR)
