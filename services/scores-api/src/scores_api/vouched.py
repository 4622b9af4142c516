"""What a publication vouches for: manifests and records, each compared with the digest that names it."""

import hashlib
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from contracts.manifest import Manifest
from contracts.predictions import ARTIFACT
from contracts.store import Store
from published import form
from published.form import Head, RunRecord
from published.pages import FileDamaged
from published.publications import Publication

__all__ = ["head", "manifest", "record"]

_MANIFEST: Final = "manifest.json"


def manifest(store: Store, publication: Publication, artifact: str) -> Manifest:
    """The manifest of an artifact that the publication names; raises FileDamaged."""
    path = store.artifact(artifact, publication.artifacts[artifact]) / _MANIFEST
    content = _read(path, publication.manifests.get(artifact))
    try:
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        raise FileDamaged(path, f"is no manifest: {error.errors()[0]['msg']}") from error


def record(store: Store, publication: Publication, stated: Manifest) -> RunRecord:
    """The record of a factor run.

    Raises:
        FileDamaged: it is missing or not as it was written.
        OtherFormat: the run is of another format.
    """
    path, content = _named(store, publication, stated, form.RUN)
    try:
        return form.read_record(content)
    except ValueError as error:
        raise FileDamaged(path, f"is no record of a run: {error}") from error


def head(store: Store, publication: Publication, stated: Manifest) -> Head:
    """The head of a factor run; raises FileDamaged."""
    path, content = _named(store, publication, stated, form.HEAD)
    try:
        return Head.model_validate_json(content)
    except ValidationError as error:
        raise FileDamaged(path, f"is no head of a run: {error.errors()[0]['msg']}") from error


def _named(store: Store, publication: Publication, stated: Manifest, name: str) -> tuple[Path, bytes]:
    path = store.artifact(ARTIFACT, publication.artifacts[ARTIFACT]) / name
    return path, _read(path, next((file.sha256 for file in stated.files if file.name == name), None))


def _read(path: Path, sha256: str | None) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileDamaged(path, f"cannot be read: {error.strerror}") from error
    if sha256 != hashlib.sha256(content).hexdigest():
        raise FileDamaged(path, "differs from its digest")
    return content
