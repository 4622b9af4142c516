"""Artifacts: what a run published besides tables."""

from datetime import datetime

from contracts.kinds import RunKind
from scores_api.models.wire import Cursor, Wire

__all__ = ["Artifact", "ArtifactPage"]


class Artifact(Wire):
    """One version of an artifact; its manifest lists the files."""

    artifact: str
    version: str
    run: str
    """The run that made it."""
    kind: RunKind
    created: datetime
    current: bool
    """Whether `latest` names this version."""


class ArtifactPage(Wire):
    """Artifact versions, the newest first."""

    items: list[Artifact]
    next: Cursor
