"""Durability: brings files to the disk before something visible depends on them."""

import os
from collections.abc import Iterable
from pathlib import Path

__all__ = ["sync"]


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
