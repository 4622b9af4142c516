"""The quarantine: what was taken out of the store, kept beside it until somebody puts it back or empties the quarantine.

An entry is a directory: `entry.json`, and the files below `store/` as they lay in the store. Taking out is a rename.
"""

import json
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from contracts.store import Store
from trainer.store.durable import sync

__all__ = ["Entry", "Quarantine", "Taken"]

_ENTRY: Final = "entry.json"


@dataclass(frozen=True)
class Taken:
    """Something that was taken out of the store."""

    path: str
    """Below the store: `tables/factors/run=…`, `artifacts/factors/…`."""
    partition: str | None = None
    """Whose rows these are, where the table had them committed."""


@dataclass(frozen=True)
class Entry:
    """What was taken out at one time."""

    id: str
    reason: str
    taken: tuple[Taken, ...]
    time: datetime


class Quarantine:
    """The quarantine of a store, `<state>/quarantine`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.root = store.root.with_name("quarantine")

    def begin(self, taken: Sequence[Taken], reason: str, *, now: datetime | None = None) -> Entry:
        """Note what is about to be taken out; on the disk before anything moves."""
        now = datetime.now(UTC) if now is None else now
        entry = Entry(f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}", reason, tuple(taken), now)
        directory = self.root / entry.id
        directory.mkdir(parents=True)
        text = json.dumps({**asdict(entry), "time": now.isoformat()}, indent=2)
        (directory / _ENTRY).write_text(text + "\n", encoding="utf-8")
        sync((directory / _ENTRY, directory, self.root, self.root.parent))
        return entry

    def take(self, entry: Entry, path: Path) -> None:
        """Move a file or directory of the store into an entry; what is gone already is passed over."""
        target = self.place(entry, path.relative_to(self._store.root).as_posix())
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            path.rename(target)
        except FileNotFoundError:
            return
        sync((*[one for one in target.parents if one.is_relative_to(self.root / entry.id)], path.parent))

    def place(self, entry: Entry, path: str) -> Path:
        """Where an entry keeps what lay at `path` in the store."""
        return self.root / entry.id / "store" / path

    def entries(self) -> list[Entry]:
        """All entries, the oldest first."""
        found = []
        for path in sorted(self.root.glob(f"*/{_ENTRY}")):
            stated = json.loads(path.read_bytes())
            taken = tuple(Taken(**one) for one in stated["taken"])
            found.append(Entry(path.parent.name, stated["reason"], taken, datetime.fromisoformat(stated["time"])))
        return found

    def size_bytes(self, entry: Entry) -> int:
        """Of all its files."""
        return sum(path.stat().st_size for path in (self.root / entry.id).rglob("*") if path.is_file())

    def put_back(self, entry: Entry) -> list[str]:
        """Move an entry's files to where they lay; what stands there again stays in the quarantine, and is returned."""
        kept = []
        for one in entry.taken:
            source, target = self.place(entry, one.path), self._store.root / one.path
            if not source.exists():
                continue
            if target.exists():
                kept.append(one.path)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
            sync((target.parent,))
        return kept

    def remove(self, entry: Entry) -> None:
        """Delete an entry with all that it keeps."""
        shutil.rmtree(self.root / entry.id)
