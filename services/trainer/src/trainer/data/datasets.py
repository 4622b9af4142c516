"""Data sets: files that callers uploaded, kept under the state directory and named by their SHA-256."""

import errno
import hashlib
import os
import re
import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Final

__all__ = ["Dataset", "Datasets", "Upload", "UploadsFull"]

_TAKEN: Final = frozenset({errno.ENOTEMPTY, errno.EEXIST})
"""What a rename to a directory that holds something says."""
_MOST: Final = 10_000
"""Data sets."""
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class UploadsFull(Exception):
    """There is no room for more uploads."""


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
        try:
            self._file = self.path.open("xb")
        except OSError:
            self._directory.rmdir()
            raise
        self._digest = hashlib.sha256()
        self.size_bytes = 0
        self._reserved = 0

    def write(self, chunk: bytes) -> None:
        """Append bytes; raises UploadsFull."""
        self._datasets.reserve(len(chunk))
        self._reserved += len(chunk)
        self._file.write(chunk)
        self._digest.update(chunk)
        self.size_bytes += len(chunk)

    def finish(self) -> None:
        """Bring the bytes to the disk; the file may be read from now on, and is not a data set yet."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def keep(self) -> tuple[Dataset, bool]:
        """Make the finished file a data set; False where these bytes were one before, or became one meanwhile."""
        sha256 = self._digest.hexdigest()
        while True:
            try:
                self._directory.rename(self._datasets.root / sha256)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
                if (known := self._datasets.get(sha256)) is not None:  # else it was removed in this moment
                    self.discard()
                    return known, False
            else:
                _sync_directory(self._datasets.root)
                path = self._datasets.root / sha256 / self.path.name
                kept = self._datasets.get(sha256)  # None where it was removed in this moment
                return kept or Dataset(sha256, path, self.size_bytes, datetime.now(UTC)), True

    def discard(self) -> None:
        """Remove what came so far, also where the disk is full, so that not even the last of it can be written."""
        with suppress(OSError):
            self._file.close()
        shutil.rmtree(self._directory, ignore_errors=True)
        self._datasets.release(self._reserved)
        self._reserved = 0


class Datasets:
    """All uploads of a state directory."""

    def __init__(self, state: Path, *, limit_bytes: int | None = None) -> None:
        self.root = state / "datasets"
        self._limit_bytes = limit_bytes
        self._used_bytes: int | None = None
        self._counting = Lock()

    def receive(self, name: str) -> Upload:
        """Begin to take in a file of this name; raises UploadsFull."""
        if self.root.is_dir() and sum(1 for _ in self.root.iterdir()) >= _MOST:
            raise UploadsFull
        return Upload(self, name)

    def reserve(self, size_bytes: int) -> None:
        """Count bytes that are about to be written; raises UploadsFull where all together would be too many."""
        with self._counting:
            if self._used_bytes is None:
                self._used_bytes = sum(path.stat().st_size for path in self.root.glob("[0-9a-f]*/*"))
            if self._limit_bytes is not None and self._used_bytes + size_bytes > self._limit_bytes:
                raise UploadsFull
            self._used_bytes += size_bytes

    def release(self, size_bytes: int) -> None:
        """Count bytes that are gone."""
        with self._counting:
            if self._used_bytes is not None:
                self._used_bytes -= size_bytes

    def remove(self, sha256: str) -> bool:
        """Remove a data set; False where there is none."""
        found = self.get(sha256)
        if found is None:
            return False
        gone = self.root / f".removed-{secrets.token_hex(8)}"
        try:
            (self.root / sha256).rename(gone)
        except FileNotFoundError:
            return False
        _sync_directory(self.root)
        shutil.rmtree(gone, ignore_errors=True)
        self.release(found.size_bytes)
        return True

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
        entries = [self.get(entry.name) for entry in self.root.iterdir()] if self.root.is_dir() else []
        return sorted(
            (each for each in entries if each is not None), key=lambda each: (each.created, each.sha256), reverse=True
        )

    def remove_unfinished(self) -> None:
        """Remove what a dead trainer left of uploads that came in or were being removed."""
        for pattern in (".incoming-*", ".removed-*"):
            for leftover in self.root.glob(pattern):
                shutil.rmtree(leftover, ignore_errors=True)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
