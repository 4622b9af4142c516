"""Bringing the rows of a DataFrame to the driver."""

import warnings

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame

__all__ = ["collect", "collect_vectors"]


def collect(frame: DataFrame) -> pa.Table:
    """All rows of a DataFrame as Arrow."""
    with warnings.catch_warnings():
        # pyspark leaves the socket over which it has read the rows to the garbage collector, which warns.
        warnings.simplefilter("ignore", ResourceWarning)
        return frame.toArrow()


def collect_vectors(factors: DataFrame, rows: int, rank: int) -> npt.NDArray[np.float64]:
    """The `features` of a DataFrame in order of `id`; zeros where a row is missing."""
    found = collect(factors)
    vectors_NK = np.zeros((rows, rank))
    vectors_NK[found["id"].to_numpy()] = found["features"].combine_chunks().flatten().to_numpy().reshape(-1, rank)
    return vectors_NK
