"""The mean cosine of posterior draws, with its interval: `function` of runs with a posterior."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scores_api.similarities.cosine import Cosine
from scores_api.similarities.cosines import interval_matrices, interval_with
from scores_api.similarities.kind import Floats, Ids

__all__ = ["PosteriorCosine"]


@dataclass(frozen=True, eq=False)
class PosteriorCosine:
    """A kind (`similarities.kind.Kind`) that the run tells of every fragment."""

    draws_FSK: npt.NDArray[np.float16]

    def knows(self, ids: Sequence[int]) -> bool:
        """Always."""
        return self._mean.knows(ids)

    def with_some(self, place: int, others: Ids) -> Floats:
        """The mean over the draws."""
        return self._mean.with_some(place, others)

    def with_all(self, place: int) -> Floats:
        """The same with every fragment."""
        return self._mean.with_all(place)

    def among(self, ids: Sequence[int]) -> Floats:
        """The same of every two."""
        return self._mean.among(ids)

    def bounds_with(self, place: int, others: Ids) -> tuple[Floats, Floats]:
        """Between which it lies in 90 % of the draws."""
        return interval_with(self.draws_FSK, place, others)

    def bounds_among(self, ids: Sequence[int]) -> tuple[Floats, Floats]:
        """The same of every two."""
        return interval_matrices(self.draws_FSK[list(ids)])

    @property
    def _mean(self) -> Cosine:
        return Cosine(self.draws_FSK.reshape(len(self.draws_FSK), -1))
