"""Published tables, each read at the Delta version that a publication names."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import DeltaTable

from contracts.store import Store
from contracts.tables import TABLES
from scores_api.builder.damage import StoreDamaged

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
        delta = DeltaTable(self._store.table(name), version=self.publication.versions[name])
        return delta.to_pyarrow_dataset(file_pruning_predicate=[(column, "=", value)])


def publications(store: Store) -> tuple[int, pa.Table]:
    """The newest version of the publications table, and its rows in the order of publication.

    Runs that share an instant are ordered by id, so that every reader agrees on the order.
    """
    delta = DeltaTable(store.table("publications"))
    rows = delta.to_pyarrow_table(columns=TABLES["publications"].schema.names)
    return delta.version(), rows.sort_by([("published", "ascending"), ("run", "ascending")])
