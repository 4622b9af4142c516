"""An artifact appears as a whole, with a manifest that is true."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.manifest import Manifest
from contracts.store import Store
from trainer.store.artifacts import StagedArtifact

NOW = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


def _staged(tmp_path: Path, **files: bytes) -> StagedArtifact:
    artifact = StagedArtifact(Store.under(tmp_path), "factors", "factors-r")
    directory = artifact.begin()
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return artifact


def test_the_manifest_lists_every_file_with_its_digest(tmp_path: Path) -> None:
    artifact = _staged(tmp_path, graph=b"abc", weights=b"")
    media_types = {"graph": "application/octet-stream", "weights": "application/octet-stream"}
    artifact.seal(kind="factors", created=NOW, description="A network.", media_types=media_types)
    assert not artifact.target.exists()
    artifact.place()
    assert not artifact.directory.exists()
    manifest = Manifest.model_validate_json((artifact.target / "manifest.json").read_text())
    assert (manifest.artifact, manifest.version, manifest.run, manifest.created) == ("factors", "factors-r", "factors-r", NOW)
    assert [(file.name, file.size_bytes, file.sha256) for file in manifest.files] == [
        ("graph", 3, hashlib.sha256(b"abc").hexdigest()),
        ("weights", 0, hashlib.sha256(b"").hexdigest()),
    ]


def test_a_file_that_nobody_declared_is_not_published(tmp_path: Path) -> None:
    artifact = _staged(tmp_path, stray=b"abc")
    with pytest.raises(KeyError, match="stray"):
        artifact.seal(kind="factors", created=NOW, description="A network.", media_types={})


def test_a_version_is_staged_once(tmp_path: Path) -> None:
    artifact = _staged(tmp_path)
    with pytest.raises(FileExistsError):
        artifact.begin()
