"""Neighbours: the exact nearest fragments of every fragment, under both similarities, for any number of fragments."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trainer.factors import Factors

__all__ = ["neighbours"]


def neighbours(factors: Factors, *, shown_F: npt.NDArray[np.bool_], limit: int, device: str = "cpu") -> pa.Table:
    """The table `neighbours` of `contracts.tables`, sorted by ranking, fragment and rank.

    Every fragment has a list for each ranking (`balanced`, `function`) of up to `limit` shown fragments other than itself.
    """
    raise NotImplementedError
