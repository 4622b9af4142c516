"""A block: some rows of a file with their numbers, as columns, and what is wrong with the rows that are not among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["Block", "Flaw"]


@dataclass(frozen=True)
class Flaw:
    """Something in a row that stops the ingestion."""

    row: int | None
    column: str | None
    value: str | None
    reason: str


@dataclass(frozen=True)
class Block:
    """Some rows of a file."""

    rows: npt.NDArray[np.int64]
    """Their numbers; 1 is the first data row, blank lines are not counted."""
    columns: dict[str, pa.Array]
    """Text, or numbers where the file has a type for them."""
    flaws: Sequence[Flaw] = ()
    """Of rows that are not among them."""

    @classmethod
    def of_flaws(cls, flaws: Sequence[Flaw]) -> Self:
        """A block without rows."""
        return cls(np.empty(0, np.int64), {}, flaws)
