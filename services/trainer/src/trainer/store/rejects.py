"""Rejects: the rows and cells that a published run left out."""

import pyarrow as pa

from contracts.store import Store
from contracts.tables import TABLES
from trainer.data.sources import DataNotFound
from trainer.store import tables
from trainer.store.registry import factors_run

__all__ = ["rejects_of"]


def rejects_of(store: Store, run: str) -> tuple[str, pa.Table]:
    """The id and the table `rejects`, in the order of files and rows, of a run by its id, an alias or its name.

    Raises:
        DataNotFound: No such run is published.
    """
    found = factors_run(store, run)
    if found is None:
        raise DataNotFound(f"{run}: no run of factors with this id, name or alias is published in {store.root}.")
    if "rejects" not in found.tables:
        return found.run, TABLES["rejects"].schema.empty_table()
    try:
        rows = tables.read(store, "rejects", found.tables["rejects"], found.data)
    except KeyError:  # a partition without rows has no files
        rows = TABLES["rejects"].schema.empty_table()
    return found.run, rows.sort_by([("file", "ascending"), ("row", "ascending")])
