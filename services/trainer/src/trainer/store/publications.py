"""The publications table: one row a published run. Appending that row is the one atomic step that readers see."""

import hashlib
import json
from dataclasses import replace
from typing import Final

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, write_deltalake

from contracts.store import Store
from contracts.tables import TABLES
from published.publications import Publication, commits
from trainer.store.durable import sync
from trainer.store.tables import CONFIGURATION

__all__ = ["Publication", "PublicationsDamaged", "announce", "append", "publications", "restate"]

_TABLE: Final = TABLES["publications"]


class PublicationsDamaged(Exception):
    """A commit of the publications cannot be read, so that nobody can tell what is published; the text says which."""


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
        commit_properties=CommitProperties(custom_metadata=publication.stated()),
        post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
    )
    return DeltaTable(root).version()


def announce(store: Store, publication: Publication) -> None:
    """Publish, and bring the commit to the disk."""
    append(store, publication)
    log = store.publications_log
    sync((max(log.glob("*.json")), log, log.parent, log.parent.parent))


def publications(store: Store) -> list[Publication]:
    """All publications in the order of the store's versions, of two of a run the later; none where nothing was published.

    Raises:
        PublicationsDamaged: A commit cannot be read.
    """
    found = commits(store)
    if damaged := next((commit for commit in found if commit.run is None), None):
        raise PublicationsDamaged(damaged.problem)
    older = {} if all(commit.publication for commit in found) else _rows(store)
    stated = (commit.publication or older[str(commit.run)] for commit in found)
    return list({publication.run: publication for publication in stated}.values())


def restate(store: Store) -> list[str]:
    """Publish again, as this release states it, what an older one published in a form that is still read; their runs.

    These are runs of an artifact and no tables, such as chatbots. Factor runs are trained again.
    """
    restated: list[str] = []
    for one in publications(store):
        paths = {name: store.artifact(name, version) / "manifest.json" for name, version in one.artifacts.items()}
        if not one.manifests and not one.tables and all(path.exists() for path in paths.values()):
            digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}
            announce(store, replace(one, manifests=digests))
            restated.append(one.run)
    return restated


def _rows(store: Store) -> dict[str, Publication]:
    """Publications by run, from the table: what commits of older releases say of them."""
    rows = DeltaTable(store.table(_TABLE.name)).to_pyarrow_table().cast(_TABLE.schema).to_pylist()
    return {
        row["run"]: Publication(**{**row, "tables": json.loads(row["tables"]), "artifacts": json.loads(row["artifacts"])})
        for row in rows
    }
