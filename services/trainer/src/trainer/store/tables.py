"""The store's tables as delta-rs and Arrow see them: a staged partition is committed, a version is read back. No Spark here.

A partition is written once. Until its commit exists in the table's Delta log no reader sees it; until a publication names
the version nothing of it is public.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema
from deltalake.transaction import AddAction, create_table_with_add_actions

from contracts.store import Store
from contracts.tables import TABLES, Table
from trainer.store.durable import sha256_of
from trainer.store.statistics import statistics

__all__ = ["CONFIGURATION", "Staged", "commit", "committed_files", "files_of", "partitions", "read"]

CONFIGURATION: Final = {"delta.enableExpiredLogCleanup": "false"}
"""Of every Delta table: publications name old versions for as long as they exist, so their log entries stay."""
_PROTOCOL: Final = (1, 2)


@dataclass(frozen=True)
class Staged:
    """A partition that lies in its table's directory, and that no commit names yet."""

    table: Table
    partition: str
    files: tuple[Path, ...]


def commit(store: Store, staged: Staged, *, run: str) -> int:
    """Make a staged partition part of its table, which is created where there is none.

    Returns the table's version that holds it. `run` and the digests of the files are kept in the Delta log.

    Raises:
        ValueError: A required column holds nulls.
    """
    name, root = staged.table.name, store.table(staged.table.name)
    column = str(staged.table.partition)
    adds = [_add_action(file, root, staged) for file in staged.files]
    digests = {file.relative_to(root).as_posix(): sha256_of(file) for file in staged.files}
    properties = CommitProperties(custom_metadata={"run": run, "sha256": json.dumps(digests)})
    schema = Schema.from_arrow(staged.table.schema.append(pa.field(column, pa.string(), nullable=False)))
    keep_logs = PostCommitHookProperties(cleanup_expired_logs=False)
    if DeltaTable.is_deltatable(str(root)):
        known = {field.name for field in DeltaTable(root).schema().fields}
        if later := [field for field in schema.fields if field.name not in known]:
            # Declared after the table was made: null in what was written before.
            DeltaTable(root).alter.add_columns(later, commit_properties=properties, post_commithook_properties=keep_logs)
        DeltaTable(root).create_write_transaction(
            [*adds], "append", schema, partition_by=[column], commit_properties=properties, post_commithook_properties=keep_logs
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
        OSError: A page is not what was written.
    """
    schema = TABLES[name].schema
    files = files_of(store, name, version, partition)
    return pa.concat_tables([_as_declared(_verified(file), schema) for file in files])


def _verified(file: Path) -> pa.Table:
    return pq.read_table(file, partitioning=None, page_checksum_verification=True)


def _as_declared(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows in the declared schema; a column that was declared after they were written is null."""
    for field in schema:
        if field.nullable and field.name not in rows.schema.names:
            rows = rows.append_column(field, pa.nulls(len(rows), field.type))
    return rows.select(schema.names).cast(schema)


def files_of(store: Store, name: str, version: int, partition: str) -> list[Path]:
    """The files of a partition as a version of a table names them, in the order of their rows; raises KeyError."""
    files = [file for value, file in committed_files(store, TABLES[name], version=version) if value == partition]
    if not files:
        raise KeyError(f"{name} holds no partition {partition} in version {version}.")
    return sorted(files)


def _add_action(file: Path, root: Path, staged: Staged) -> AddAction:
    status, stats = file.stat(), statistics(file)
    missing = json.loads(stats)["nullCount"]
    for column in staged.table.schema:
        if not column.nullable and missing.get(column.name):
            raise ValueError(f"{staged.table.name} needs {column.name} in every row; {missing[column.name]} rows lack it.")
    return AddAction(
        path=file.relative_to(root).as_posix(),
        size=status.st_size,
        partition_values={str(staged.table.partition): staged.partition},
        modification_time=int(status.st_mtime * 1000),
        data_change=True,
        stats=stats,
    )
