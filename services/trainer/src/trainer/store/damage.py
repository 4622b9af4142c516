"""Damage: what of a published run is missing or is not what was written, told by its digests."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from pydantic import ValidationError

from contracts.manifest import Manifest
from contracts.store import Store
from contracts.tables import TABLES
from trainer.store.durable import sha256_of
from trainer.store.publications import Publication, publications
from trainer.store.tables import committed_files

__all__ = ["Named", "RunState", "check", "damage_of", "named_files"]

_MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class Named:
    """A file that a publication names."""

    path: Path
    sha256: str | None
    """None for tables of releases that noted none: then the checksums of their pages tell."""


@dataclass(frozen=True)
class RunState:
    """A published run as the disk holds it."""

    publication: Publication
    damage: tuple[str, ...] = field(default=())
    """A sentence for each thing that is not as it was published; none for a whole run."""


def check(store: Store) -> list[RunState]:
    """Read every file of every published run; what is damaged is told, whatever it is, and the next run is looked at.

    Raises:
        DeltaError: The publications themselves cannot be read.
    """
    seen: dict[Path, str | None] = {}
    return [RunState(one, tuple(_damage(store, one, seen))) for one in publications(store)]


def named_files(store: Store, publication: Publication) -> Iterator[Named]:
    """The files of a run, tables first; those that a lost log or manifest would name are not among them."""
    for name, version in publication.tables.items():
        try:
            yield from _of_table(store, name, version, publication)
        except (DeltaError, OSError, KeyError):
            continue
    for name, label in publication.artifacts.items():
        directory = store.artifact(name, label)
        yield Named(directory / _MANIFEST, publication.manifests.get(name))
        try:
            manifest = Manifest.model_validate_json((directory / _MANIFEST).read_bytes())
        except (OSError, ValidationError):
            continue
        yield from (Named(directory / file.name, file.sha256) for file in manifest.files)


def damage_of(named: Named) -> str | None:
    """What is wrong with a file; None for one that is as it was written."""
    try:
        if named.sha256 is not None:
            return None if sha256_of(named.path) == named.sha256 else "differs from what was written"
        if named.path.name == _MANIFEST:
            Manifest.model_validate_json(named.path.read_bytes())
        else:
            pq.read_table(named.path, partitioning=None, page_checksum_verification=True)
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror or error}"
    except ValidationError:
        return "is no manifest"
    except pa.ArrowException as error:
        return f"is damaged: {' '.join(str(error).split())[:200]}"
    return None


def _damage(store: Store, publication: Publication, seen: dict[Path, str | None]) -> Iterator[str]:
    for name, version in publication.tables.items():
        try:
            files = list(_of_table(store, name, version, publication))
        except (DeltaError, OSError, KeyError) as error:
            yield f"tables/{name}: version {version} cannot be read: {' '.join(str(error).split())[:200]}"
            continue
        yield from _told(store, files, seen)
    yield from _told(store, named_files(store, replace(publication, tables={})), seen)


def _told(store: Store, files: "Iterator[Named] | list[Named]", seen: dict[Path, str | None]) -> Iterator[str]:
    for named in files:
        if named.path not in seen:
            seen[named.path] = damage_of(named)
        if (reason := seen[named.path]) is not None:
            yield f"{named.path.relative_to(store.root).as_posix()} {reason}"


def _of_table(store: Store, name: str, version: int, publication: Publication) -> Iterator[Named]:
    """The files of a run's partition of a table; a version that has none of it had no rows."""
    table = TABLES[name]
    partition = getattr(publication, str(table.partition))
    digests = _digests(store, name)
    files = [path for value, path in committed_files(store, table, version=version) if value == partition]
    if not files and not (store.table(name) / "_delta_log").is_dir():
        raise FileNotFoundError(2, "the table is missing", str(store.table(name)))
    for path in files:
        yield Named(path, digests.get(path.relative_to(store.table(name)).as_posix()))


def _digests(store: Store, name: str) -> dict[str, str]:
    """The digests that the commits of a table noted, by the files' paths below its root."""
    found: dict[str, str] = {}
    for commit in DeltaTable(store.table(name)).history():
        found |= json.loads(commit.get("sha256", "{}"))
    return found
