"""Prepares fast starts of Spark, once for an installation: `python -m trainer.spark.prepare`.

A rehearsal does what every training does with Spark and lists the classes it needs; of these the JVM makes an archive that
it maps at later starts instead of parsing and verifying jars. About 180 MB, half a minute; without it all works, slower.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pyarrow as pa

from contracts.store import Store
from trainer.data import seed_table
from trainer.spark import staging
from trainer.spark.collection import collect
from trainer.spark.java import find_java
from trainer.spark.jvm import Jvm
from trainer.spark.session import Session
from trainer.store import tables

__all__ = ["prepare"]

_ROWS: Final = 1000


def prepare(*, java_home: Path | None = None) -> Path:
    """Make the archive for this Java and this Spark where it is not there yet, and return it.

    Raises:
        NoJava: There is no Java to run Spark with.
        CalledProcessError: Java could not write the archive.
    """
    with tempfile.TemporaryDirectory(prefix="ntdemo-prepare-") as scratch:
        cache = Path(scratch)
        jvm = Jvm(find_java(java_home), cache, memory_mib=1024, quick=True)
        if not jvm.archive.exists():
            record = cache / "classes.txt"
            with Session(cache, master="local[2]", java_home=java_home, record=record) as session:
                _rehearse(session, Store(cache / "store"))
            jvm.make_archive(record)
        return jvm.archive


def _rehearse(session: Session, store: Store) -> None:
    """What a training asks of Spark: workers, shuffles, sorts, Parquet."""
    spark = session.spark()

    def same(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        yield from batches

    rows = spark.range(_ROWS).selectExpr("id", "array(id) as nested", "cast(id as string) as text")
    collect(rows.repartition(2, "text").sortWithinPartitions("id").mapInArrow(same, rows.schema).cache())
    activity = seed_table.built_in()
    for staged in staging.stage_all(spark, store, activity.tables, {"data": activity.digest}):
        version = tables.commit(store, staged, run="rehearsal")
        staging.read_spark(spark, store, staged.table.name, version, activity.digest).count()


if __name__ == "__main__":
    print(prepare())  # noqa: T201 - what this program says
