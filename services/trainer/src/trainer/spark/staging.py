"""Staging: Spark writes partitions of the store's tables as Parquet, and reads published ones back."""

import re
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from contracts.store import Store
from contracts.tables import TABLES, Table
from trainer.store.tables import Staged, files_of, partitions

__all__ = ["read_spark", "stage", "stage_all"]

_LARGE_BYTES: Final = 128 * 2**20
_WRITERS: Final = 4
_PARTITION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def stage(spark: SparkSession, store: Store, name: str, partition: str, rows: pa.Table | DataFrame) -> Staged:
    """Let Spark write `rows`, sorted as the table declares, where the table keeps that partition.

    What an earlier attempt left there uncommitted is replaced.

    Raises:
        ValueError: The partition is committed already, or its name is none for a directory.
        TypeError: The rows have other columns than the table declares.
    """
    table = TABLES[name]
    if table.partition is None or not _PARTITION.fullmatch(partition):
        raise ValueError(f"{partition!r} is no partition of {name}.")
    if partition in partitions(store, name):
        raise ValueError(f"{name} holds the partition {partition} already.")
    place = store.table(name) / f"{table.partition}={partition}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    directory = place / secrets.token_hex(4)  # the JVM of a killed trainer may still write to the place it was given
    with tempfile.TemporaryDirectory(prefix=".", dir=place) as scratch:
        frame = _sorted_frame(table, rows) if isinstance(rows, DataFrame) else _frame(spark, table, rows, Path(scratch))
        frame.write.parquet(f"file://{directory}")
    return Staged(table, partition, tuple(sorted(directory.glob("*.parquet"))))


def stage_all(
    spark: SparkSession, store: Store, rows: Mapping[str, pa.Table | DataFrame], partition: Mapping[str, str]
) -> list[Staged]:
    """Stage several tables at the same time, each in its partition: `partition` maps `data` and `run` to their values.

    Raises what `stage` raises for the first of them that fails, when all have ended.
    """
    with ThreadPoolExecutor(_WRITERS, thread_name_prefix="stage") as pool:
        tasks = [
            pool.submit(stage, spark, store, name, partition[str(TABLES[name].partition)], table)
            for name, table in rows.items()
        ]
    return [task.result() for task in tasks]


def read_spark(spark: SparkSession, store: Store, name: str, version: int, partition: str) -> DataFrame:
    """The rows of a partition as a DataFrame, from the files of that version, never from the table's root; raises KeyError."""
    files = files_of(store, name, version, partition)
    return spark.read.schema(from_arrow_schema(TABLES[name].schema)).parquet(*(f"file://{file}" for file in files))


def _frame(spark: SparkSession, table: Table, rows: pa.Table, scratch: Path) -> DataFrame:
    """A sorted DataFrame of an Arrow table, in as few pieces as files are to be written.

    A small table is sorted here, where that costs nothing, and handed over; the JVM would have to hold a large one whole.
    """
    if rows.schema != table.schema:
        raise TypeError(f"{table.name} is declared as {table.schema}, not as {rows.schema}.")
    declared = from_arrow_schema(table.schema)
    if rows.nbytes > _LARGE_BYTES:
        pq.write_table(rows, scratch / "rows.parquet", compression="lz4")
        return _sorted_frame(table, spark.read.schema(declared).parquet(f"file://{scratch / 'rows.parquet'}"))
    ordered = rows.sort_by([(column, "ascending") for column in table.sort]) if table.sort else rows
    return spark.createDataFrame(ordered, declared).coalesce(1)


def _sorted_frame(table: Table, frame: DataFrame) -> DataFrame:
    """The declared columns of a DataFrame, globally sorted; adaptive execution makes the pieces."""
    declared = from_arrow_schema(table.schema)
    if frame.schema.simpleString() != declared.simpleString():  # Spark forgets what is required; the commit looks for nulls
        raise TypeError(f"{table.name} is declared as {declared.simpleString()}, not as {frame.schema.simpleString()}.")
    exact = frame.select(*declared.names)
    return exact.sort(*table.sort) if table.sort else exact
