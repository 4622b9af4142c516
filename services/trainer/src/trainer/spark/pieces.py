"""How many pieces a shuffle is made in where that is stated: stated ones Spark takes as they are, however little they hold."""

from typing import Final

from pyspark.sql import SparkSession

__all__ = ["pieces"]

_MOST: Final = "spark.sql.shuffle.partitions"


def pieces(spark: SparkSession, wanted: int) -> int:
    """As many as are `wanted`, at least one and at most as many as Spark makes of a shuffle by itself."""
    return max(1, min(wanted, int(str(spark.conf.get(_MOST)))))
