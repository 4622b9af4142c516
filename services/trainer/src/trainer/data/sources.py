"""Sources: which files a run's `sources` stand for on this machine, and which of them a caller over HTTP may name."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from servicekit.excerpt import excerpt
from trainer.data.database import Database, fetch, is_database
from trainer.data.datasets import Datasets
from trainer.runs.spec import BUILT_IN, DEFAULT
from trainer.settings import Settings

__all__ = ["DATASET", "DataNotAllowed", "DataNotFound", "fetched", "locate", "permit"]

DATASET: Final = "dataset:"
"""Before the SHA-256 of an upload."""
_SHOWN: Final = 200
"""Characters of a path that a refusal repeats."""


class DataNotFound(Exception):
    """A source names nothing that can be read; `str()` is one sentence that names it."""


class DataNotAllowed(Exception):
    """A caller named a path outside the directories that are open to callers; `str()` is one sentence that names it."""


def locate(sources: Sequence[str], settings: Settings) -> tuple[Path, ...]:
    """The files and directories that `sources` stand for; empty for the built-in data. Databases are passed over.

    Raises:
        DataNotFound: One of them is not there.
    """
    files = [source for source in sources if not is_database(source)]
    return tuple(path for source in files if (path := _located(source, settings)) is not None)


@contextmanager
def fetched(sources: Sequence[str], settings: Settings) -> Iterator[tuple[Path, ...]]:
    """The files and directories that `sources` stand for, with what databases give put down for the length of the context.

    Raises:
        DataNotFound: One of them is not there.
        InvalidData: A database cannot be read.
    """
    if not any(map(is_database, sources)):
        yield locate(sources, settings)
        return
    root = settings.state / "cache" / "trainer"
    root.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="database-", dir=root))
    try:
        found = (
            fetch(source, settings, directory / str(place)) if is_database(source) else _located(source, settings)
            for place, source in enumerate(sources)
        )
        yield tuple(path for path in found if path is not None)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def permit(sources: Sequence[str], settings: Settings) -> None:
    """Let `sources` pass where a caller over HTTP may name them: by upload, the start's data, or a path in an open directory.

    Symbolic links are followed before a path is judged, those below a directory too.

    Raises:
        DataNotAllowed: A path, or a link below it, leads elsewhere.
    """
    start = settings.start_data()
    doors = [door.resolve() for door in (*settings.data_dirs, *([] if start is None else [start]))]
    for source in sources:
        if source in {BUILT_IN, DEFAULT} or source.startswith(DATASET):
            continue
        if is_database(source):
            _permit_database(source, settings)
            continue
        path = Path(source).resolve()
        if not _is_within(path, doors):
            raise DataNotAllowed(
                f"{excerpt(source, _SHOWN)} lies outside the directories from which this trainer reads files for callers."
            )
        for link in _links(path):
            if not _is_within(link.resolve(), doors):
                raise DataNotAllowed(
                    f"{excerpt(source, _SHOWN)} holds a link, {excerpt(str(link.relative_to(path)), _SHOWN)}, that leads out "
                    "of the directories from which this trainer reads files for callers."
                )


def _is_within(path: Path, doors: Sequence[Path]) -> bool:
    """Whether a resolved path is one of the doors or lies below one; below a file there is nothing."""
    return any(path == door or (path.is_relative_to(door) and door.is_dir()) for door in doors)


def _links(path: Path) -> Iterator[Path]:
    """The symbolic links below a directory; what they lead to is not entered."""
    for directory, directories, files in os.walk(path):
        yield from (found for name in (*directories, *files) if (found := Path(directory, name)).is_symlink())


def _permit_database(source: str, settings: Settings) -> None:
    """The trainer's password goes to its own database alone; raises DataNotAllowed."""
    own = settings.database
    try:
        asked = Database.read(source)
        allowed = own is not None and Database.read(f"{own}?table=any").address == asked.address and asked.user is None
    except ValueError as error:
        raise DataNotAllowed(f"The source cannot be used: {error}.") from None
    if not allowed:
        raise DataNotAllowed(
            f"{asked.address} is not the database in TRAINER_DATABASE, the one that this trainer reads for callers."
        )


def _located(source: str, settings: Settings) -> Path | None:
    """None is the built-in data."""
    if source == BUILT_IN:
        return None
    if source.startswith(DATASET):
        uploaded = Datasets(settings.state).get(source.removeprefix(DATASET))
        if uploaded is None:
            raise DataNotFound(f"{excerpt(source, _SHOWN)}: no such data set was uploaded.")
        return uploaded.path
    path = settings.start_data() if source == DEFAULT else Path(source)
    if path is not None and not path.exists():
        raise DataNotFound(f"{excerpt(str(path), _SHOWN)}: there is no such file or directory.")
    return path
