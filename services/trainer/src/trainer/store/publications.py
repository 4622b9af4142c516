"""The publications table: one row a published run. Appending that row is the one atomic step that readers see."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, write_deltalake

from contracts.store import Store
from contracts.tables import TABLES
from trainer.store.durable import sync
from trainer.store.tables import CONFIGURATION

__all__ = ["Publication", "announce", "append", "publications"]

_TABLE: Final = TABLES["publications"]


@dataclass(frozen=True)
class Publication:
    """What a run published: where its rows and its files are."""

    run: str
    kind: str
    data: str
    tables: Mapping[str, int]
    """Table name -> Delta version that holds its rows."""
    artifacts: Mapping[str, str]
    """Artifact name -> version."""
    published: datetime


def append(store: Store, publication: Publication) -> int:
    """Publish; the store's new version. Everything the publication names must be in place."""
    row = {
        "run": [publication.run],
        "kind": [publication.kind],
        "data": [publication.data],
        "tables": [json.dumps(dict(publication.tables), sort_keys=True)],
        "artifacts": [json.dumps(dict(publication.artifacts), sort_keys=True)],
        "published": [publication.published],
    }
    root = store.table(_TABLE.name)
    root.mkdir(parents=True, exist_ok=True)
    write_deltalake(
        root,
        pa.table(row, schema=_TABLE.schema),
        mode="append",
        name=_TABLE.name,
        configuration=CONFIGURATION,
        commit_properties=CommitProperties(custom_metadata={"run": publication.run}),
        post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
    )
    return DeltaTable(root).version()


def announce(store: Store, publication: Publication) -> None:
    """Publish, and bring the commit to the disk."""
    append(store, publication)
    log = store.publications_log
    sync((max(log.glob("*.json")), log, log.parent, log.parent.parent))


def publications(store: Store) -> list[Publication]:
    """All publications, the oldest first; none where nothing was ever published."""
    root = store.table(_TABLE.name)
    if not DeltaTable.is_deltatable(str(root)):
        return []
    rows = DeltaTable(root).to_pyarrow_table().cast(_TABLE.schema).sort_by("published").to_pylist()
    return [
        Publication(**{**row, "tables": json.loads(row["tables"]), "artifacts": json.loads(row["artifacts"])}) for row in rows
    ]
