"""Bringing the rows of a DataFrame to the driver."""

import warnings

import pyarrow as pa
from pyspark.sql import DataFrame

__all__ = ["collect"]


def collect(frame: DataFrame) -> pa.Table:
    """All rows of a DataFrame as Arrow."""
    with warnings.catch_warnings():
        # pyspark leaves the socket over which it has read the rows to the garbage collector, which warns.
        warnings.simplefilter("ignore", ResourceWarning)
        return frame.toArrow()
