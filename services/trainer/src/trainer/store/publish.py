"""Publication: a whole run goes into the store, or nothing of it does.

Everything is brought to the disk before the one step that makes it visible; what a killed process leaves before that step
is seen by nobody, and put into the quarantine by the next start.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pyarrow as pa

from contracts.store import Store
from published.changes import Change
from trainer.runs.report import Report, Stage
from trainer.store import publications, tables
from trainer.store.artifacts import StagedArtifact
from trainer.store.durable import sync
from trainer.store.intents import intended
from trainer.store.publications import Decision, Publication
from trainer.store.tables import Staged

__all__ = ["Results", "Stager", "publish"]

Stager = Callable[[Mapping[str, pa.Table], Mapping[str, str]], list[Staged]]
"""Writes tables, each into its partition (`data` and `run` to their values), without committing them."""
_WRITERS: Final = 4


@dataclass(frozen=True)
class Results:
    """A run that is ready to be published."""

    run: str
    kind: str
    data: str
    """Digest of the facts."""
    facts: Mapping[str, pa.Table]
    """Tables of the data, written where no run of the same data has published them."""
    tables: Mapping[str, pa.Table]
    """Tables of the run."""
    artifacts: tuple[StagedArtifact, ...]
    """Sealed, and not in their places yet."""
    decide: Decision = field(default=lambda _: None)
    """What its publication changes in the registry."""


def publish(results: Results, store: Store, stage: Stager, report: Report) -> Change | None:
    """Write the tables by `stage`, commit them, put the artifacts into their places, and make all of it visible in one step.

    Returns what that changed in the registry. The caller holds the right to publish (`trainer.store.lock.publishing`).
    """
    with intended(store, results.run, results.data):
        with report.stage(Stage.WRITE):
            published = {name: tables.partitions(store, name).get(results.data) for name in results.facts}
            known = {name: version for name, version in published.items() if version is not None}
            fresh = {name: table for name, table in results.facts.items() if name not in known}
            staged = stage({**fresh, **results.tables}, {"data": results.data, "run": results.run})
            sync(_with_directories(file for one in staged for file in one.files))
        with report.stage(Stage.COMMIT):
            versions = {**known, **_commit(store, staged, results.run, report)}
            manifests = {artifact.name: artifact.digest() for artifact in results.artifacts}
            for artifact in results.artifacts:
                artifact.place()
        with report.stage(Stage.PUBLISH):
            publication = Publication(
                run=results.run,
                kind=results.kind,
                data=results.data,
                tables=versions,
                artifacts={artifact.name: artifact.run for artifact in results.artifacts},
                published=datetime.now(UTC),
                manifests=manifests,
            )
            change = publications.announce(store, publication, results.decide)
    report.published(results.run, "" if change is None else change.reason)
    return change


def _commit(store: Store, staged: list[Staged], run: str, report: Report) -> dict[str, int]:
    """Commit every partition, several tables at a time; table name -> version."""
    versions: dict[str, int] = {}
    with ThreadPoolExecutor(_WRITERS) as pool:
        committed = pool.map(lambda one: (one.table.name, tables.commit(store, one, run=run)), staged)
        for done, (name, version) in enumerate(committed, start=1):
            versions[name] = version
            report.progress(Stage.COMMIT, done, len(staged))
    sync(path for name in versions for path in _log(store, name))
    return versions


def _log(store: Store, name: str) -> Iterable[Path]:
    """The newest commit of a table, and the directories that lead to it."""
    log = store.table(name) / "_delta_log"
    return (max(log.glob("*.json")), log, log.parent, log.parent.parent, store.root)


def _with_directories(files: Iterable[Path]) -> list[Path]:
    """The files, and the directories that lead to them from the table's root."""
    paths = list(files)
    return [*paths, *{directory for file in paths for directory in list(file.parents)[:3]}]
