"""Alternating least squares by Spark's machine-learning library, for tables that outgrow one machine (`engine: spark-als`).

Pyspark's `ALS` (Zhou et al. 2008, "Large-scale parallel collaborative filtering for the Netflix prize") fits P Q^T to the
counts that cells state, and leaves the others open. Each side's ridge grows with the counts of its row.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.ml.recommendation import ALS
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - as everybody writes it

from trainer.spark.collection import collect, collect_vectors
from trainer.spark.counting import stated

__all__ = ["AlternatingFit", "fit_als"]

Floats = npt.NDArray[np.float64]

ITERATIONS: Final = 20
REGULARISATION: Final = 1e-3
"""Of counts with a root mean square between 1 and 2."""
_BLOCK_CELLS: Final = 500_000
_BLOCKS: Final = 256
"""Pieces of either side, by the counts alone: other pieces would begin at another random start."""


@dataclass(frozen=True, eq=False)
class AlternatingFit:
    """What a fit found, and how."""

    P_FK: Floats
    """A row of zeros for a fragment of which nothing is stated."""
    Q_TK: Floats
    cells: int
    """Counts that were fitted."""
    mean_squared_error: float
    """Over them."""
    iterations: int = ITERATIONS
    regularisation: float = REGULARISATION


def fit_als(compounds: DataFrame, *, fragments: int, targets: int, rank: int, seed: int) -> AlternatingFit:
    """A product of `rank` columns a side, P Q^T, near the stated counts of `compounds` (`trainer.spark.counting.COMPOUNDS`).

    `seed` chooses the random start: another one gives a product that is nearly as good, in another gauge.
    """
    cells = stated(compounds, fragments=fragments, targets=targets).persist()
    try:
        number, square = _size(cells)
        if not square:
            return AlternatingFit(np.zeros((fragments, rank)), np.zeros((targets, rank)), number, 0.0)
        scale = 2.0 ** math.floor(math.log2(math.sqrt(square / number)))
        blocks = min(1 + number // _BLOCK_CELLS, _BLOCKS)
        model = ALS(
            rank=rank,
            maxIter=ITERATIONS,
            regParam=REGULARISATION,
            userCol="fragment",
            itemCol="target",
            ratingCol="count",
            seed=seed,
            numUserBlocks=blocks,
            numItemBlocks=blocks,
        ).fit(cells.withColumn("count", F.col("count") / scale))
        P_FK = collect_vectors(model.userFactors, fragments, rank) * scale
        Q_TK = collect_vectors(model.itemFactors, targets, rank)
        squares = collect(cells.mapInArrow(partial(_squares, P_FK, Q_TK), "square double"))
        return AlternatingFit(P_FK, Q_TK, number, math.fsum(squares["square"].to_pylist()) / number)
    finally:
        cells.unpersist()


def _size(cells: DataFrame) -> tuple[int, float]:
    """How many counts there are, and the sum of their squares."""
    row = collect(cells.agg(F.count("count").alias("number"), F.sum(F.col("count") ** 2).alias("square"))).to_pylist()[0]
    return row["number"], row["square"] or 0.0


def _squares(P_FK: Floats, Q_TK: Floats, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The sum of squared errors of each batch of counts."""
    for batch in batches:
        fragments_N, targets_N, counts_N = (column.to_numpy() for column in batch.columns)
        errors_N = counts_N - (P_FK[fragments_N] * Q_TK[targets_N]).sum(axis=1)
        yield pa.RecordBatch.from_pydict({"square": [float((errors_N**2).sum())]})
