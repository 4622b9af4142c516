"""The cosine of rows of factors: `function` and `balanced` of runs without a posterior."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scores_api.similarities.cosines import percent_matrix, percents_with
from scores_api.similarities.kind import Floats, Ids

__all__ = ["Cosine"]


@dataclass(frozen=True, eq=False)
class Cosine:
    """A kind (`similarities.kind.Kind`) that every run tells of every fragment."""

    rows_FK: npt.NDArray[np.floating]

    def knows(self, ids: Sequence[int]) -> bool:  # noqa: ARG002 - of all
        """Always."""
        return True

    def with_some(self, place: int, others: Ids) -> Floats:
        """The cosine of one row with some."""
        return percents_with(self.rows_FK, place, others)

    def with_all(self, place: int) -> Floats:
        """The cosine of one row with every one."""
        return self.with_some(place, np.arange(len(self.rows_FK)))

    def among(self, ids: Sequence[int]) -> Floats:
        """The cosine of every two rows."""
        return percent_matrix(self.rows_FK[list(ids)].astype(np.float64))

    def bounds_with(self, place: int, others: Ids) -> None:
        """None: factors alone have no interval."""

    def bounds_among(self, ids: Sequence[int]) -> None:
        """None, as above."""
