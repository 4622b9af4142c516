"""The catalogue: one immutable view of all publications, from which a request is answered whole."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from contracts.manifest import Manifest
from published.form import RunRecord
from published.publications import Publication
from scores_api.failures import ArtifactDamaged, ArtifactUnknown, RunOutdated, RunUnknown, RunUnreadable
from scores_api.models.runs import RunDetail

__all__ = ["CURRENT", "LATEST", "Catalogue", "Described"]

CURRENT: Final = "current"
LATEST: Final = "latest"
_ALIASES: Final = frozenset({CURRENT, LATEST})


@dataclass(frozen=True)
class Described:
    """A publication as far as it can be read."""

    run: str | None
    """None where not even that can be told."""
    publication: Publication | None = None
    record: RunRecord | None = None
    """Of a factor run that this release reads."""
    manifests: tuple[Manifest, ...] = ()
    problem: str | None = None
    """Why it cannot be read."""
    outdated: bool = False
    """Whether that is because another release published it."""


@dataclass(frozen=True)
class Catalogue:
    """All publications of the store at one version."""

    runs: tuple[RunDetail, ...]
    """Factor runs, the oldest first, so that a run's number never changes."""
    current: RunDetail
    """The newest of which everything is as it was written."""
    by_id: Mapping[str, Described]
    """Also of what cannot be read."""
    manifests: tuple[Manifest, ...]
    """The oldest first."""
    tag: str
    """ETag of what is answered from the catalogue itself."""

    @classmethod
    def of(cls, described: Sequence[Described], current: str, release: str) -> "Catalogue":
        """The catalogue of publications in their order, for answers rendered by `release` of this service."""
        runs = tuple(_detail(one.publication, one.record, current) for one in described if one.publication and one.record)
        manifests = tuple(manifest for one in described for manifest in one.manifests)
        text = "\n".join([release, current, *(run.id for run in runs), *(manifest.version for manifest in manifests)])
        return cls(
            runs=runs,
            current=next(run for run in runs if run.current),
            by_id={one.run: one for one in described if one.run is not None},
            manifests=manifests,
            tag=f'"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"',
        )

    def run(self, name: str) -> RunDetail:
        """A run by id; `current` and `latest` name the newest that is whole.

        Raises:
            RunUnknown: no publication has this id.
            RunOutdated: another release published it.
            RunUnreadable: it is damaged.
        """
        if name in _ALIASES:
            return self.current
        described = self.by_id.get(name)
        if described is None or (described.record is None and described.problem is None):
            raise RunUnknown(name)
        if described.outdated:
            raise RunOutdated(name, str(described.problem))
        if described.record is None:
            raise RunUnreadable(name, str(described.problem))
        return next(run for run in self.runs if run.id == name)

    def publication(self, run: str) -> Publication:
        """The publication of one of `runs`; raises KeyError for another."""
        publication = self.by_id[run].publication
        if publication is None:
            raise KeyError(run)
        return publication

    def manifest(self, artifact: str, version: str) -> Manifest:
        """The manifest of an artifact version; `latest` and `current` name the newest.

        Raises:
            ArtifactUnknown: no publication names it.
            ArtifactDamaged: it is not as it was written.
        """
        for manifest in reversed(self.manifests):
            if manifest.artifact == artifact and (version in _ALIASES or manifest.version == version):
                return manifest
        if (described := self.by_id.get(version)) is not None and described.problem is not None and not described.outdated:
            raise ArtifactDamaged(f"{artifact} {version}: {described.problem}.")
        raise ArtifactUnknown(f"There is no artifact {artifact!r} in version {version!r}.")

    def is_latest(self, manifest: Manifest) -> bool:
        """Whether `latest` names this version."""
        return self.manifest(manifest.artifact, LATEST) is manifest


def _detail(publication: Publication, record: RunRecord, current: str) -> RunDetail:
    stated = dict(record)
    del stated["format"]
    return RunDetail(**stated, published=publication.published, current=record.id == current)
