"""Intents: what is being put into the store.

A run's is written before its first commit and ends with its publication; changes of the publications, and what recovery moves,
have one of their own.

What lies in a store without publications is the rest of a killed first run where an intent names it; else publications were
lost.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from contracts.store import Store
from contracts.tables import TABLES
from trainer.store.durable import sync
from trainer.store.tables import partitions

__all__ = ["Intent", "PublicationsLost", "begin", "end_all", "intended", "intents", "require_publications"]

_SHOWN: Final = 3


@dataclass(frozen=True)
class Intent:
    """A run on its way into the store, or `registry` and `recovery`, of no data."""

    run: str
    data: str


class PublicationsLost(Exception):
    """A store holds committed data and no publication; `str` is a sentence that says what helps."""

    def __init__(self, store: Store, found: list[str]) -> None:
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        super().__init__(
            f"{store.root} holds committed data ({', '.join(found[:_SHOWN])}{more}) and no publication that names them: "
            f"{store.table('publications')} was lost. Nothing was changed. `ntdemo-train store restore BACKUP` brings it back; "
            "`ntdemo-train store repair` publishes again every run that is whole."
        )


@contextmanager
def intended(store: Store, run: str, data: str) -> Iterator[None]:
    """Let a run go into the store for the length of the context; a context that fails leaves the intent to recovery.

    Raises:
        PublicationsLost: The store's publications are missing; another one would make all other runs look like leftovers.
    """
    require_publications(store)
    path = begin(store, Intent(run, data))
    yield
    path.unlink()


def begin(store: Store, intent: Intent) -> Path:
    """Write an intent, to the disk; its file."""
    path = _directory(store) / f"{intent.run}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(intent)), encoding="utf-8")
    sync((path, path.parent, path.parent.parent))
    return path


def intents(store: Store) -> list[Intent]:
    """Of runs that are going in, or whose process was killed meanwhile; a torn one, which preceded every commit, is none."""
    found = []
    for path in sorted(_directory(store).glob("*.json")):
        try:
            found.append(Intent(**json.loads(path.read_bytes())))
        except (ValueError, TypeError):
            continue
    return found


def end_all(store: Store) -> None:
    """Forget all of them, once what they left is put away."""
    for path in _directory(store).glob("*.json"):
        path.unlink()


def require_publications(store: Store) -> None:
    """Refuse a store whose publications are gone.

    Raises:
        PublicationsLost: There is committed data that no intent names, and no publication.
    """
    if store.version() >= 0 or not store.root.is_dir():
        return
    going = intents(store)
    named = {intent.run for intent in going} | {intent.data for intent in going}
    found = [
        f"tables/{table.name}/{table.partition}={partition}"
        for table in TABLES.values()
        if table.partition is not None
        for partition in sorted(partitions(store, table.name).keys() - named)
    ]
    found += [
        path.relative_to(store.root).as_posix()
        for path in sorted(store.root.glob("artifacts/*/*/manifest.json"))
        if path.parent.name not in named and not path.parent.name.startswith(".")
    ]
    if found:
        raise PublicationsLost(store, found)


def _directory(store: Store) -> Path:
    return store.root / "publishing"
