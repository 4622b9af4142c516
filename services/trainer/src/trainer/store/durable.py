"""Durability: brings files to the disk before something visible depends on them, and tells later whether they are the same."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["sha256_of", "sync"]


def sync(paths: Iterable[Path]) -> None:
    """Bring files, or the entries of directories, to the disk; returns when the disk has them.

    Raises:
        OSError: A path cannot be opened, or the disk refuses.
    """
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sha256_of(path: Path) -> str:
    """The digest of a file's bytes, in hexadecimal; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
