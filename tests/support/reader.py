"""A reader of the store that knows the contracts alone: what a run looks like from outside, checked to be whole."""

import hashlib
import json
from pathlib import Path
from urllib.parse import unquote

import pyarrow.parquet as pq
from deltalake import DeltaTable

from contracts.manifest import Manifest
from contracts.store import Store
from contracts.tables import TABLES

__all__ = ["whole_runs"]


def whole_runs(state: Path) -> dict[str, dict[str, int]]:
    """Every published run, the oldest first: its tables and how many rows each has for it.

    Fails where a table, a row's partition or an artifact that a publication names is missing or not what it says it is.
    """
    store = Store.under(state)
    if store.version() < 0:
        return {}
    table = DeltaTable(store.table("publications")).to_pyarrow_table()
    return {
        row["run"]: {
            **{name: _rows(store, name, version, row) for name, version in json.loads(row["tables"]).items()},
            **{name: _files(store, name, version) for name, version in json.loads(row["artifacts"]).items()},
        }
        for row in table.sort_by("published").to_pylist()
    }


def _rows(store: Store, name: str, version: int, publication: dict[str, str]) -> int:
    """Rows of the publication's partition at the version it names, each file read to its end."""
    column = str(TABLES[name].partition)
    delta = DeltaTable(store.table(name), version=version)
    files = delta.file_uris(file_pruning_predicate=f"{column} = '{publication[column]}'")
    rows = 0
    for file in files:
        found = pq.read_table(unquote(file), partitioning=None)
        assert found.schema.names == TABLES[name].schema.names
        found.validate(full=True)
        rows += len(found)
    return rows


def _files(store: Store, artifact: str, version: str) -> int:
    """Files of an artifact version, each with the digest that its manifest states."""
    directory = store.artifact(artifact, version)
    manifest = Manifest.model_validate_json((directory / "manifest.json").read_text())
    for file in manifest.files:
        content = (directory / file.name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size_bytes, file.sha256)
    return len(manifest.files)
