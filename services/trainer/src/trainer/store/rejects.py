"""Rejects: the rows and cells that a published run left out."""

import pyarrow as pa

from contracts.kinds import RunKind
from contracts.store import Store
from contracts.tables import TABLES
from trainer.data.sources import DataNotFound
from trainer.runs.spec import CURRENT
from trainer.store import tables
from trainer.store.publications import publications

__all__ = ["rejects_of"]


def rejects_of(store: Store, run: str) -> tuple[str, pa.Table]:
    """The run's id and its table `rejects`, in the order of files and rows; `current` is the run published last.

    Raises:
        DataNotFound: No such run is published.
    """
    published = [each for each in publications(store) if each.kind == RunKind.FACTORS] if store.version() >= 0 else []
    found = next((each for each in reversed(published) if run in {CURRENT, each.run}), None)
    if found is None:
        raise DataNotFound(f"{run}: no run of factors with this id is published in {store.root}.")
    if "rejects" not in found.tables:
        return found.run, TABLES["rejects"].schema.empty_table()
    try:
        rows = tables.read(store, "rejects", found.tables["rejects"], found.data)
    except KeyError:  # a partition without rows has no files
        rows = TABLES["rejects"].schema.empty_table()
    return found.run, rows.sort_by([("file", "ascending"), ("row", "ascending")])
