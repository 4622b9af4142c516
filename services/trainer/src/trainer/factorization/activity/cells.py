"""Cells: what was measured, as arrays."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

__all__ = ["Cells"]


@dataclass(frozen=True, eq=False)
class Cells:
    """Stated values of (compound, target) pairs; a pair that is missing was not measured.

    Sorted by compound, then target, whatever order they came in: the order of the input never changes a fit.
    """

    compound: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    compounds: int
    """All compounds, those without a cell included."""
    targets: int

    @classmethod
    def of(
        cls,
        compound: npt.ArrayLike,
        target: npt.ArrayLike,
        value: npt.ArrayLike,
        *,
        compounds: int,
        targets: int,
    ) -> Self:
        """Cells from columns of equal length in any order; `ValueError` for a repeated pair or a value that is no number."""
        rows, columns = np.asarray(compound, dtype=np.int64), np.asarray(target, dtype=np.int64)
        values = np.asarray(value, dtype=np.float64)
        order = np.lexsort((columns, rows))
        rows, columns, values = rows[order], columns[order], values[order]
        repeated = (np.diff(rows) == 0) & (np.diff(columns) == 0)
        if repeated.any():
            first = int(np.argmax(repeated))
            raise ValueError(f"compound {rows[first]} and target {columns[first]} have more than one cell")
        if not np.isfinite(values).all():
            raise ValueError("a cell holds no finite number")
        return cls(compound=rows, target=columns, value=values, compounds=compounds, targets=targets)

    def __len__(self) -> int:
        return len(self.value)

    def at(self, positions: npt.NDArray[np.int64]) -> Self:
        """The cells at these positions, over the same compounds and targets."""
        return type(self)(
            compound=self.compound[np.sort(positions)],
            target=self.target[np.sort(positions)],
            value=self.value[np.sort(positions)],
            compounds=self.compounds,
            targets=self.targets,
        )
