"""The declared schemas hold what the writer and the readers of the store rely on."""

from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.tables import TABLES, Table


@pytest.fixture(params=TABLES)
def table(request: pytest.FixtureRequest) -> Table:
    return TABLES[request.param]


def test_a_table_is_found_by_its_own_name(table: Table) -> None:
    assert TABLES[table.name] is table


def test_columns_are_named_once_and_rows_sorted_by_columns_there_are(table: Table) -> None:
    assert len(set(table.schema.names)) == len(table.schema.names)
    assert set(table.sort) <= set(table.schema.names)


def test_the_partition_is_no_column_of_the_files(table: Table) -> None:
    """Its value is the name of the directory; a column beside it would say it twice. Publications have none: they name both."""
    assert (table.partition is None) == (table.name == "publications")
    assert table.partition not in table.schema.names


def test_ids_are_one_type_everywhere(table: Table) -> None:
    ids = {"id", "fragment", "compound", "target", "other"} & set(table.schema.names)
    assert {table.schema.field(name).type for name in ids} <= {pa.int32()}


def test_times_are_microseconds_of_utc(table: Table) -> None:
    """Anything else Spark writes is refused by delta-rs."""
    times = {field.type for field in table.schema if pa.types.is_timestamp(field.type)}
    assert times <= {pa.timestamp("us", tz="UTC")}


def test_delta_keeps_the_schema_and_needs_no_newer_protocol(table: Table, tmp_path: Path) -> None:
    """Readers of reader version 1 and writers of writer version 2 are everywhere; nullability is part of the schema."""
    deltalake.write_deltalake(tmp_path, table.schema.empty_table())
    kept = deltalake.DeltaTable(tmp_path)
    protocol = kept.protocol()
    assert (protocol.min_reader_version, protocol.min_writer_version) == (1, 2)
    assert [(field.name, field.nullable) for field in kept.schema().fields] == [
        (field.name, field.nullable) for field in table.schema
    ]


def test_parquet_keeps_the_schema(table: Table, tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    pq.write_table(table.schema.empty_table(), file)
    assert pq.read_schema(file).names == table.schema.names
    assert pq.read_table(file).schema.equals(table.schema)
