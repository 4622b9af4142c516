"""The catalogue: one immutable view of all publications, from which a request is answered whole."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contracts.manifest import Manifest
from scores_api.failures import ArtifactUnknown, NothingPublished, RunUnknown
from scores_api.index import Index
from scores_api.models.runs import RunDetail

__all__ = ["CURRENT", "LATEST", "Catalogue"]

CURRENT: Final = "current"
LATEST: Final = "latest"
_ALIASES: Final = frozenset({CURRENT, LATEST})


@dataclass(frozen=True)
class Catalogue:
    """All publications of the store at one version."""

    version: int
    runs: tuple[RunDetail, ...]
    """Factor runs, the oldest first, so that a run's number never changes."""
    by_id: Mapping[str, RunDetail]
    tables: Mapping[str, Mapping[str, int]]
    """Run to the Delta versions that hold its rows."""
    manifests: tuple[Manifest, ...]
    """The oldest first."""
    tag: str
    """ETag of what is answered from the catalogue itself."""

    @classmethod
    def of(cls, index: Index, release: str) -> "Catalogue":
        """The catalogue of an index, for answers rendered by `release` of this service.

        Raises:
            NothingPublished: the index is empty.
        """
        if not index.runs:
            raise NothingPublished
        newest = index.runs[-1].detail.id
        runs = tuple(run.detail.model_copy(update={"current": run.detail.id == newest}) for run in index.runs)
        state = hashlib.blake2b(
            "\n".join([release, *(run.id for run in runs), *(manifest.version for manifest in index.manifests)]).encode(),
            digest_size=12,
        )
        return cls(
            version=index.version,
            runs=runs,
            by_id={run.id: run for run in runs},
            tables={run.detail.id: run.tables for run in index.runs},
            manifests=tuple(index.manifests),
            tag=f'"{state.hexdigest()}"',
        )

    @property
    def current(self) -> RunDetail:
        """The newest factor run."""
        return self.runs[-1]

    def run(self, name: str) -> RunDetail:
        """A run by id; `current` and `latest` name the newest.

        Raises:
            RunUnknown: no publication has this id.
        """
        if name in _ALIASES:
            return self.current
        try:
            return self.by_id[name]
        except KeyError:
            raise RunUnknown(name) from None

    def manifest(self, artifact: str, version: str) -> Manifest:
        """The manifest of an artifact version; `latest` and `current` name the newest.

        Raises:
            ArtifactUnknown: no publication names it.
        """
        for manifest in reversed(self.manifests):
            if manifest.artifact == artifact and (version in _ALIASES or manifest.version == version):
                return manifest
        raise ArtifactUnknown(f"There is no artifact {artifact!r} in version {version!r}.")

    def is_latest(self, manifest: Manifest) -> bool:
        """Whether `latest` names this version."""
        return self.manifest(manifest.artifact, LATEST) is manifest
