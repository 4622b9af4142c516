"""Which files a version of a Delta table consists of, read from its log: the part of the Delta protocol that a reader needs.

The store keeps to reader version 1 of the protocol (https://github.com/delta-io/delta/blob/master/PROTOCOL.md): a version is
the last checkpoint before it, if there is one, and the commits since, each of which adds and removes files.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import pyarrow.parquet as pq

from scores_api.builder.damage import StoreDamaged

__all__ = ["Snapshot", "newest_version", "snapshot"]

_COMMIT: Final = re.compile(r"^(\d{20})\.json$")
_CHECKPOINT: Final = re.compile(r"^(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet$")
_READER: Final = 1
_ACTIONS: Final = ("add.path", "add.partitionValues", "protocol.minReaderVersion")


@dataclass(frozen=True)
class Snapshot:
    """A version of a table."""

    root: Path
    version: int
    files: Mapping[Path, Mapping[str, str | None]]
    """File -> value of each partition column."""

    def partition(self, column: str, value: str) -> list[Path]:
        """The files of one partition, sorted."""
        return sorted(file for file, values in self.files.items() if values.get(column) == value)


def newest_version(root: Path) -> int:
    """The newest version of the table at `root`.

    Raises:
        StoreDamaged: there is no commit.
    """
    commits = _numbered(root, _COMMIT)
    if not commits:
        raise StoreDamaged(f"{root} has no Delta log")
    return max(commits)


def snapshot(root: Path, version: int) -> Snapshot:
    """The table at `root` in this version.

    Raises:
        StoreDamaged: the log does not hold this version, is not understood, or asks for a newer reader.
    """
    base, checkpoint = _last_checkpoint(root, version)
    commits = _numbered(root, _COMMIT)
    files: dict[str, Mapping[str, str | None]] = {}
    try:
        for part in checkpoint:
            _apply(root, files, _checkpointed(part))
        for number in range(base + 1, version + 1):
            if number not in commits:
                raise StoreDamaged(f"{root}: the Delta log holds no version {version}, for commit {number} is missing")
            _apply(root, files, (json.loads(line) for line in commits[number].read_bytes().splitlines() if line.strip()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreDamaged(f"{root}: the Delta log is not understood: {error}") from error
    return Snapshot(root=root, version=version, files={root / unquote(path): values for path, values in files.items()})


def _apply(root: Path, files: dict[str, Mapping[str, str | None]], actions: Iterable[Mapping[str, Any]]) -> None:
    for action in actions:
        if (add := action.get("add")) is not None:
            files[add["path"]] = dict(add["partitionValues"])
        elif (remove := action.get("remove")) is not None:
            files.pop(remove["path"], None)
        elif (protocol := action.get("protocol")) and protocol["minReaderVersion"] > _READER:
            raise StoreDamaged(f"{root} is written for Delta readers of version {protocol['minReaderVersion']}, not {_READER}")


def _checkpointed(part: Path) -> Iterable[Mapping[str, Any]]:
    """The actions of a checkpoint's part; a map of partition values comes as pairs."""
    for action in pq.ParquetFile(part).read(columns=list(_ACTIONS)).to_pylist():
        yield {name: value for name, value in action.items() if value and any(held is not None for held in value.values())}


def _last_checkpoint(root: Path, version: int) -> tuple[int, list[Path]]:
    """The last complete checkpoint that is not newer than `version`, with its parts; -1 and none where there is none."""
    parts: dict[tuple[int, int], list[Path]] = {}
    for file in (root / "_delta_log").glob("*.parquet"):
        if (match := _CHECKPOINT.match(file.name)) and int(match[1]) <= version:
            parts.setdefault((int(match[1]), int(match[3] or 1)), []).append(file)
    complete = [(number, files) for (number, count), files in parts.items() if len(files) == count]
    return max(complete, default=(-1, []))


def _numbered(root: Path, pattern: re.Pattern[str]) -> dict[int, Path]:
    log = root / "_delta_log"
    return {int(match[1]): file for file in log.glob("*.json") if (match := pattern.match(file.name))}
