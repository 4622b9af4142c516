"""The index: every publication of the store as the builder read it, in one small file for the server."""

import hashlib
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from contracts.manifest import Manifest
from contracts.store import Store
from scores_api.models.runs import RunDetail

__all__ = ["Index", "PublishedRun", "commit_digest"]

_FORMAT: Final = 2


class PublishedRun(BaseModel):
    """A published factor run, and where its rows lie."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detail: RunDetail
    tables: dict[str, int]
    """Table name to the Delta version that holds the run's rows."""


class Index(BaseModel):
    """All publications, the oldest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = _FORMAT
    version: int
    """The store's version that was read."""
    commit: str
    """Digest of that version's commit: two stores at the same version differ in it."""
    runs: list[PublishedRun]
    """Factor runs: what fragments, scores and factors are read from."""
    manifests: list[Manifest]
    """Of every publication's artifacts, also of runs that have no tables, such as chatbots."""

    @classmethod
    def read(cls, path: Path) -> "Index":
        """The index in a file.

        Raises:
            FileNotFoundError: there is none.
            ValueError: it is damaged or of another format.
        """
        index = cls.model_validate_json(path.read_bytes())
        if index.format != _FORMAT:
            raise ValueError(f"{path} has format {index.format}, not {_FORMAT}")
        return index


def commit_digest(store: Store, version: int) -> str:
    """BLAKE2b-128 of the commit that made a version of the publications table.

    Raises:
        FileNotFoundError: there is no such version.
    """
    return hashlib.blake2b(store.publications_commit(version).read_bytes(), digest_size=16).hexdigest()
