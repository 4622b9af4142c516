"""tables: what Spark stages is what Arrow and Spark read back, and nobody sees it before the commit."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession
from tests.support.arrow_store import commit_flipped

from contracts.store import Store
from contracts.tables import TABLES
from trainer.data import seed_table
from trainer.spark import staging
from trainer.spark.collection import collect
from trainer.store import tables

pytestmark = pytest.mark.spark


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.under(tmp_path)


def a_run(seconds: float = 0.5) -> pa.Table:
    at = datetime(2026, 11, 23, 22, 30, 0, 123456, tzinfo=UTC)
    text = {name: [name] for name in ("kind", "data", "source", "activity_kind", "objective", "spec", "ingest", "metrics")}
    text |= {name: [name] for name in ("code_version", "device")}
    rest = {"started": [at], "finished": [at], "seconds": [seconds], "curve": [[{"step": 1, "loss": 0.25}]]}
    rest |= {"plan": [None], "change_unit": [None]}
    return pa.table({**text, **rest}, schema=TABLES["runs"].schema)


def test_every_fact_of_an_activity_comes_back_as_it_went_in(spark: SparkSession, store: Store) -> None:
    activity = seed_table.built_in()
    staged = staging.stage_all(spark, store, activity.tables, {"data": activity.digest})
    versions = {one.table.name: tables.commit(store, one, run="r1") for one in staged}
    assert versions == dict.fromkeys(activity.tables, 0)
    for name, table in activity.tables.items():
        back = tables.read(store, name, 0, activity.digest)
        assert back.schema.equals(TABLES[name].schema)
        assert back.equals(table.combine_chunks()), name


def test_times_and_nested_rows_survive(spark: SparkSession, store: Store) -> None:
    version = tables.commit(store, staging.stage(spark, store, "runs", "r1", a_run()), run="r1")
    assert tables.read(store, "runs", version, "r1").to_pylist() == a_run().to_pylist()
    file = next(store.table("runs").rglob("*.parquet"))
    assert pq.read_schema(file).field("started").type == pa.timestamp("us", tz="UTC")


def test_what_is_only_staged_is_in_no_version(spark: SparkSession, store: Store) -> None:
    staging.stage(spark, store, "runs", "r1", a_run())
    assert tables.partitions(store, "runs") == {}
    version = tables.commit(store, staging.stage(spark, store, "runs", "r2", a_run()), run="r2")
    assert tables.partitions(store, "runs") == {"r2": version}
    with pytest.raises(KeyError, match="runs holds no partition r1 in version 0"):
        tables.read(store, "runs", version, "r1")


def test_an_old_version_stays_as_it_was(spark: SparkSession, store: Store) -> None:
    first = tables.commit(store, staging.stage(spark, store, "runs", "r1", a_run(1)), run="r1")
    second = tables.commit(store, staging.stage(spark, store, "runs", "r2", a_run(2)), run="r2")
    assert (first, second) == (0, 1)
    assert tables.partitions(store, "runs", version=0) == {"r1": 0}
    assert tables.partitions(store, "runs") == {"r1": 1, "r2": 1}
    assert tables.read(store, "runs", 1, "r1")["seconds"].to_pylist() == [1]


def test_rows_are_stored_sorted_and_their_bounds_are_in_the_log(spark: SparkSession, store: Store) -> None:
    order = np.random.default_rng(0).permutation(30_000)
    rows = pa.table(
        {"fragment": order // 100, "compound": order % 100, "count": np.ones(order.size)}, schema=TABLES["membership"].schema
    )
    tables.commit(store, staging.stage(spark, store, "membership", "d1", rows), run="r1")
    back = tables.read(store, "membership", 0, "d1")
    assert back.equals(rows.sort_by([("fragment", "ascending"), ("compound", "ascending")]))
    log = json.loads((store.table("membership") / "_delta_log" / f"{0:020d}.json").read_text().splitlines()[-1])
    stats = json.loads(log["add"]["stats"])
    assert stats["numRecords"] == 30_000
    assert (stats["minValues"]["fragment"], stats["maxValues"]["fragment"]) == (0, 299)
    assert stats["nullCount"] == {"fragment": 0, "compound": 0, "count": 0}


def test_a_table_too_large_to_hand_over_is_stored_the_same(
    spark: SparkSession, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_LARGE_BYTES", 1000)
    order = np.random.default_rng(0).permutation(30_000)
    columns = {"fragment": order // 100, "compound": order % 100, "count": np.ones(order.size)}
    rows = pa.table(columns, schema=TABLES["membership"].schema)
    staged = staging.stage(spark, store, "membership", "d1", rows)
    tables.commit(store, staged, run="r1")
    back = tables.read(store, "membership", 0, "d1")
    assert back.equals(rows.sort_by([("fragment", "ascending"), ("compound", "ascending")]))
    assert sorted(store.table("membership").rglob("*.parquet")) == list(staged.files)


def test_a_data_frame_is_sorted_and_takes_the_declared_schema(spark: SparkSession, store: Store) -> None:
    frame = spark.range(1000).selectExpr(
        "cast(999 - id as int) as fragment", "cast(0 as int) as compound", "cast(1 as float) as count"
    )
    version = tables.commit(store, staging.stage(spark, store, "membership", "d1", frame.repartition(3)), run="r1")
    back = tables.read(store, "membership", version, "d1")
    assert back.schema.equals(TABLES["membership"].schema)
    assert back["fragment"].to_pylist() == list(range(1000))
    again = collect(staging.read_spark(spark, store, "membership", version, "d1"))
    assert again["fragment"].to_pylist() == back["fragment"].to_pylist()


RUN = {
    **dict.fromkeys(("kind", "data", "source", "activity_kind", "objective", "code_version", "device"), "x"),
    **dict.fromkeys(("spec", "ingest", "metrics"), "{}"),
    "started": datetime(2026, 11, 23, tzinfo=UTC),
    "finished": datetime(2026, 11, 23, tzinfo=UTC),
    "seconds": 1.0,
    "curve": [{"step": 1, "loss": 0.5}],
}


def test_columns_declared_later_are_seen_by_every_reader_of_the_table_and_null_in_what_is_older(
    spark: SparkSession, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = TABLES["runs"]
    older = replace(declared, schema=pa.schema([field for field in declared.schema if field.name != "plan"]))
    row = dict.fromkeys(declared.schema.names) | RUN
    with monkeypatch.context() as before:
        before.setitem(TABLES, "runs", older)
        rows = pa.Table.from_pylist([row], older.schema)
        tables.commit(store, staging.stage(spark, store, "runs", "r1", rows), run="r1")
    newer = pa.Table.from_pylist([{**row, "plan": "{}"}], declared.schema)
    version = tables.commit(store, staging.stage(spark, store, "runs", "r2", newer), run="r2")
    found = pa.table(DeltaTable(store.table("runs"), version=version).to_pyarrow_table(columns=["run", "plan"]))
    assert sorted(found.to_pylist(), key=lambda one: one["run"]) == [{"run": "r1", "plan": None}, {"run": "r2", "plan": "{}"}]
    assert tables.read(store, "runs", version, "r2").to_pylist() == newer.to_pylist()


def test_a_null_in_a_required_column_is_never_committed(spark: SparkSession, store: Store) -> None:
    frame = spark.sql("select cast(null as int) as fragment, cast(0 as int) as compound, cast(1 as float) as count")
    staged = staging.stage(spark, store, "membership", "d1", frame)
    with pytest.raises(ValueError, match="membership needs fragment in every row; 1 rows lack it"):
        tables.commit(store, staged, run="r1")
    assert tables.partitions(store, "membership") == {}


def test_a_table_that_differs_from_its_declaration_is_refused(spark: SparkSession, store: Store) -> None:
    with pytest.raises(TypeError, match="membership is declared as"):
        staging.stage(spark, store, "membership", "d1", pa.table({"fragment": [1]}))
    with pytest.raises(TypeError, match="membership is declared as"):
        staging.stage(spark, store, "membership", "d1", spark.range(3))
    assert not list(store.table("membership").rglob("*.parquet"))


def test_a_partition_is_written_once(spark: SparkSession, store: Store) -> None:
    tables.commit(store, staging.stage(spark, store, "runs", "r1", a_run()), run="r1")
    with pytest.raises(ValueError, match="runs holds the partition r1 already"):
        staging.stage(spark, store, "runs", "r1", a_run())


def test_staging_again_replaces_what_was_not_committed(spark: SparkSession, store: Store) -> None:
    staging.stage(spark, store, "runs", "r1", a_run(1))
    staged = staging.stage(spark, store, "runs", "r1", a_run(2))
    assert list(store.table("runs").rglob("*.parquet")) == list(staged.files)


@pytest.mark.parametrize("partition", ["../escape", "", "a/b", "a b", ".hidden", "x" * 129])
def test_a_partition_name_cannot_leave_its_directory(spark: SparkSession, store: Store, partition: str) -> None:
    with pytest.raises(ValueError, match="is no partition of runs"):
        staging.stage(spark, store, "runs", partition, a_run())


def test_a_table_needs_no_more_than_the_first_delta_protocol_and_keeps_its_log(spark: SparkSession, store: Store) -> None:
    staged = staging.stage(spark, store, "runs", "r1", a_run())
    tables.commit(store, replace(staged), run="r1")
    delta = DeltaTable(store.table("runs"))
    assert (delta.protocol().min_reader_version, delta.protocol().min_writer_version) == (1, 2)
    assert delta.metadata().configuration["delta.enableExpiredLogCleanup"] == "false"
    assert delta.history()[0]["run"] == "r1"
    assert not [path.name for path in store.table("runs").rglob("*") if path.name.endswith(".crc") or path.name == "_SUCCESS"]


def test_spark_does_not_read_a_partition_with_a_flipped_bit(spark: SparkSession, store: Store) -> None:
    version = commit_flipped(store)
    with pytest.raises(Py4JJavaError, match="CRC checksum verification failed"):
        staging.read_spark(spark, store, "membership", version, "d1").collect()
