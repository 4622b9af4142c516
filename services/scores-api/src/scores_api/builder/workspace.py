"""The workspace: where projections are staged, put in place as a whole, and cleared away.

Several builders may work in one cache at a time (workers, replicas). Each stages in a directory of its own and renames; whoever
comes second finds the other's result and drops its own.
"""

import os
import secrets
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from scores_api import layout
from scores_api.projection import DamagedProjection, verify

__all__ = ["Workspace"]

_ABANDONED_S: Final = 3600.0
"""A staging directory this old belongs to a builder that was killed."""


class Workspace:
    """A cache directory, as builders see it."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._staging = cache / "building"

    @property
    def index(self) -> Path:
        """Where the index lies."""
        return self._cache / layout.INDEX

    def is_projected(self, run: str) -> bool:
        """Whether a whole projection of the run lies in place."""
        try:
            verify(layout.run_directory(self._cache, run))
        except DamagedProjection:
            return False
        return True

    def place(self, run: str, write: Callable[[Path], None]) -> None:
        """Stage a projection with `write` and put it in place, instead of a damaged one if there is one."""
        with self._staged(run) as staged:
            write(staged)
            target = layout.run_directory(self._cache, run)
            target.parent.mkdir(parents=True, exist_ok=True)
            for _ in range(3):
                try:
                    staged.rename(target)
                except OSError:
                    if self.is_projected(run):
                        return
                    self._discard(target)
                else:
                    return
            raise OSError(f"{target} cannot be replaced")

    def write_index(self, text: str) -> None:
        """Replace the index."""
        with self._staged("index") as staged:
            fresh = staged / layout.INDEX
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(self.index)

    def clear(self, published: Collection[str], *, newest: str, kept: int) -> None:
        """Remove projections of unpublished runs, all but the `kept` last used of the old ones, and abandoned staging."""
        places = {path.name: path for path in _entries(self._cache / "runs")}
        others = [name for name in places if name in published and name != newest]
        used = sorted(others, key=lambda name: _used_s(places[name]), reverse=True)
        for name in places.keys() - {newest, *used[:kept]}:
            self._discard(places[name])
        for path in _entries(self._staging):
            if time.time() - _used_s(path) > _ABANDONED_S:
                shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def _staged(self, name: str) -> Iterator[Path]:
        staged = self._staging / f"{name}-{os.getpid()}-{secrets.token_hex(4)}"
        staged.mkdir(parents=True)
        try:
            yield staged
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def _discard(self, directory: Path) -> None:
        """Out of sight at once, then removed; servers that mapped its files keep them."""
        with self._staged("discarded") as bin_:
            try:
                directory.rename(bin_ / "it")
            except FileNotFoundError:
                return


def _entries(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except FileNotFoundError:
        return []


def _used_s(directory: Path) -> float:
    """When a projection was last opened by a server, which touches its directory."""
    try:
        return directory.stat().st_mtime
    except FileNotFoundError:
        return 0.0
