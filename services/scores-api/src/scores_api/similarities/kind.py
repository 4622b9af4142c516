"""A kind of similarity: what the routes ask of each."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Floats", "Ids", "Kind"]

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]


class Kind(Protocol):
    """How alike the fragments of a run are in one respect; every answer is in percent, NaN where it is not known."""

    def knows(self, ids: Sequence[int]) -> bool:
        """Whether the run tells it of these fragments."""

    def with_some(self, place: int, others: Ids) -> Floats:
        """One fragment with some."""

    def with_all(self, place: int) -> Floats:
        """One fragment with every one, itself included."""

    def among(self, ids: Sequence[int]) -> Floats:
        """Every two of `ids`: symmetric, two decimals, exactly 100 on the diagonal."""

    def bounds_with(self, place: int, others: Ids) -> tuple[Floats, Floats] | None:
        """Between which it lies with 90 %; None for a similarity without an interval."""

    def bounds_among(self, ids: Sequence[int]) -> tuple[Floats, Floats] | None:
        """The same of every two of `ids`."""
