"""Recovery: removes from the store what no publication names, such as the half of a run whose trainer was killed.

Publications of older releases whose form did not change are stated anew first (`restate`).

What is published is not touched, so readers may go on. Nothing else may write meanwhile: the trainer recovers when it
starts, before its first job.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties

from contracts.store import Store
from contracts.tables import TABLES, Table
from trainer.store.publications import Publication, publications, restate
from trainer.store.tables import committed_files, partitions

__all__ = ["Recovered", "recover"]


@dataclass(frozen=True)
class Recovered:
    """What was removed, as paths below the store: `tables/factors/run=…`, `artifacts/factors/…`."""

    paths: tuple[str, ...]


def recover(store: Store) -> Recovered:
    """Remove every partition, file and artifact that no publication names. A second call finds nothing."""
    restate(store)
    published = publications(store)
    removed = [path for table in TABLES.values() for path in _remove_partitions(store, table, published)]
    removed += [path for table in TABLES.values() for path in _remove_uncommitted(store, table)]
    removed += _remove_artifacts(store, published)
    return Recovered(tuple(path.relative_to(store.root).as_posix() for path in removed))


def _remove_partitions(store: Store, table: Table, published: list[Publication]) -> Iterator[Path]:
    """Partitions that were committed and never published: first from the log, then from the disk."""
    if table.partition is None:
        return
    root = store.table(table.name)
    kept = {getattr(publication, table.partition) for publication in published if table.name in publication.tables}
    for left in sorted(partitions(store, table.name).keys() - kept):
        DeltaTable(root).delete(
            f"{table.partition} = '{left}'",
            commit_properties=CommitProperties(custom_metadata={"recovered": left}),
            post_commithook_properties=PostCommitHookProperties(cleanup_expired_logs=False),
        )
        path = root / f"{table.partition}={left}"
        _remove(path)
        yield path


def _remove_uncommitted(store: Store, table: Table) -> Iterator[Path]:
    """Files that no commit names, directories that hold nothing else, and commits that were never finished."""
    root = store.table(table.name)
    if not root.is_dir():
        return
    named: set[Path] = set()
    for _, file in committed_files(store, table):
        named |= {file, *file.parents}
    log = root / "_delta_log"
    for path in _outermost(root, named | {log}):
        _remove(path)
        yield path
    for path in sorted(log.glob("*.tmp")):
        _remove(path)
        yield path


def _outermost(directory: Path, kept: set[Path]) -> Iterator[Path]:
    """Paths under `directory` that are not kept, without what lies below them."""
    for path in sorted(directory.iterdir()):
        if path not in kept:
            yield path
        elif path.is_dir() and path.name != "_delta_log":
            yield from _outermost(path, kept)


def _remove_artifacts(store: Store, published: list[Publication]) -> Iterator[Path]:
    artifacts = store.root / "artifacts"
    kept = {store.artifact(name, version) for publication in published for name, version in publication.artifacts.items()}
    for name in sorted(artifacts.iterdir()) if artifacts.is_dir() else ():
        for version in sorted(name.iterdir()) if name.is_dir() else ():
            if version not in kept:
                _remove(version)
                yield version


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
