"""The nearest rows of every row by cosine as a stage of Spark: what `trainer.factorization.nearest` finds, for a cluster.

Each task compares a block of rows with panels of candidates by a float64 product, and keeps the best so far of each row by
whole millionths of the cosine and then by id: the order of `trainer.factorization`, so that both find the same.
"""

import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import SparkSession

from trainer.similarity.cosines import TICKS
from trainer.spark.collection import collect

__all__ = ["nearest"]

Floats = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

_BLOCK: Final = 1024
"""Rows and columns of a tile: 8 MiB of cosines, which stay near the processor."""
_PIECES: Final = 4096
_ROWS: Final = "rows.npy"
_CANDIDATES: Final = "candidates.npy"
_FOUND: Final = "block long, others binary"
_IDS: Final = 2**32
"""More than there can be ids."""
_NOWHERE: Final = -(2**62)


def nearest(
    spark: SparkSession, shared: Path, unit_FK: Floats, shown_F: npt.NDArray[np.bool_], *, limit: int, block: int = _BLOCK
) -> Ids:
    """Ids of the up to `limit` shown rows nearest to each row, itself excluded: F x `limit`, filled up with -1.

    Rows of `unit_FK` have length 1 or 0. Nearer comes first; the lower id where cosines are the same in millionths. `shared` is
    a directory that the executors see under the same path: they map the rows from a file in it.
    """
    F = len(unit_FK)
    found_FL = np.full((F, limit), -1, dtype=np.int64)
    if not F or not shown_F.any():
        return found_FL
    shared.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="nearest-", dir=shared) as directory:
        np.save(Path(directory, _ROWS), unit_FK)
        np.save(Path(directory, _CANDIDATES), np.flatnonzero(shown_F))
        blocks = -(-F // block)
        numbers = spark.range(0, blocks, 1, min(blocks, _PIECES))
        for row in collect(numbers.mapInArrow(partial(_search, directory, limit, block), _FOUND)).to_pylist():
            others_N = np.frombuffer(row["others"], dtype=np.int32)
            found_FL[row["block"] * block : (row["block"] + 1) * block] = others_N.reshape(-1, limit)
    return found_FL


def _search(directory: str, limit: int, block: int, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The nearest of the rows of each numbered block, for `mapInArrow`."""
    unit_FK = np.load(Path(directory, _ROWS), mmap_mode="r")
    candidates_C = np.load(Path(directory, _CANDIDATES))
    for batch in batches:
        for number in batch.column(0).to_pylist():
            ids_N = np.arange(number * block, min((number + 1) * block, len(unit_FK)))
            others_NL = _nearest(unit_FK, ids_N, candidates_C, limit, block)
            yield pa.RecordBatch.from_pydict({"block": [number], "others": [others_NL.astype(np.int32).tobytes()]})


def _nearest(unit_FK: Floats, ids_N: Ids, candidates_C: Ids, limit: int, panel: int) -> Ids:
    """The nearest candidates of some rows, N x `limit`.

    Candidates come in order of id, so that a later one is kept only where it is nearer by a millionth.
    """
    best = _Best(ids_N, limit)
    rows_NK = unit_FK[ids_N]
    for first in range(0, len(candidates_C), panel):
        others_M = candidates_C[first : first + panel]
        best.look(rows_NK @ unit_FK[others_M].T, others_M)
    return best.ranked()


class _Best:
    """The nearest candidates that some rows have seen so far, as keys that order by cosine and then by id."""

    def __init__(self, ids_N: Ids, limit: int) -> None:
        self._ids_N = ids_N
        self._limit = limit
        self._keys_NL = np.full((len(ids_N), limit), _NOWHERE)
        self._waiting: list[tuple[Ids, Ids]] = []
        self._waited = 0

    def look(self, cosines_NM: Floats, others_M: Ids) -> None:
        """Take from a tile what is nearer than the farthest that is kept."""
        least_N = self._keys_NL.min(axis=1) // _IDS  # in millionths
        rows_H, columns_H = np.nonzero(cosines_NM > ((least_N + 0.25) / TICKS)[:, None])  # half a millionth would be enough
        ticks_H = np.rint(cosines_NM[rows_H, columns_H] * TICKS).clip(-TICKS, TICKS).astype(np.int64)
        others_H = others_M[columns_H]
        fresh_H = others_H != self._ids_N[rows_H]
        self._waiting.append((rows_H[fresh_H], (ticks_H * _IDS + (_IDS - 1 - others_H))[fresh_H]))
        self._waited += len(rows_H)
        if self._waited > self._keys_NL.size:
            self._merge()

    def ranked(self) -> Ids:
        """Their ids, nearest first, -1 where there are fewer than the limit."""
        self._merge()
        keys_NL = -np.sort(-self._keys_NL, axis=1)
        return np.where(keys_NL > _NOWHERE, _IDS - 1 - keys_NL % _IDS, -1)

    def _merge(self) -> None:
        """Bring what waits to what is kept."""
        if not self._waiting:
            return
        rows_H, keys_H = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
        order_H = np.argsort(rows_H, kind="stable")
        rows_H, keys_H = rows_H[order_H], keys_H[order_H]
        counts_N = np.bincount(rows_H, minlength=len(self._ids_N))
        places_H = self._limit + np.arange(len(rows_H)) - (np.cumsum(counts_N) - counts_N)[rows_H]
        keys_NW: npt.NDArray[Any] = np.full((len(self._ids_N), self._limit + int(counts_N.max(initial=0))), _NOWHERE)
        keys_NW[:, : self._limit] = self._keys_NL
        keys_NW[rows_H, places_H] = keys_H
        self._keys_NL = np.partition(keys_NW, -self._limit, axis=1)[:, -self._limit :]
        self._waiting, self._waited = [], 0
