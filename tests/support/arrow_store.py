"""Runs that are published by the trainer's own `publish`, with tables that Arrow wrote: a store without Spark."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tests.support.damage import flip
from tests.support.reports import SteppingReport
from tests.support.store import _results as results_of
from tests.support.store import five_fragments

from contracts.kinds import Objective
from contracts.store import Store
from contracts.tables import TABLES
from trainer.store.artifacts import StagedArtifact
from trainer.store.publish import Results, publish
from trainer.store.tables import Staged, commit

__all__ = ["AT", "commit_flipped", "publish_run", "stage"]

AT = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


def stage(store: Store, tables: Mapping[str, pa.Table], values: Mapping[str, str]) -> list[Staged]:
    """Write each table into its partition, in one file."""
    staged = []
    for name, rows in tables.items():
        table = TABLES[name]
        partition = values[str(table.partition)]
        file = store.table(name) / f"{table.partition}={partition}" / "0001" / "part-0.parquet"
        file.parent.mkdir(parents=True)
        pq.write_table(rows, file, write_page_checksum=True)
        staged.append(Staged(table, partition, (file,)))
    return staged


def commit_flipped(store: Store) -> int:
    """Commit partition `d1` of the table `membership`, then flip one bit of a count, which no packing tells; the version."""
    table = TABLES["membership"]
    file = store.table(table.name) / f"{table.partition}=d1" / "0001" / "part-0.parquet"
    file.parent.mkdir(parents=True)
    count = 1_234_567
    cells = {"fragment": [0, 1], "compound": [0, 1], "count": [count, count]}
    rows = pa.table({**cells}).cast(table.schema)
    pq.write_table(rows, file, write_page_checksum=True, compression="none", use_dictionary=False, write_statistics=False)
    version = commit(store, Staged(table, "d1", (file,)), run="r1")
    data = file.read_bytes()
    written = np.array([count, count], table.schema.field("count").type.to_pandas_dtype()).tobytes()
    assert data.count(written) == 1
    flip(file, 8 * data.index(written))
    return version


def publish_run(state: Path, run: str, *, report: SteppingReport | None = None, data: str | None = None) -> None:
    """Publish the five fragments as `run`."""
    store, contents = Store.under(state), five_fragments()
    artifact = StagedArtifact(store, "factors", run)
    (artifact.begin() / "factors.onnx").write_bytes(f"no network, but bytes of {run}".encode())
    artifact.seal(kind="factors", created=AT, description="", media_types={"factors.onnx": "application/octet-stream"})
    tables = results_of(contents, Objective.COUNTS, AT)
    facts = {name: table for name, table in contents.facts.items() if len(table)}
    results = Results(run, "factors", data or contents.data, facts, tables, (artifact,))
    publish(results, store, partial(stage, store), report or SteppingReport())
