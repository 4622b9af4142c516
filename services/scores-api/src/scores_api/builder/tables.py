"""Published tables, each read at the Delta version that a publication names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds

from contracts.store import Store
from contracts.tables import TABLES
from scores_api.builder.damage import StoreDamaged
from scores_api.builder.delta_log import newest_version, snapshot

__all__ = ["Publication", "PublishedTables", "publications"]


@dataclass(frozen=True)
class Publication:
    """Where the rows of one run lie."""

    run: str
    data: str
    versions: Mapping[str, int]


class PublishedTables:
    """The rows of one publication, table by table."""

    def __init__(self, store: Store, publication: Publication) -> None:
        self._store = store
        self.publication = publication

    def count(self, name: str) -> int:
        """Rows of a table, from the files' footers."""
        return int(self._dataset(name).count_rows())

    def first(self, name: str) -> pa.Table:
        """The first row of a table, if it has any."""
        return self._dataset(name).head(1)

    def rows(self, name: str, **equal: str) -> pa.Table:
        """The rows of a table whose columns `equal` these values, sorted as the contract declares; its columns alone."""
        table = TABLES[name]
        condition = None
        for column, value in equal.items():
            condition = ds.field(column) == value if condition is None else condition & (ds.field(column) == value)
        rows = self._dataset(name).to_table(columns=table.schema.names, filter=condition)
        order = [(column, "ascending") for column in table.sort]
        return rows.sort_by(order) if order else rows

    def rows_if_named(self, name: str) -> pa.Table:
        """As `rows`, and none for a table that the publication does not name."""
        return self.rows(name) if name in self.publication.versions else TABLES[name].schema.empty_table()

    def _dataset(self, name: str) -> ds.Dataset:
        column: str | None = TABLES[name].partition
        if column is None or name not in self.publication.versions:
            raise StoreDamaged(f"{self.publication.run}: the publication names no version of the table {name!r}")
        value = self.publication.data if column == "data" else self.publication.run
        return _dataset(name, snapshot(self._store.table(name), self.publication.versions[name]).partition(column, value))


def publications(store: Store) -> tuple[int, pa.Table]:
    """The newest version of the publications table, and its rows in the order of publication.

    Runs that share an instant are ordered by id, so that every reader agrees on the order.
    """
    root = store.table("publications")
    newest = snapshot(root, newest_version(root))
    rows = _dataset("publications", sorted(newest.files)).to_table(columns=TABLES["publications"].schema.names)
    return newest.version, rows.sort_by([("published", "ascending"), ("run", "ascending")])


def _dataset(name: str, files: Sequence[Path]) -> ds.Dataset:
    """The rows of these files; a column that was declared after they were written is null."""
    declared = TABLES[name].schema
    if not files:
        return ds.dataset(declared.empty_table())
    written = ds.dataset(files[0], format="parquet").schema
    later = [field for field in declared if field.nullable and field.name not in written.names]
    return ds.dataset(list(files), schema=pa.schema([*written, *later]), format="parquet")
