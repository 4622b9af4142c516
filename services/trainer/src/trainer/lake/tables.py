"""The store's tables: Spark stages a partition as Parquet, delta-rs commits it, Arrow or Spark read a version back.

A partition is written once. Until its commit exists in the table's Delta log no reader sees it; until a publication names
the version nothing of it is public.
"""

import re
import secrets
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema
from deltalake.transaction import AddAction, create_table_with_add_actions
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from contracts.store import Store
from contracts.tables import TABLES, Table
from trainer.lake.statistics import statistics

__all__ = ["CONFIGURATION", "Staged", "commit", "committed_files", "partitions", "read", "read_spark", "stage", "stage_all"]

CONFIGURATION: Final = {"delta.enableExpiredLogCleanup": "false"}
"""Of every Delta table: publications name old versions for as long as they exist, so their log entries stay."""
_FILE_BYTES: Final = 128 * 2**20
_WRITERS: Final = 4
_PARTITION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_PROTOCOL: Final = (1, 2)


@dataclass(frozen=True)
class Staged:
    """A partition that lies in its table's directory, and that no commit names yet."""

    table: Table
    partition: str
    files: tuple[Path, ...]


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
    directory = place / secrets.token_hex(4)  # the JVM of a killed trainer may still write to the place it was given
    frame = _sorted_frame(table, rows) if isinstance(rows, DataFrame) else _frame(spark, table, rows)
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


def commit(store: Store, staged: Staged, *, run: str) -> int:
    """Make a staged partition part of its table, which is created where there is none.

    Returns the table's version that holds it. `run` is kept in the Delta log.
    """
    name, root = staged.table.name, store.table(staged.table.name)
    column = str(staged.table.partition)
    adds = [_add_action(file, root, {column: staged.partition}) for file in staged.files]
    properties = CommitProperties(custom_metadata={"run": run})
    schema = Schema.from_arrow(staged.table.schema.append(pa.field(column, pa.string(), nullable=False)))
    if DeltaTable.is_deltatable(str(root)):
        DeltaTable(root).create_write_transaction(
            [*adds],
            "append",
            schema,
            partition_by=[column],
            commit_properties=properties,
            post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
        )
    else:
        create_table_with_add_actions(
            str(root),
            schema,
            adds,
            partition_by=[column],
            name=name,
            configuration=CONFIGURATION,
            commit_properties=properties,
        )
    delta = DeltaTable(root)
    protocol = delta.protocol()
    if (protocol.min_reader_version, protocol.min_writer_version) != _PROTOCOL:
        raise RuntimeError(f"{name} was written with {protocol}; readers of the store know Delta {_PROTOCOL}.")
    return delta.version()


def partitions(store: Store, name: str, *, version: int | None = None) -> dict[str, int]:
    """Partitions that a version of a table holds, by default the newest, with that version; none where there is no table."""
    root = store.table(name)
    if not DeltaTable.is_deltatable(str(root)):
        return {}
    delta = DeltaTable(root, version=version)
    return {partition[str(TABLES[name].partition)]: delta.version() for partition in delta.partitions()}


def committed_files(store: Store, table: Table, *, version: int | None = None) -> list[tuple[str | None, Path]]:
    """The files that a version of a table names, by default the newest, each with its partition; none where there is no table.

    They lie under the table's root as the store spells it. delta-rs would give URIs instead, encoded and with links followed.
    """
    root = store.table(table.name)
    if not DeltaTable.is_deltatable(str(root)):
        return []
    actions = pa.table(DeltaTable(root, version=version).get_add_actions(flatten=True))
    files = [root / unquote(path) for path in actions["path"].to_pylist()]
    if table.partition is None:
        return [(None, file) for file in files]
    return list(zip(actions[f"partition.{table.partition}"].to_pylist(), files, strict=True))


def read(store: Store, name: str, version: int, partition: str) -> pa.Table:
    """The rows of a partition as a version of the table holds them, in the declared schema and order.

    Raises:
        KeyError: That version holds no such partition.
    """
    schema = TABLES[name].schema
    files = _files(store, TABLES[name], version, partition)
    return pa.concat_tables([pq.read_table(file, partitioning=None).cast(schema) for file in files])


def read_spark(spark: SparkSession, store: Store, name: str, version: int, partition: str) -> DataFrame:
    """The same rows as a DataFrame. Spark reads the files of that version, never the table's root; raises KeyError too."""
    files = _files(store, TABLES[name], version, partition)
    return spark.read.schema(from_arrow_schema(TABLES[name].schema)).parquet(*(f"file://{file}" for file in files))


def _files(store: Store, table: Table, version: int, partition: str) -> list[Path]:
    """Files in the order of their rows."""
    files = [file for value, file in committed_files(store, table, version=version) if value == partition]
    if not files:
        raise KeyError(f"{table.name} holds no partition {partition} in version {version}.")
    return sorted(files)


def _frame(spark: SparkSession, table: Table, rows: pa.Table) -> DataFrame:
    """A DataFrame of an Arrow table, sorted here, where that costs nothing, in as few pieces as files are to be written."""
    if rows.schema != table.schema:
        raise TypeError(f"{table.name} is declared as {table.schema}, not as {rows.schema}.")
    ordered = rows.sort_by([(column, "ascending") for column in table.sort]) if table.sort else rows
    frame = spark.createDataFrame(ordered, from_arrow_schema(table.schema))
    return frame.coalesce(1 + rows.nbytes // _FILE_BYTES)


def _sorted_frame(table: Table, frame: DataFrame) -> DataFrame:
    """The declared columns of a DataFrame, globally sorted; adaptive execution makes the pieces."""
    declared = from_arrow_schema(table.schema)
    if frame.schema.simpleString() != declared.simpleString():
        raise TypeError(f"{table.name} is declared as {declared.simpleString()}, not as {frame.schema.simpleString()}.")
    exact = frame.to(declared)
    return exact.sort(*table.sort) if table.sort else exact


def _add_action(file: Path, root: Path, partition: dict[str, str | None]) -> AddAction:
    status = file.stat()
    return AddAction(
        path=file.relative_to(root).as_posix(),
        size=status.st_size,
        partition_values=partition,
        modification_time=int(status.st_mtime * 1000),
        data_change=True,
        stats=statistics(file),
    )
