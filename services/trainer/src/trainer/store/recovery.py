"""Recovery: takes out of the store what no publication names, such as the half of a run whose trainer was killed.

Runs that somebody deleted are taken out as well. Nothing goes for good: what is taken out goes into the quarantine, by rename,
so that who has it open reads on; what is published is not touched. Nothing else may write meanwhile: the trainer recovers when
it starts, before its first job.
Publications of older releases whose form did not change are stated anew first (`restate`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties

from contracts.store import Store
from contracts.tables import TABLES, Table
from trainer.store import intents
from trainer.store.durable import sync
from trainer.store.publications import Publication, deciding, publications, registry, restate, secure
from trainer.store.quarantine import Quarantine, Taken
from trainer.store.tables import committed_files, partitions

__all__ = ["Recovered", "leftovers", "recover"]


_OWN: Final = intents.Intent("recovery", "")
"""Of recovery itself, which commits that partitions are gone."""


@dataclass(frozen=True)
class Recovered:
    """What was taken out, as paths below the store: `tables/factors/run=…`, `artifacts/factors/…`."""

    paths: tuple[str, ...]
    quarantine: str | None = None
    """Id of the entry that holds it."""


def recover(store: Store) -> Recovered:
    """Move every partition, file and artifact that no publication names into the quarantine. A second call finds nothing.

    Raises:
        PublicationsLost: There are committed data and no publication at all: then nothing is moved.
    """
    if not store.root.exists():
        return Recovered(())
    with deciding(store):  # whoever changes the registry meanwhile writes into the store as well
        torn = _torn(store) if intents.intents(store) else []
        if torn:
            quarantine = Quarantine(store)
            entry = quarantine.begin(torn, "the power went while it was written")
            for one in torn:
                quarantine.take(entry, store.root / one.path)
        intents.require_publications(store)
        if intents.intents(store):
            _settle(store)
    restate(store)
    with deciding(store):
        return _put_away(store)


def _put_away(store: Store) -> Recovered:
    """Move what no publication names; nobody else may write."""
    left = leftovers(store)
    if not left:
        intents.end_all(store)
        return Recovered(())
    intents.begin(store, _OWN)
    quarantine = Quarantine(store)
    gone = sorted(registry(store).deleted.keys() & {Path(one.path).name for one in left})
    entry = quarantine.begin(left, f"deleted: {', '.join(gone)}" if gone else "no publication names it")
    for one in left:
        if one.partition is not None:
            _forget(store, one)
            log = store.table(one.path.split("/")[1]) / "_delta_log"
            sync((max(log.glob("*[0-9].json")), log))
        quarantine.take(entry, store.root / one.path)
    intents.end_all(store)
    return Recovered(tuple(one.path for one in left), entry.id)


def _torn(store: Store) -> list[Taken]:
    """The newest commits of tables that are no commits: while a run was going in, they did not come to the disk as a whole.

    Nobody was told that such a run is published; the publications that were told were on the disk before.
    """
    found = []
    for table in TABLES.values():
        log = store.table(table.name) / "_delta_log"
        newest = max(log.glob("*[0-9].json"), default=None) if log.is_dir() else None
        if newest is not None and not _is_commit(newest.read_bytes()):
            found.append(Taken(newest.relative_to(store.root).as_posix()))
    return found


def _settle(store: Store) -> None:
    """Bring the newest commit of each table to the disk: who wrote it may have been killed before it did.

    Readers see it, and what follows builds on it; a power cut that took it would take every later commit of its table.
    """
    for table in TABLES.values():
        log = store.table(table.name) / "_delta_log"
        newest = max(log.glob("*[0-9].json"), default=None) if log.is_dir() else None
        if newest is not None:
            sync((newest, log, log.parent, log.parent.parent))
    if store.version() >= 0:
        secure(store)


def _is_commit(text: bytes) -> bool:
    try:
        actions = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError:
        return False
    return any("commitInfo" in action for action in actions) and text.endswith((b"}", b"}\n"))


def leftovers(store: Store) -> list[Taken]:
    """What no publication names: committed partitions first, then files that no commit names, then artifacts."""
    published = publications(store)
    left = [taken for table in TABLES.values() for taken in _partitions(store, table, published)]
    committed = {taken.path for taken in left}
    left += [
        Taken(path)
        for table in TABLES.values()
        for found in _uncommitted(store, table)
        if (path := found.relative_to(store.root).as_posix()) not in committed
    ]
    return left + [Taken(found.relative_to(store.root).as_posix()) for found in _artifacts(store, published)]


def _partitions(store: Store, table: Table, published: list[Publication]) -> Iterator[Taken]:
    if table.partition is None:
        return
    kept = {getattr(publication, table.partition) for publication in published if table.name in publication.tables}
    for left in sorted(partitions(store, table.name).keys() - kept):
        yield Taken(f"tables/{table.name}/{table.partition}={left}", left)


def _forget(store: Store, taken: Taken) -> None:
    """Commit that a partition is no part of its table any more, before its files go."""
    name = taken.path.split("/")[1]
    DeltaTable(store.table(name)).delete(
        f"{TABLES[name].partition} = '{taken.partition}'",
        commit_properties=CommitProperties(custom_metadata={"recovered": str(taken.partition)}),
        post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
    )


def _uncommitted(store: Store, table: Table) -> Iterator[Path]:
    """Files that no commit names, directories that hold nothing else, and commits that were never finished."""
    root = store.table(table.name)
    if not root.is_dir():
        return
    named: set[Path] = set()
    for _, file in committed_files(store, table):
        named |= {file, *file.parents}
    log = root / "_delta_log"
    yield from _outermost(root, named | {log})
    yield from sorted(log.glob("*.tmp"))


def _outermost(directory: Path, kept: set[Path]) -> Iterator[Path]:
    """Paths under `directory` that are not kept, without what lies below them."""
    for path in sorted(directory.iterdir()):
        if path not in kept:
            yield path
        elif path.is_dir() and path.name != "_delta_log":
            yield from _outermost(path, kept)


def _artifacts(store: Store, published: list[Publication]) -> Iterator[Path]:
    artifacts = store.root / "artifacts"
    kept = {store.artifact(name, version) for publication in published for name, version in publication.artifacts.items()}
    for name in sorted(artifacts.iterdir()) if artifacts.is_dir() else ():
        for version in sorted(name.iterdir()) if name.is_dir() else ():
            if version not in kept:
                yield version
