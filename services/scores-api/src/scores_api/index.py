"""The index: every publication of the store as the builder read it, in one small file for the server."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from contracts.manifest import Manifest
from scores_api.models.runs import RunDetail

__all__ = ["Index", "PublishedRun"]

_FORMAT: Final = 1


class PublishedRun(BaseModel):
    """One publication: its run, where its rows lie, and the artifacts it names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    detail: RunDetail
    tables: dict[str, int]
    """Table name to the Delta version that holds the run's rows."""
    manifests: list[Manifest]


class Index(BaseModel):
    """All publications, the oldest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = _FORMAT
    version: int
    """The store's version that was read."""
    runs: list[PublishedRun]

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
