"""Replacements as stages of Spark: molecules are cut, and those of equal surroundings paired where both were measured.

    compounds -> members (surroundings, fragment, compound) -> with values -> pairs of one surroundings and target -> capped

What is quadratic happens inside tasks, among at most `MOST_MEMBERS` compounds, and is capped by pair of fragments before
anything reaches the driver.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as sf
from pyspark.sql.pandas.types import from_arrow_schema

from chemistry.descriptors import described
from contracts.descriptors import BIT_KINDS, BITS, DESCRIPTORS
from contracts.evidence import SHOWN_SUPPORT
from replacement.features import Descriptions
from trainer.data.activity import Activity
from trainer.replacements.members import MEMBERS, digest, members
from trainer.replacements.pairing import EVENTS, paired
from trainer.spark.collection import collect
from trainer.spark.pieces import pieces

__all__ = ["MOST_MEASUREMENTS", "Measured", "descriptions", "replacements"]

MOST_MEASUREMENTS: Final = 200
"""Pairs of compounds that are kept of a pair of fragments, chosen by a hash: a hundred more would tell nothing new."""
_LINKER_ENDS: Final = 2
_PIECE_COMPOUNDS: Final = 500
"""Whose cuts take a core some seconds."""
_PIECE_ROWS: Final = 200_000
_PIECE_GROUPS: Final = 2_000
_DESCRIBED: Final = "place int, numbers binary, bits binary"


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
    stated = stated.filter(pc.is_valid(stated["smiles"]))
    number = pieces(spark, 1 + len(stated) // _PIECE_COMPOUNDS)
    compounds = spark.createDataFrame(stated).repartition(number, "compound")
    found = compounds.mapInArrow(members, from_arrow_schema(MEMBERS)).persist()
    try:
        return _measured(spark, activity, stated, found)
    finally:
        found.unpersist()


def _measured(spark: SparkSession, activity: Activity, stated: pa.Table, found: DataFrame) -> Measured:
    wholes = pa.table(
        {
            "whole": pa.array([digest(smiles) for smiles in stated["smiles"].to_pylist()], pa.int64()),
            "compound": stated["compound"],
        }
    )
    columns = ["context", "fragment", "compound", "turned"]
    hydrogens = found.filter("whole is not null").select("context", "fragment", "whole", "turned").distinct()
    hydrogens = hydrogens.join(spark.createDataFrame(wholes), "whole").select(*columns)
    every = found.filter("whole is null").select(*columns).unionByName(hydrogens)
    support = collect(every.groupBy("fragment").agg(sf.count_distinct("compound").cast("int").alias("compounds")))
    every = every.join(sf.broadcast(spark.createDataFrame(_replaced(activity, support))), "fragment", "left_semi")
    cells = spark.createDataFrame(activity.cells.select(["compound", "target", "value"]))
    rows = every.join(cells, "compound").select("context", "target", "fragment", "compound", "turned", "value")
    number = pieces(spark, 1 + 20 * len(activity.cells) // _PIECE_ROWS)
    ordered = rows.repartition(number, "context", "target").sortWithinPartitions("context", "target", "compound", "fragment")
    pair = ["first", "second"]
    compounds = ["first_compound", "second_compound"]
    events = ordered.mapInArrow(paired, from_arrow_schema(EVENTS)).dropDuplicates([*pair, *compounds, "target"])
    rank = sf.dense_rank().over(Window.partitionBy(*pair).orderBy(sf.xxhash64(*compounds)))
    capped = events.withColumn("place", rank).filter(sf.col("place") <= MOST_MEASUREMENTS).drop("place")
    return Measured(collect(capped.select(*EVENTS.names)), support)


def _replaced(activity: Activity, support: pa.Table) -> pa.Table:
    """The names of what is replaced: all but linkers in fewer compounds than are shown, of which there are very many."""
    is_rare = pc.and_(
        pc.equal(pc.count_substring(support["fragment"], "*"), _LINKER_ENDS), pc.less(support["compounds"], SHOWN_SUPPORT)
    )
    is_known = pc.is_in(support["fragment"], value_set=activity.fragments["smiles"])
    return support.filter(pc.or_(is_known, pc.invert(is_rare))).select(["fragment"])


def descriptions(spark: SparkSession, names: Sequence[str]) -> Descriptions:
    """Of fragments, in the order of their names; raises what `chemistry.descriptors.described` raises."""
    if not names:
        words = np.zeros((0, len(BIT_KINDS), BITS // 64), dtype=np.uint64)
        return Descriptions(np.zeros((0, len(DESCRIPTORS)), dtype=np.float32), words)
    rows = spark.createDataFrame(pa.table({"place": np.arange(len(names), dtype=np.int32), "name": list(names)}))
    number = pieces(spark, 1 + len(names) // _PIECE_GROUPS)
    found = collect(rows.repartition(number, "place").mapInArrow(_described, _DESCRIBED)).sort_by("place")
    numbers, bits = (b"".join(found[column].to_pylist()) for column in ("numbers", "bits"))
    return Descriptions(
        np.frombuffer(numbers, np.float32).reshape(len(names), len(DESCRIPTORS)),
        np.frombuffer(bits, np.uint64).reshape(len(names), len(BIT_KINDS), BITS // 64),
    )


def _described(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        found = [described(name) for name in batch["name"].to_pylist()]
        numbers, bits = [each.numbers_D.tobytes() for each in found], [each.bits_KW.tobytes() for each in found]
        columns = [batch["place"], pa.array(numbers, pa.binary()), pa.array(bits, pa.binary())]
        yield pa.RecordBatch.from_arrays(columns, names=["place", "numbers", "bits"])
