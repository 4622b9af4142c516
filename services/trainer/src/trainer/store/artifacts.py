"""Artifacts: files that a run publishes beside its tables, in a directory that appears as a whole."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from contracts.manifest import ArtifactFile, Manifest
from contracts.store import Store
from trainer.store.durable import sync

__all__ = ["StagedArtifact"]

_MANIFEST: Final = "manifest.json"


@dataclass(frozen=True)
class StagedArtifact:
    """A directory that nobody sees yet, beside the place where it will be."""

    store: Store
    name: str
    run: str

    @property
    def directory(self) -> Path:
        """Where its files are written."""
        return self.target.with_name(f".{self.run}")

    @property
    def target(self) -> Path:
        """Where readers find it once it is placed."""
        return self.store.artifact(self.name, self.run)

    def begin(self) -> Path:
        """Make the empty directory."""
        self.directory.mkdir(parents=True)
        return self.directory

    def seal(self, *, kind: str, created: datetime, description: str, media_types: Mapping[str, str]) -> Manifest:
        """Write the manifest of what lies there, last of all files, and bring everything to the disk.

        `media_types` are those of the files by name; a file without one must not be there.
        """
        files = [
            ArtifactFile(
                name=path.name,
                media_type=media_types[path.name],
                size_bytes=path.stat().st_size,
                sha256=_sha256(path),
            )
            for path in sorted(self.directory.iterdir())
        ]
        manifest = Manifest(
            artifact=self.name,
            version=self.run,
            run=self.run,
            kind=kind,
            created=created,
            description=description,
            files=files,
        )
        sync(self.directory / file.name for file in files)
        (self.directory / _MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        sync((self.directory / _MANIFEST, self.directory))
        return manifest

    def digest(self) -> str:
        """SHA-256 of the sealed manifest, while the directory is not in its place yet."""
        return _sha256(self.directory / _MANIFEST)

    def place(self) -> None:
        """Rename the directory to where readers look; without a publication that names it they still see nothing."""
        self.directory.rename(self.target)
        sync((self.target.parent,))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
