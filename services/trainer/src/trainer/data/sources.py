"""Sources: which files a run's `sources` stand for on this machine, and which of them a caller over HTTP may name."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from servicekit.excerpt import excerpt
from trainer.data.datasets import Datasets
from trainer.runs.spec import BUILT_IN, DEFAULT
from trainer.settings import Settings

__all__ = ["DATASET", "DataNotAllowed", "DataNotFound", "locate", "permit"]

DATASET: Final = "dataset:"
"""Before the SHA-256 of an upload."""
_SHOWN: Final = 200
"""Characters of a path that a refusal repeats."""


class DataNotFound(Exception):
    """A source names nothing that can be read; `str()` is one sentence that names it."""


class DataNotAllowed(Exception):
    """A caller named a path outside the directories that are open to callers; `str()` is one sentence that names it."""


def locate(sources: Sequence[str], settings: Settings) -> tuple[Path, ...]:
    """The files and directories that `sources` stand for; empty for the built-in data.

    Raises:
        DataNotFound: One of them is not there.
    """
    return tuple(path for source in sources if (path := _located(source, settings)) is not None)


def permit(sources: Sequence[str], settings: Settings) -> None:
    """Let `sources` pass where a caller over HTTP may name them: by upload, or by path in a directory that is open.

    Symbolic links are followed before a path is judged.

    Raises:
        DataNotAllowed: A path leads elsewhere.
    """
    start = settings.start_data()
    doors = [door.resolve() for door in settings.data_dirs]
    if start is not None:
        doors.append(start.resolve() if start.is_dir() else start.resolve().parent)
    for source in sources:
        if source in {BUILT_IN, DEFAULT} or source.startswith(DATASET):
            continue
        if not any(Path(source).resolve().is_relative_to(door) for door in doors):
            raise DataNotAllowed(
                f"{excerpt(source, _SHOWN)} lies outside the directories from which this trainer reads files for callers."
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
