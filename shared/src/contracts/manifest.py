"""The manifest of an artifact version: which files it holds, how large they are, and their digests."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ArtifactFile", "Manifest"]


class ArtifactFile(BaseModel):
    """One file of an artifact version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
    media_type: str
    size_bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """What `manifest.json` states; written last, beside the files it lists."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    artifact: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    """Name: `factors` for factor runs."""
    version: str
    """The run that made it."""
    run: str
    kind: str
    created: datetime
    description: str
    files: list[ArtifactFile]
