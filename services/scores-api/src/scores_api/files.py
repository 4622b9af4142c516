"""Artifact files on disk, compared with their manifest before they are served."""

import asyncio
import hashlib
import os
from pathlib import Path

from contracts.manifest import ArtifactFile, Manifest
from contracts.store import Store
from scores_api.failures import ArtifactDamaged, ArtifactUnknown

__all__ = ["ArtifactFiles"]


class ArtifactFiles:
    """Files of published artifacts; each is hashed once, and again when it changes on disk."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._verified: dict[Path, tuple[int, int, int, int]] = {}

    async def verified(self, manifest: Manifest, name: str) -> tuple[Path, ArtifactFile, os.stat_result]:
        """Where a file lies, what its manifest states, and its status.

        Raises:
            ArtifactUnknown: the manifest lists no such file.
            ArtifactDamaged: the file is missing, or its size or digest differs.
        """
        stated = next((file for file in manifest.files if file.name == name), None)
        if stated is None:
            raise ArtifactUnknown(f"{manifest.artifact} {manifest.version} has no file {name!r}.")
        path = self._store.artifact(manifest.artifact, manifest.version) / name
        return path, stated, await asyncio.to_thread(self._verify, path, stated)

    def _verify(self, path: Path, stated: ArtifactFile) -> os.stat_result:
        try:
            status = path.stat()
            identity = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size)
            if self._verified.get(path) != identity:
                with path.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                if (status.st_size, digest) != (stated.size_bytes, stated.sha256):
                    raise ArtifactDamaged(f"{stated.name} differs from its manifest in size or SHA-256.")
                self._verified[path] = identity
        except OSError as error:
            raise ArtifactDamaged(f"{stated.name} cannot be read: {error.strerror}.") from error
        return status
