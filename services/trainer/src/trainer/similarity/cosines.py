"""Similarity: the two definitions of how alike two fragments are, in percent.

Both are cosines, of rows that do not depend on the gauge of a fit (`trainer.similarity.factors`). A zero vector, a fragment of
which the model says nothing, is 0 percent like every other fragment and 100 percent like itself.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.kinds import SimilarityKind
from trainer.similarity.factors import Factors

__all__ = ["TICKS", "directions_FK", "percents_FF", "vectors_FK"]

Array = npt.NDArray[np.float64]

TICKS: Final = 1_000_000
"""Resolution of a cosine (1e-4 percent), far above rounding: two that are the same in it are equal, and ordered by id."""


def vectors_FK(factors: Factors, kind: SimilarityKind) -> Array:
    """The rows whose cosine is the similarity `kind`.

    `function` takes U S: with orthonormal V its rows have the lengths and angles of the predicted target profiles U S V^T.
    Raises ValueError for a similarity that is none of `contracts.kinds.RANKINGS`.
    """
    match kind:
        case SimilarityKind.FUNCTION:
            return factors.fragments_FK
        case SimilarityKind.BALANCED:
            return factors.balanced_fragments_FK
        case _:
            raise ValueError(f"{kind} is no cosine of factors")


def directions_FK(rows_FK: Array) -> Array:
    """The rows scaled to length 1; zero rows stay zero. No row is too long or too short to be scaled."""
    largest_F1 = np.abs(rows_FK).max(axis=1, keepdims=True, initial=0.0)
    scaled_FK = np.divide(rows_FK, largest_F1, out=np.zeros_like(rows_FK), where=largest_F1 > 0)
    lengths_F1 = np.linalg.norm(scaled_FK, axis=1, keepdims=True)
    unit_FK: Array = np.divide(scaled_FK, lengths_F1, out=scaled_FK, where=lengths_F1 > 0)
    return unit_FK


def percents_FF(rows_FK: Array) -> Array:
    """100 x the cosine of every two rows: symmetric bit for bit, within -100 and 100, exactly 100.0 on the diagonal."""
    unit_FK = directions_FK(rows_FK)
    upper_FF = np.triu(np.clip(100.0 * (unit_FK @ unit_FK.T), -100.0, 100.0), 1)
    percent_FF: Array = upper_FF + upper_FF.T
    np.fill_diagonal(percent_FF, 100.0)
    return percent_FF
