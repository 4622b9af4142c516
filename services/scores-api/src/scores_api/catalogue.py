"""The catalogue: one immutable view of all publications, from which a request is answered whole."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from contracts.manifest import Manifest
from contracts.predictions import ARTIFACT
from published.changes import CURRENT, LATEST
from published.form import RunRecord
from published.publications import Publication
from published.registry import Registry
from scores_api.failures import ArtifactDamaged, ArtifactUnknown, RunDeleted, RunOutdated, RunUnknown, RunUnreadable
from scores_api.models.runs import RunDetail

__all__ = ["Catalogue", "Described", "candidates"]


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
    """What the alias `current` names; where that is damaged, what it named before."""
    by_id: Mapping[str, Described]
    """Also of what cannot be read."""
    manifests: tuple[Manifest, ...]
    """The oldest first."""
    registry: Registry
    tag: str
    """ETag of what is answered from the catalogue itself."""

    @classmethod
    def of(cls, described: Sequence[Described], registry: Registry, current: str, release: str) -> "Catalogue":
        """The catalogue of publications in their order, for answers rendered by `release` of this service."""
        runs = tuple(
            _detail(one.publication, one.record, registry, current) for one in described if one.publication and one.record
        )
        manifests = tuple(manifest for one in described for manifest in one.manifests)
        said = [f"{run.id} {run.name} {run.tags} {run.note} {run.pinned} {run.aliases}" for run in runs]
        text = "\n".join([release, current, *said, *(manifest.version for manifest in manifests)])
        return cls(
            runs=runs,
            current=next(run for run in runs if run.current),
            by_id={one.run: one for one in described if one.run is not None},
            manifests=manifests,
            registry=registry,
            tag=f'"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"',
        )

    def run(self, name: str) -> RunDetail:
        """A run by its id, an alias or its name; `latest` is the one that was published last.

        Raises:
            RunUnknown: nothing is called so.
            RunDeleted: it was deleted.
            RunOutdated: another release published it.
            RunUnreadable: it is damaged.
        """
        if name == CURRENT:
            return self.current
        if name == LATEST:
            return self.runs[-1]
        if name in self.registry.deleted:
            raise RunDeleted(name, self.registry.deleted[name])
        if name not in self.by_id:
            name = self.registry.run_of(name) or name
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
        """The manifest of an artifact version; `latest` is the newest, and `current` too, but for that of the current run.

        Raises:
            RunDeleted: the run that made it was deleted.
            ArtifactUnknown: no publication names it.
            ArtifactDamaged: it is not as it was written.
        """
        if version in self.registry.deleted:
            raise RunDeleted(version, self.registry.deleted[version])
        if version == CURRENT:
            version = self.current.id if artifact == ARTIFACT else LATEST
        for manifest in reversed(self.manifests):
            if manifest.artifact == artifact and version in {LATEST, manifest.version}:
                return manifest
        if (described := self.by_id.get(version)) is not None and described.problem is not None and not described.outdated:
            raise ArtifactDamaged(f"{artifact} {version}: {described.problem}.")
        raise ArtifactUnknown(f"There is no artifact {artifact!r} in version {version!r}.")

    def is_latest(self, manifest: Manifest) -> bool:
        """Whether `latest` names this version."""
        return self.manifest(manifest.artifact, LATEST) is manifest


def candidates(described: Sequence[Described], registry: Registry) -> Iterator[Described]:
    """What may be answered from where nobody names a run: what `current` names, what it named before, then the newest."""
    by_run = {one.run: one for one in described}
    named = [by_run[run] for run in reversed(registry.aliases.get(CURRENT, ())) if run in by_run]
    seen: set[str | None] = set()
    for one in (*named, *reversed(described)):
        if one.run is None or one.run not in seen:
            seen.add(one.run)
            yield one


def _detail(publication: Publication, record: RunRecord, registry: Registry, current: str) -> RunDetail:
    stated = dict(record)
    del stated["format"]
    marks = registry.marks_of(record.id)
    return RunDetail(
        **stated,
        published=publication.published,
        current=record.id == current,
        name=marks.name,
        tags=list(marks.tags),
        note=marks.note,
        pinned=marks.pinned,
        aliases=registry.aliases_of(record.id),
        decision=registry.decisions.get(record.id),
    )
