"""Indexing: from the publications of a store to the index that the server reads."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from contracts.kinds import RunKind
from contracts.manifest import Manifest
from contracts.store import Store
from scores_api.builder.damage import StoreDamaged
from scores_api.builder.tables import Publication, PublishedTables, publications
from scores_api.index import Index, PublishedRun, commit_digest
from scores_api.models.runs import RunDetail

__all__ = ["read_index"]

_RUN: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$")
_KINDS: Final = frozenset(RunKind)


def read_index(store: Store, known: Index | None) -> Index:
    """The index of the store's newest version; runs that `known` describes are taken from there, for a run never changes.

    Publications of kinds that this release does not know are left out.

    Raises:
        StoreDamaged: a publication contradicts its tables or artifacts.
    """
    version, rows = publications(store)
    described = {run.detail.id: run for run in known.runs} if known else {}
    manifests = {(manifest.run, manifest.artifact): manifest for manifest in known.manifests} if known else {}
    runs: list[PublishedRun] = []
    stated: list[Manifest] = []
    for row in rows.to_pylist():
        if row["kind"] not in _KINDS:
            continue
        publication = _publication(row)
        stated.extend(_manifests(store, publication, row, manifests))
        if row["kind"] != RunKind.FACTORS:
            continue
        before = described.get(publication.run)
        unchanged = before is not None and before.tables == publication.versions and before.detail.data == publication.data
        runs.append(before if before and unchanged else _described(store, publication, row))
    return Index(version=version, commit=commit_digest(store, version), runs=runs, manifests=stated)


def _publication(row: Mapping[str, Any]) -> Publication:
    if not _RUN.match(row["run"]):
        raise StoreDamaged(f"{row['run']!r} is not a run id")
    try:
        versions = {str(name): int(version) for name, version in json.loads(row["tables"]).items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise StoreDamaged(f"{row['run']}: the publication's tables are no JSON object of versions") from error
    return Publication(run=row["run"], data=row["data"], versions=versions)


def _described(store: Store, publication: Publication, row: Mapping[str, Any]) -> PublishedRun:
    tables = PublishedTables(store, publication)
    found = tables.rows("runs").to_pylist()
    if len(found) != 1:
        raise StoreDamaged(f"{publication.run}: the table 'runs' holds {len(found)} rows of it")
    factors = tables.first("factors").to_pylist()
    shown = tables.rows("fragments")["shown"]
    stated = found[0]
    try:
        detail = RunDetail(
            id=publication.run,
            current=False,
            published=row["published"],
            fragments=len(shown),
            shown_fragments=sum(shown.to_pylist()),
            compounds=tables.count("compounds"),
            targets=tables.count("targets"),
            rank=len(factors[0]["vector"]) if factors else 0,
            spec=json.loads(stated.pop("spec")),
            ingest=json.loads(stated.pop("ingest")),
            plan=json.loads(stated.pop("plan") or "null"),
            metrics=json.loads(stated.pop("metrics")),
            **{name: value for name, value in stated.items() if name != "curve"},
        )
    except ValueError as error:
        raise StoreDamaged(f"{publication.run}: the table 'runs' holds a row that is not understood: {error}") from error
    return PublishedRun(detail=detail, tables=dict(publication.versions))


def _manifests(
    store: Store, publication: Publication, row: Mapping[str, Any], known: Mapping[tuple[str, str], Manifest]
) -> Iterator[Manifest]:
    """Of the artifacts that a publication names; one that is known is not read again."""
    for name, version in json.loads(row["artifacts"]).items():
        before = known.get((publication.run, name))
        if before is not None and before.version == version:
            yield before
            continue
        path = store.artifact(name, version) / "manifest.json"
        try:
            manifest = Manifest.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise StoreDamaged(f"{publication.run}: the manifest of {name} {version} cannot be read: {error}") from error
        if (manifest.artifact, manifest.version) != (name, version):
            raise StoreDamaged(
                f"{publication.run}: the manifest of {name} {version} calls itself {manifest.artifact} {manifest.version}"
            )
        yield manifest
