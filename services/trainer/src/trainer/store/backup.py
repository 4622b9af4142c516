"""Backups: a copy of what is published, made while training goes on, and the way back, whole or in part.

A file of the store never changes once a publication names it, and publications are copied up to the version that was read
first: what is published meanwhile is in the next backup.
"""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from contracts.store import Store
from contracts.tables import TABLES
from published.publications import Commit, commits
from trainer.store.damage import Named, damage_of, named_files
from trainer.store.durable import sync
from trainer.store.intents import PublicationsLost, require_publications
from trainer.store.publications import Publication, publications, registry
from trainer.store.quarantine import Quarantine, Taken
from trainer.store.tables import committed_files

__all__ = ["BackedUp", "NoBackup", "NotOlder", "Restored", "back_up", "restore"]

_MANIFEST: Final = "backup.json"
_PUBLICATIONS: Final = TABLES["publications"]


class NoBackup(Exception):
    """A directory is no backup, or none can be made there; `str` is one sentence."""


class NotOlder(Exception):
    """A backup holds runs that the store, which is not empty, does not: `str` says which, and what helps."""


@dataclass(frozen=True)
class BackedUp:
    """What a backup holds."""

    runs: tuple[str, ...]
    files: int
    size_bytes: int
    damage: tuple[str, ...]
    """Of files that were damaged before they were copied, and are not in the backup."""


@dataclass(frozen=True)
class Restored:
    """What came back, as paths below the store."""

    files: tuple[str, ...]
    quarantine: str | None
    """The entry with what was damaged, or with the store that was replaced."""


def back_up(store: Store, target: Path, *, now: datetime | None = None) -> BackedUp:
    """Copy what is published into the new directory `target`, which appears as a whole.

    Raises:
        NoBackup: Nothing is published, or something lies at `target`.
    """
    if target.exists():
        raise NoBackup(f"{target} exists: a backup is a new directory.")
    published = publications(store)
    if not published:
        raise NoBackup(f"Nothing is published in {store.root}.")
    newest = store.version()
    staged = target.with_name(f".{target.name}.partial")
    shutil.rmtree(staged, ignore_errors=True)
    copied, damage = 0, []
    files = {named.path: named for publication in published for named in named_files(store, publication)}
    for named in files.values():
        if (reason := damage_of(named)) is None:
            copied += _copy(named.path, staged / "store" / named.path.relative_to(store.root))
        else:
            damage.append(f"{named.path.relative_to(store.root).as_posix()} {reason}")
    logs = [path for path in _logs(store, newest) if path not in files]
    copied += sum(_copy(path, staged / "store" / path.relative_to(store.root)) for path in logs)
    runs = tuple(publication.run for publication in published)
    stated = {"version": newest, "made": (now or datetime.now(UTC)).isoformat(), "runs": runs, "damage": damage}
    (staged / _MANIFEST).write_text(json.dumps(stated, indent=2) + "\n", encoding="utf-8")
    sync([staged / _MANIFEST, *(path for path in staged.rglob("*") if path.is_dir()), staged])
    staged.rename(target)
    sync((target.parent,))
    return BackedUp(runs, len(files) + len(logs), copied, tuple(damage))


def restore(backup: Path, store: Store, *, replace: bool = False) -> Restored:
    """Bring back from a backup what the store lacks or holds damaged; into an empty store, everything.

    A run that was published after the backup stays as it is. The caller holds the right to publish.

    Raises:
        NoBackup: `backup` is none.
        NotOlder: The backup holds runs that the store does not, which would change what it says; with `replace` the store
            as it is goes into the quarantine, and the backup takes its place.
    """
    if not (backup / _MANIFEST).is_file():
        raise NoBackup(f"{backup} is no backup: it holds no {_MANIFEST}.")
    source = Store(backup / "store")
    saved = publications(source)
    if replace:
        entry = _replace(store)
        return Restored(tuple(_bring(source, store, list(_all(source)))), entry)
    aside, again = _aside(source, store)
    lost = _is_lost(store)
    own, deleted = publications(store), registry(store).deleted
    saved = [publication for publication in saved if publication.run not in deleted]
    known = {publication.run for publication in own} | again
    others = [one.run for one in saved if one.run not in known]
    if own and others:
        raise NotOlder(
            f"The backup holds {len(others)} runs that the store does not ({', '.join(others[:3])}): give `--replace` to put "
            "the store as it is into the quarantine and the backup in its place."
        )
    if not own and not lost and not again:
        return Restored(tuple(_bring(source, store, list(_all(source)))), None)
    wanted = list({one.run: one for one in (*saved, *own)}.values())
    taken = _quarantined(source, store, wanted)
    return Restored(tuple(_bring(source, store, _missing(source, store, wanted))), taken or aside)


