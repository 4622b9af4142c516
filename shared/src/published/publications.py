"""Publications: what was published, in the order of the store's versions.

Each version of the table `publications` is one publication, a change of the registry, or both. Its commit is the one file whose
appearance readers see, and states both whole, with digests: nobody needs a clock, Parquet or a Delta library to know what is
published.
"""

import hashlib
import json
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from contracts.store import Store
from published.changes import Change, read_change, state_change

__all__ = ["Commit", "Publication", "commits", "stated_change"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_STATED: Final = "publication"
_DIGEST: Final = "digest"
_CHANGE: Final = "registry"
_CHANGE_DIGEST: Final = "registry_digest"
_OLDER: Final = "an older release published it, in a form that this one does not read"


@dataclass(frozen=True)
class Publication:
    """What a run published: where its rows and its files are."""

    run: str
    kind: str
    data: str
    tables: Mapping[str, int]
    """Table name -> Delta version that holds its rows."""
    artifacts: Mapping[str, str]
    """Artifact name -> version."""
    published: datetime
    manifests: Mapping[str, str] = field(default_factory=dict)
    """Artifact name -> SHA-256 of its manifest, from which the digests of all its files follow."""

    def stated(self) -> dict[str, str]:
        """What the commit says of it."""
        text = _PUBLICATION.dump_json(self).decode()
        return {"run": self.run, _STATED: text, _DIGEST: _digest(text)}


@dataclass(frozen=True)
class Commit:
    """A version of the table `publications`."""

    version: int
    run: str | None
    """None where nothing is published by it, or it is too damaged to tell."""
    publication: Publication | None
    problem: str | None = None
    """Why it cannot be read."""
    change: Change | None = None
    """Of the registry."""


_PUBLICATION: Final = TypeAdapter(Publication)


def stated_change(change: Change) -> dict[str, str]:
    """What a commit says of a change of the registry."""
    text = state_change(change)
    return {_CHANGE: text, _CHANGE_DIGEST: _digest(text)}


def commits(store: Store, *, known: Container[int] = ()) -> list[Commit]:
    """The publications of all versions but those that are `known`, the oldest first; damaged ones with their problem."""
    found = (_commit(store, version) for version in store.versions() if version not in known)
    return [commit for commit in found if commit is not None]


def _commit(store: Store, version: int) -> Commit | None:
    """None for a version that publishes nothing, such as one that only compacts the table."""
    try:
        lines = store.publications_commit(version).read_bytes().splitlines()
        actions: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
        info: dict[str, Any] | None = next((action["commitInfo"] for action in actions if "commitInfo" in action), None)
        if info is None:
            raise ValueError("it is cut")  # noqa: TRY301 - one of the ways in which it is damaged
        run = info.get("run")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        return Commit(version, None, None, f"commit {version} of the publications cannot be read: {error}")
    if _STATED not in info and _CHANGE not in info:
        return None if run is None else Commit(version, str(run), None, _OLDER)
    try:
        change = read_change(_vouched(info, _CHANGE, _CHANGE_DIGEST)) if _CHANGE in info else None
        if _STATED not in info:
            return Commit(version, None, None, change=change)
        publication = _named(_PUBLICATION.validate_json(_vouched(info, _STATED, _DIGEST)))
        return Commit(version, publication.run, publication, change=change)
    except (ValueError, TypeError, AttributeError) as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        return Commit(version, None, None, f"commit {version} of the publications is damaged: {said}")


def _vouched(info: Mapping[str, str], name: str, digest: str) -> str:
    if _digest(info[name]) != info.get(digest):
        raise ValueError("it differs from its digest")
    return info[name]


def _named(publication: Publication) -> Publication:
    """The publication, whose names become paths."""
    for name in (publication.run, *publication.artifacts, *publication.artifacts.values()):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a run or an artifact")
    return publication


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
