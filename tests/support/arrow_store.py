"""Runs that are published by the trainer's own `publish`, with tables that Arrow wrote: a store without Spark."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.support.reports import SteppingReport
from tests.support.store import _results as results_of
from tests.support.store import five_fragments

from contracts.kinds import Objective
from contracts.store import Store
from contracts.tables import TABLES
from trainer.store.artifacts import StagedArtifact
from trainer.store.publish import Results, publish
from trainer.store.tables import Staged

__all__ = ["AT", "publish_run", "stage"]

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
