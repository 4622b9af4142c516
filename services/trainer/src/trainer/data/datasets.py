"""Data sets: files that callers uploaded, kept under the state directory and named by their SHA-256."""

import hashlib
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

__all__ = ["Dataset", "Datasets", "Upload"]

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Dataset:
    """One uploaded file. The same bytes are one data set, under the name that they first came with."""

    sha256: str
    path: Path
    size_bytes: int
    created: datetime


class Upload:
    """A file that is still coming in."""

    def __init__(self, datasets: "Datasets", name: str) -> None:
        self._datasets = datasets
        self._directory = datasets.root / f".incoming-{secrets.token_hex(8)}"
        self._directory.mkdir(parents=True)
        self.path = self._directory / name
        """Where the bytes are written so far."""
        self._file = self.path.open("xb")
        self._digest = hashlib.sha256()
        self.size_bytes = 0

    def write(self, chunk: bytes) -> None:
        """Append bytes."""
        self._file.write(chunk)
        self._digest.update(chunk)
        self.size_bytes += len(chunk)

    def finish(self) -> None:
        """Bring the bytes to the disk; the file may be read from now on, and is not a data set yet."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def keep(self) -> tuple[Dataset, bool]:
        """Make the finished file a data set; False where these bytes were one before."""
        sha256 = self._digest.hexdigest()
        found = self._datasets.get(sha256)
        if found is not None:
            self.discard()
            return found, False
        self._directory.replace(self._datasets.root / sha256)
        _sync_directory(self._datasets.root)
        kept = self._datasets.get(sha256)
        assert kept is not None  # noqa: S101 - it was renamed into place in the line before
        return kept, True

    def discard(self) -> None:
        """Remove what came so far."""
        self._file.close()
        shutil.rmtree(self._directory, ignore_errors=True)


class Datasets:
    """All uploads of a state directory."""

    def __init__(self, state: Path) -> None:
        self.root = state / "datasets"

    def receive(self, name: str) -> Upload:
        """Begin to take in a file of this name."""
        return Upload(self, name)

    def get(self, sha256: str) -> Dataset | None:
        """The data set of a digest; None where there is none, or where the text is no digest."""
        if not _SHA256.fullmatch(sha256):
            return None
        directory = self.root / sha256
        try:
            path = next(directory.iterdir())
        except (FileNotFoundError, StopIteration):
            return None
        status = path.stat()
        return Dataset(sha256, path, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def all(self) -> list[Dataset]:
        """Every data set, the newest first."""
        found = [self.get(entry.name) for entry in self.root.iterdir()] if self.root.is_dir() else []
        return sorted((each for each in found if each is not None), key=lambda each: (each.created, each.sha256), reverse=True)

    def remove_unfinished(self) -> None:
        """Remove uploads that a dead trainer left behind."""
        for leftover in self.root.glob(".incoming-*"):
            shutil.rmtree(leftover, ignore_errors=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
