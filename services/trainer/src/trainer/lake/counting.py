"""Counting: the fragment x target sums A B of compounds that are rows of a DataFrame, for data beyond one machine's memory.

A row holds one compound: the ids of its fragments with their counts, and the ids of its targets with their values. Each
worker multiplies the sparse matrices of its rows; a join and group-by of cells would make a row of every product.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Final

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from scipy.sparse import csr_array

from trainer.activity import Activity
from trainer.lake.collection import collect

__all__ = ["COMPOUNDS", "compounds_of", "count"]

COMPOUNDS: Final = "fragments array<int>, counts array<float>, targets array<int>, values array<double>"
"""Columns of the rows, as Spark writes types."""
_CHUNK_ROWS: Final = 65_536
_PARTIAL: Final = "indptr binary, indices binary, data binary"


def count(compounds: DataFrame, *, fragments: int, targets: int) -> csr_array:
    """A B, float64, shape (fragments, targets); `compounds` has the columns `COMPOUNDS`.

    The pieces of the DataFrame are summed in their order: the same pieces give the same bits.
    """
    columns = compounds.select("fragments", "counts", "targets", "values")
    partials = collect(columns.mapInArrow(partial(_multiply, fragments, targets), _PARTIAL))
    counts_FT = csr_array((fragments, targets), dtype=np.float64)
    for row in partials.to_pylist():
        indptr, indices = (np.frombuffer(row[name], np.int64) for name in ("indptr", "indices"))
        counts_FT = counts_FT + csr_array((np.frombuffer(row["data"], np.float64), indices, indptr), counts_FT.shape)
    return counts_FT


def compounds_of(spark: SparkSession, activity: Activity) -> DataFrame:
    """The compounds of an Activity as rows for `count`."""
    membership_CF = csr_array(activity.membership_FC().T)
    values_CT = activity.values_CT()
    table = pa.table(
        {
            "fragments": _lists(membership_CF, membership_CF.indices.astype(np.int32)),
            "counts": _lists(membership_CF, membership_CF.data.astype(np.float32)),
            "targets": _lists(values_CT, values_CT.indices.astype(np.int32)),
            "values": _lists(values_CT, values_CT.data),
        }
    )
    return spark.createDataFrame(table, COMPOUNDS)


def _multiply(fragments: int, targets: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The sum of A B over the compounds of a piece, as one row of bytes."""
    counts_FT = csr_array((fragments, targets), dtype=np.float64)
    for chunk in _chunks(batches):
        membership_CF = _sparse(chunk.column("fragments"), chunk.column("counts"), fragments)
        values_CT = _sparse(chunk.column("targets"), chunk.column("values"), targets)
        counts_FT = counts_FT + csr_array(membership_CF.T) @ values_CT
    yield pa.RecordBatch.from_pydict(
        {
            "indptr": [counts_FT.indptr.astype(np.int64).tobytes()],
            "indices": [counts_FT.indices.astype(np.int64).tobytes()],
            "data": [counts_FT.data.tobytes()],
        }
    )


def _chunks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches joined to chunks in which products meet often enough to be worth a multiplication."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= _CHUNK_ROWS:
            yield pa.concat_batches(waiting)
            waiting = []
    if waiting:
        yield pa.concat_batches(waiting)


def _sparse(indices: pa.Array, values: pa.Array, width: int) -> csr_array:
    flat = np.asarray(values.flatten()).astype(np.float64)
    starts = np.asarray(indices.offsets) - indices.offsets[0].as_py()
    return csr_array((flat, np.asarray(indices.flatten()), starts), shape=(len(indices), width))


def _lists(matrix: csr_array, values: np.ndarray[tuple[int], np.dtype[np.generic]]) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(matrix.indptr.astype(np.int32)), pa.array(values))
