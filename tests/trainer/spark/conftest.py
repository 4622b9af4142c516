"""What tests of the lake change of Spark, they put back."""

from collections.abc import Callable, Iterator

import pytest
from pyspark.sql import SparkSession

_PIECES = "spark.sql.shuffle.partitions"


@pytest.fixture
def most_pieces(spark: SparkSession) -> Iterator[Callable[[int], None]]:
    """Sets into how many pieces Spark divides a shuffle, for one test; 200 is what a cluster does unless it is told."""
    before = str(spark.conf.get(_PIECES))
    yield lambda number: spark.conf.set(_PIECES, number)
    spark.conf.set(_PIECES, before)