def _aside(source: Store, store: Store) -> tuple[str | None, set[str]]:
    """Take out publications' commits that are damaged here and whole in the backup: the entry that holds them, their runs."""
    whole = {commit.version: commit.run for commit in commits(source) if not _is_damaged(commit)}
    damaged = [commit.version for commit in commits(store) if _is_damaged(commit) and commit.version in whole]
    if not damaged:
        return None, set()
    paths = [store.publications_commit(version) for version in damaged]
    quarantine = Quarantine(store)
    entry = quarantine.begin([Taken(path.relative_to(store.root).as_posix()) for path in paths], "a damaged commit")
    for path in paths:
        quarantine.take(entry, path)
    return entry.id, {run for version in damaged if (run := whole[version]) is not None}


def _is_damaged(commit: Commit) -> bool:
    """So that nobody can tell what it publishes."""
    return commit.run is None and commit.problem is not None


def _quarantined(source: Store, store: Store, published: list[Publication]) -> str | None:
    """Take out what is damaged here and whole in the backup; the entry that holds it."""
    damaged = [
        Taken(named.path.relative_to(store.root).as_posix())
        for named in _named(store, published)
        if named.path.exists() and damage_of(named) is not None and _is_whole(source, store, named)
    ]
    if not damaged:
        return None
    quarantine = Quarantine(store)
    entry = quarantine.begin(damaged, "damaged; a backup takes its place")
    for one in damaged:
        quarantine.take(entry, store.root / one.path)
    return entry.id


def _missing(source: Store, store: Store, published: list[Publication]) -> list[Path]:
    """Files of the backup that the store lacks: those of runs, then the logs, those of the publications last."""
    files = [
        source.root / named.path.relative_to(store.root)
        for named in (*_named(store, published), *_elsewhere(source, store, published))
        if not named.path.exists() and _is_whole(source, store, named)
    ]
    logs = [path for path in _logs(source, source.version()) if not (store.root / path.relative_to(source.root)).exists()]
    return list(dict.fromkeys([*files, *logs]))


def _named(store: Store, published: list[Publication]) -> dict[Named, None]:
    return dict.fromkeys(named for publication in published for named in named_files(store, publication))


def _elsewhere(source: Store, store: Store, published: list[Publication]) -> list[Named]:
    """What the backup knows to belong to these runs, whose logs or manifests this store may have lost."""
    return [Named(store.root / one.path.relative_to(source.root), one.sha256) for one in _named(source, published)]


def _is_whole(source: Store, store: Store, named: Named) -> bool:
    return damage_of(Named(source.root / named.path.relative_to(store.root), named.sha256)) is None


def _bring(source: Store, store: Store, files: list[Path]) -> list[str]:
    paths = []
    for file in files:
        path = file.relative_to(source.root).as_posix()
        _copy(file, store.root / path)
        paths.append(path)
    sync({store.root / Path(path).parent for path in paths})
    return paths


def _all(source: Store) -> Iterator[Path]:
    """Everything in a backup, with the publications last: until then readers see nothing."""
    announced = source.table(_PUBLICATIONS.name)
    files = [path for path in sorted(source.root.rglob("*")) if path.is_file()]
    yield from (path for path in files if announced not in path.parents)
    yield from (path for path in files if announced in path.parents)


def _logs(store: Store, newest: int) -> Iterator[Path]:
    """The commits of every table, and the publications up to a version with their rows, last."""
    for name, table in TABLES.items():
        if table.partition is not None:
            yield from sorted((store.table(name) / "_delta_log").glob("*[0-9].json"))
    for _, file in committed_files(store, _PUBLICATIONS, version=newest):
        yield file
    yield from (path for version in range(newest + 1) if (path := store.publications_commit(version)).exists())


def _replace(store: Store) -> str | None:
    """Put the store as it is into the quarantine."""
    present = [path for path in (store.root / "tables", store.root / "artifacts") if path.exists()]
    if not present:
        return None
    quarantine = Quarantine(store)
    entry = quarantine.begin([Taken(path.name) for path in present], "a backup took its place")
    for path in present:
        quarantine.take(entry, path)
    return entry.id


def _is_lost(store: Store) -> bool:
    try:
        require_publications(store)
    except PublicationsLost:
        return True
    return False


def _copy(source: Path, target: Path) -> int:
    """Copy a file, which appears as a whole; its size in bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.tmp")
    shutil.copyfile(source, partial)
    sync((partial,))
    partial.rename(target)
    return target.stat().st_size
