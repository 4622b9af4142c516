"""Replacements as stages of Spark: every molecule is cut, and those with equal surroundings are paired where both were measured.

    compounds -> members (surroundings, fragment, compound) -> with values -> pairs of one surroundings and target -> capped

What is quadratic happens inside tasks, among at most `MOST_MEMBERS` compounds, and is capped by pair of fragments before
anything reaches the driver.
"""

from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as sf
from pyspark.sql.pandas.types import from_arrow_schema

from trainer.data.activity import Activity
from trainer.replacements.members import MEMBERS, digest, members
from trainer.replacements.pairing import EVENTS, paired
from trainer.spark.collection import collect
from trainer.spark.pieces import pieces

__all__ = ["MOST_MEASUREMENTS", "Measured", "replacements"]

MOST_MEASUREMENTS: Final = 200
"""Pairs of compounds that are kept of a pair of fragments, chosen by a hash: a hundred more would tell nothing new."""
_PIECE_COMPOUNDS: Final = 500
"""Whose cuts take a core some seconds."""
_PIECE_ROWS: Final = 200_000


@dataclass(frozen=True, eq=False)
class Measured:
    """What was found."""

    events: pa.Table
    """`trainer.replacements.pairing.EVENTS`, each once."""
    support: pa.Table
    """`fragment` and `compounds`: in how many compounds each fragment of the cuts is."""


def replacements(spark: SparkSession, activity: Activity) -> Measured:
    """The replacements that the compounds of `activity` were measured with; of those with a structure."""
    stated = activity.compounds.select(["id", "smiles"]).rename_columns(["compound", "smiles"])
    stated = stated.filter(pa.compute.is_valid(stated["smiles"]))
    number = pieces(spark, 1 + len(stated) // _PIECE_COMPOUNDS)
    compounds = spark.createDataFrame(stated).repartition(number, "compound")
    found = compounds.mapInArrow(members, from_arrow_schema(MEMBERS)).persist()
    try:
        return _measured(spark, activity, stated, found)
    finally:
        found.unpersist()


def _measured(spark: SparkSession, activity: Activity, stated: pa.Table, found: DataFrame) -> Measured:
    wholes = pa.table(
        {"whole": pa.array([digest(smiles) for smiles in stated["smiles"].to_pylist()], pa.int64()), "compound": stated["compound"]}
    )
    columns = ["context", "fragment", "compound"]
    hydrogens = found.filter("whole is not null").select("context", "fragment", "whole").distinct()
    hydrogens = hydrogens.join(spark.createDataFrame(wholes), "whole").select(*columns)
    every = found.filter("whole is null").select(*columns).unionByName(hydrogens)
    cells = spark.createDataFrame(activity.cells.select(["compound", "target", "value"]))
    rows = every.join(cells, "compound").select("context", "target", "fragment", "compound", "value")
    number = pieces(spark, 1 + 20 * len(activity.cells) // _PIECE_ROWS)
    ordered = rows.repartition(number, "context", "target").sortWithinPartitions("context", "target", "compound", "fragment")
    pair = ["first", "second"]
    compounds = ["first_compound", "second_compound"]
    events = ordered.mapInArrow(paired, from_arrow_schema(EVENTS)).dropDuplicates([*pair, *compounds, "target"])
    rank = sf.dense_rank().over(Window.partitionBy(*pair).orderBy(sf.xxhash64(*compounds)))
    capped = events.withColumn("place", rank).filter(sf.col("place") <= MOST_MEASUREMENTS).drop("place")
    support = every.groupBy("fragment").agg(sf.count_distinct("compound").cast("int").alias("compounds"))
    return Measured(collect(capped.select(*EVENTS.names)), collect(support))
