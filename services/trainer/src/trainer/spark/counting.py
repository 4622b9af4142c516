"""Counting: the fragment x target sums A B of compounds that are rows of a DataFrame, for data beyond one machine's memory.

A row holds one compound: the ids of its fragments with their counts, and the ids of its targets with their values. Each
worker multiplies the sparse matrices of its rows; a join and group-by of cells would make a row of every product.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial, reduce
from operator import add, itemgetter
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import DataFrame, SparkSession
from scipy.sparse import csr_array, vstack

from trainer.data.activity import Activity
from trainer.spark.collection import collect
from trainer.spark.pieces import pieces

__all__ = ["COMPOUNDS", "STATED", "compounds_of", "count", "stated"]

_Kind = type[np.float64] | type[np.complex128]

COMPOUNDS: Final = "fragments array<int>, counts array<float>, targets array<int>, values array<double>"
"""Columns of the rows, as Spark writes types."""
STATED: Final = "fragment int, target int, count double"
"""Columns of stated counts."""
_CHUNK_MEMBERSHIPS: Final = 10_000_000
_BLOCK_FRAGMENTS: Final = 256
_KINDS: Final = {"indptr": np.int64, "indices": np.int32}
_PARTS: Final = "block int, piece int, indptr binary, indices binary, data binary"


def count(compounds: DataFrame, *, fragments: int, targets: int) -> csr_array:
    """A B, float64, shape (fragments, targets); `compounds` has the columns `COMPOUNDS`.

    Pieces are multiplied where they are, and summed in their order by blocks of fragments: the same pieces give the same bits.
    """
    blocks = collect(_blocks(compounds, fragments, targets, np.float64)).sort_by("block")
    whole = [_matrix(row, targets, np.float64) for row in blocks.to_pylist()]
    return csr_array(vstack(whole, format="csr")) if whole else csr_array((fragments, targets), dtype=np.float64)


def stated(compounds: DataFrame, *, fragments: int, targets: int) -> DataFrame:
    """A B as rows `STATED`, which stay where they are: one for each fragment and target of which a cell is stated.

    Counts of 0 are among them where cells state it, or where what they state adds up to it.
    """
    return _blocks(compounds, fragments, targets, np.complex128).mapInArrow(partial(_rows, targets), STATED)


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


def _blocks(compounds: DataFrame, fragments: int, targets: int, kind: _Kind) -> DataFrame:
    """A B as rows `_PARTS`, a block of fragments each."""
    columns = compounds.select("fragments", "counts", "targets", "values")
    parts = columns.mapInArrow(partial(_multiply, fragments, targets, kind), _PARTS)
    number = pieces(compounds.sparkSession, -(-fragments // _BLOCK_FRAGMENTS))
    return parts.repartitionById(number, "block").mapInArrow(partial(_sum, targets, kind), _PARTS)


def _multiply(fragments: int, targets: int, kind: _Kind, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The sum of A B over the compounds of a piece, in blocks of fragments.

    As complex numbers, a value v is v + i: a sum is then 0 only where nothing is stated, and SciPy keeps every other one.
    """
    counts_FT = csr_array((fragments, targets), dtype=np.float64).astype(kind)
    for chunk in _chunks(batches):
        membership_CF = _sparse(chunk.column("fragments"), chunk.column("counts"), fragments)
        values_CT = _sparse(chunk.column("targets"), chunk.column("values"), targets)
        if kind is np.complex128:
            values_CT = csr_array((values_CT.data + 1j, values_CT.indices, values_CT.indptr), shape=values_CT.shape)
        counts_FT = counts_FT + csr_array(membership_CF.T) @ values_CT
    context = TaskContext.get()
    piece = context.partitionId() if context else 0
    for block, first in enumerate(range(0, fragments, _BLOCK_FRAGMENTS)):
        yield _part(block, piece, counts_FT[first : first + _BLOCK_FRAGMENTS])


def _sum(targets: int, kind: _Kind, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The sums of the parts of each block, in the order of their pieces."""
    parts: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for batch in batches:
        for row in batch.to_pylist():
            parts[row["block"]].append(row)
    for block, rows in parts.items():
        rows.sort(key=itemgetter("piece"))
        yield _part(block, 0, reduce(add, (_matrix(row, targets, kind) for row in rows)))


def _rows(targets: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The real parts of blocks of complex counts, a row a number."""
    for batch in batches:
        for row in batch.to_pylist():
            block = _matrix(row, targets, np.complex128).tocoo()
            first = row["block"] * _BLOCK_FRAGMENTS
            columns = {"fragment": (first + block.row).astype(np.int32), "target": block.col.astype(np.int32)}
            yield pa.RecordBatch.from_pydict({**columns, "count": block.data.real})


def _part(block: int, piece: int, matrix: csr_array) -> pa.RecordBatch:
    """A sparse matrix as a row of bytes."""
    arrays = {name: [getattr(matrix, name).astype(kind).tobytes()] for name, kind in _KINDS.items()}
    places = {"block": pa.array([block], pa.int32()), "piece": pa.array([piece], pa.int32())}
    return pa.RecordBatch.from_pydict({**places, **arrays, "data": [matrix.data.tobytes()]})


def _matrix(row: Mapping[str, Any], targets: int, kind: _Kind) -> csr_array:
    indptr, indices = (np.frombuffer(row[name], each) for name, each in _KINDS.items())
    return csr_array((np.frombuffer(row["data"], kind), indices, indptr), shape=(len(indptr) - 1, targets))


def _chunks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches joined to chunks in which products meet often enough to be worth a multiplication."""
    waiting: list[pa.RecordBatch] = []
    memberships = 0
    for batch in batches:
        waiting.append(batch)
        memberships += len(batch.column("fragments").flatten())
        if memberships >= _CHUNK_MEMBERSHIPS:
            yield pa.concat_batches(waiting)
            waiting, memberships = [], 0
    if waiting:
        yield pa.concat_batches(waiting)


def _sparse(indices: pa.Array, values: pa.Array, width: int) -> csr_array:
    flat = np.asarray(values.flatten()).astype(np.float64)
    starts = np.asarray(indices.offsets) - indices.offsets[0].as_py()
    return csr_array((flat, np.asarray(indices.flatten()), starts), shape=(len(indices), width))


def _lists(matrix: csr_array, values: np.ndarray[tuple[int], np.dtype[np.generic]]) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(matrix.indptr.astype(np.int32)), pa.array(values))
