"""Repair: what can be done without a backup. Runs that are whole and that no publication names are published again."""

import hashlib
import json
from collections.abc import Container, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog
from pydantic import ValidationError

from contracts.kinds import RunKind
from contracts.manifest import Manifest
from contracts.store import Store
from contracts.tables import TABLES
from published.changes import CURRENT, Change
from published.publications import commits
from trainer.store import tables
from trainer.store.damage import RunState, damage_of, named_files
from trainer.store.durable import sha256_of
from trainer.store.publications import Publication, announce, publications, registry
from trainer.store.quarantine import Entry, Quarantine
from trainer.store.tables import Staged

__all__ = ["publish_again", "put_back", "stated_before", "unpublished"]

_MANIFEST: Final = "manifest.json"
_MODEL_CARD: Final = "model-card.json"
_log = structlog.stdlib.get_logger(__name__)


def publish_again(store: Store, *, deleted: Container[str] = (), only: str | None = None) -> tuple[list[str], list[RunState]]:
    """Publish every whole run that no publication names, the oldest first; their ids, and the damaged ones, which stay out.

    With `only` this run alone. Of those that somebody deleted, only the ones in `deleted`. `current` stays where it is; where
    it names nothing, because the publications were lost, the newest factor run takes it. The caller holds the right to publish.
    Nothing is moved or removed. A run that was published before with a table that has no rows of it any more is damaged.
    """
    again, damaged = [], []
    before = stated_before(store)
    known = registry(store)
    is_lost = known.names(CURRENT) is None
    for publication in unpublished(store):
        if only not in {None, publication.run} or (publication.run in known.deleted and publication.run not in deleted):
            continue
        found = [(named.path, damage_of(named)) for named in named_files(store, publication)]
        old = before.get(publication.run)
        damage = tuple(f"{path.relative_to(store.root).as_posix()} {reason}" for path, reason in found if reason is not None)
        lacking = set() if old is None else old.tables.keys() - publication.tables.keys()
        damage += tuple(f"tables/{name} lacks its rows" for name in sorted(lacking))
        if damage:
            damaged.append(RunState(publication, damage))
        else:
            announce(store, publication, lambda _: None if is_lost else Change(datetime.now(UTC)))
            again.append(publication.run)
            _log.info("run_published_again", run=publication.run)
    return again, damaged


def stated_before(store: Store) -> dict[str, Publication]:
    """What every run published last, also of those that were deleted; none where its commit cannot be read."""
    return {one.publication.run: one.publication for one in commits(store) if one.publication is not None}


def unpublished(store: Store) -> list[Publication]:
    """What runs would publish that have everything in place, by when they were made.

    A run's artifact takes its place after all of its tables were committed: a run with an artifact has them all.
    """
    known = {publication.run for publication in publications(store)}
    made = [_publication(store, path) for path in store.root.glob(f"artifacts/*/*/{_MANIFEST}") if path.parent.name[0] != "."]
    return sorted((one for one in made if one is not None and one.run not in known), key=lambda one: (one.published, one.run))


def put_back(store: Store, entry: Entry) -> list[str]:
    """Move what an entry of the quarantine holds to where it lay, committed again where it was; what stands there is told.

    The caller holds the right to publish, and publishes what is whole (`publish_again`): recovery would take it out again.
    """
    kept = Quarantine(store).put_back(entry)
    for one in entry.taken:
        if one.partition is None or one.path in kept:
            continue
        name = one.path.split("/")[1]
        files = tuple(sorted((store.root / one.path).rglob("*.parquet")))
        if files and one.partition not in tables.partitions(store, name):
            tables.commit(store, Staged(TABLES[name], one.partition, files), run=one.partition)
    if not kept:
        Quarantine(store).remove(entry)
    return kept


def _publication(store: Store, path: Path) -> Publication | None:
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except (ValidationError, OSError):
        return None
    row = _row(store, manifest.run)
    data = _data_of_bot(path.parent) if row is None else str(row["data"])
    if data is None or (row is None and manifest.kind == RunKind.FACTORS):
        return None
    named = {"run": manifest.run, "data": data}
    versions = {
        name: version
        for name, table in TABLES.items()
        if table.partition is not None and row is not None
        if (version := tables.partitions(store, name).get(named[table.partition])) is not None
    }
    artifacts = dict(_artifacts(store, manifest.run))
    manifests = {artifact: sha256_of(store.artifact(artifact, version) / _MANIFEST) for artifact, version in artifacts.items()}
    return Publication(manifest.run, manifest.kind, data, versions, artifacts, manifest.created, manifests)


def _row(store: Store, run: str) -> dict[str, object] | None:
    version = tables.partitions(store, "runs").get(run)
    return None if version is None else tables.read(store, "runs", version, run).to_pylist()[0]


def _data_of_bot(directory: Path) -> str | None:
    """The digest that a bot's publication states: of its corpora, which its card names."""
    try:
        sources = json.loads((directory / _MODEL_CARD).read_bytes())["sources"]
        return hashlib.sha256("".join(source["sha256"] for source in sources).encode()).hexdigest()
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _artifacts(store: Store, run: str) -> Iterator[tuple[str, str]]:
    for path in sorted(store.root.glob(f"artifacts/*/{run}")):
        yield path.parent.name, run
