"""The publications table: one row a published run, and the changes of the registry.

Appending to it is the one atomic step that readers see. What is decided by what the registry says is appended under the lock of
the registry, so that nobody decides by what another one is about to change. That lock is held for milliseconds, and by recovery
while it moves what no run names; who needs the right to publish as well takes that first.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, write_deltalake

from contracts.store import Store
from contracts.tables import TABLES
from published.changes import Change
from published.publications import Commit, Publication, commits, stated_change
from published.registry import Registry
from trainer.store.durable import sync
from trainer.store.intents import Intent, begin
from trainer.store.lock import hold
from trainer.store.tables import CONFIGURATION

__all__ = [
    "Decision",
    "Publication",
    "PublicationsDamaged",
    "announce",
    "append",
    "append_change",
    "committing",
    "deciding",
    "publications",
    "published",
    "registry",
    "restate",
    "secure",
]

Decision = Callable[[Registry], Change | None]
"""What changes in the registry as it is."""

_TABLE: Final = TABLES["publications"]
_INTENT: Final = Intent("registry", "")
"""Of every commit here: one that a power cut tears is taken out by the next start."""


class PublicationsDamaged(Exception):
    """A commit of the publications cannot be read, so that nobody can tell what is published; the text says which."""


def append(store: Store, publication: Publication, change: Change | None = None) -> int:
    """Publish, with a change of the registry; the store's new version. Everything the publication names must be in place."""
    row = {
        "run": [publication.run],
        "kind": [publication.kind],
        "data": [publication.data],
        "tables": [json.dumps(dict(publication.tables), sort_keys=True)],
        "artifacts": [json.dumps(dict(publication.artifacts), sort_keys=True)],
        "published": [publication.published],
    }
    stated = publication.stated() | ({} if change is None else stated_change(change))
    return _append(store, pa.table(row, schema=_TABLE.schema), stated)


def announce(store: Store, publication: Publication, decide: Decision = lambda _: None) -> Change | None:
    """Publish with what `decide` changes in the registry, and bring the commit to the disk; the change."""
    with deciding(store):
        decided = decide(registry(store))
        with committing(store):
            append(store, publication, decided)
    return decided


@contextmanager
def committing(store: Store) -> Iterator[None]:
    """Bring what is appended within to the disk. A commit that a power cut tears meanwhile is taken out by the next start."""
    path = begin(store, _INTENT)
    yield
    secure(store)
    path.unlink(missing_ok=True)


def append_change(store: Store, change: Change) -> int:
    """Change the registry alone; the store's new version."""
    return _append(store, _TABLE.schema.empty_table(), stated_change(change))


def registry(store: Store) -> Registry:
    """The registry as it is; raises PublicationsDamaged."""
    return Registry.of(_read(store))


def secure(store: Store) -> None:
    """Bring the newest commit, and the directories that lead to it, to the disk."""
    log = store.publications_log
    sync((max(log.glob("*.json")), log, log.parent, log.parent.parent, store.root, store.root.parent))


def publications(store: Store) -> list[Publication]:
    """All publications in the order of the store's versions, of two of a run the later; none where nothing was published.

    Those of runs that were deleted are not among them.

    Raises:
        PublicationsDamaged: A commit cannot be read.
    """
    return published(store)[0]


def published(store: Store) -> tuple[list[Publication], Registry]:
    """As `publications` and `registry`, of one version."""
    found = _read(store)
    publishing = [commit for commit in found if commit.run is not None]
    older = {} if all(commit.publication for commit in publishing) else _rows(store)
    stated = (commit.publication or older[str(commit.run)] for commit in publishing)
    known = Registry.of(found)
    latest = {publication.run: publication for publication in stated if publication.run not in known.deleted}
    return list(latest.values()), known


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


def _append(store: Store, rows: pa.Table, stated: dict[str, str]) -> int:
    root = store.table(_TABLE.name)
    root.mkdir(parents=True, exist_ok=True)
    write_deltalake(
        root,
        rows,
        mode="append",
        name=_TABLE.name,
        configuration=CONFIGURATION,
        commit_properties=CommitProperties(custom_metadata=stated),
        post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
    )
    return DeltaTable(root).version()


@contextmanager
def deciding(store: Store) -> Iterator[None]:
    """Hold the right to change what the registry says, from reading it to the commit."""
    with hold(store.root.with_name("registry.lock"), waiting=lambda _: None):
        yield


def _read(store: Store) -> list[Commit]:
    found = commits(store)
    if damaged := next((commit for commit in found if commit.run is None and commit.problem is not None), None):
        raise PublicationsDamaged(damaged.problem)
    return found


def _rows(store: Store) -> dict[str, Publication]:
    """Publications by run, from the table: what commits of older releases say of them."""
    rows = DeltaTable(store.table(_TABLE.name)).to_pyarrow_table().cast(_TABLE.schema).to_pylist()
    return {
        row["run"]: Publication(**{**row, "tables": json.loads(row["tables"]), "artifacts": json.loads(row["artifacts"])})
        for row in rows
    }
