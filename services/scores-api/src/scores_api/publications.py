"""The store's publications as this service sees them: read in the order of the store's versions, each once."""

import hashlib
from typing import Final

from contracts.kinds import RunKind
from contracts.manifest import Manifest
from contracts.predictions import ARTIFACT
from contracts.store import Store
from published.form import OtherFormat, RunRecord
from published.pages import FileDamaged
from published.publications import Commit, Publication, commits
from published.registry import Registry
from scores_api import vouched
from scores_api.catalogue import Described

__all__ = ["Publications", "commit_digest"]

_KINDS: Final = frozenset(RunKind)


class Publications:
    """Remembers what was read: a publication never changes. What cannot be read is tried again by the next reading."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[int, tuple[Commit, Described]] = {}
        self._newest = ""

    def read(self) -> tuple[list[Described], Registry]:
        """Everything that is published, the oldest first, of two publications of a run the later; and the registry. Blocks.

        Of runs that were deleted only their names are there, in the registry.

        Raises:
            OSError: the store cannot be listed.
        """
        if self._known and commit_digest(self._store, max(self._known)) != self._newest:
            self._known = {}  # another store in the place of the one that was read
        read = dict(self._known)
        fresh = commits(self._store, known=self._known)
        registry = Registry.of(sorted([*(commit for commit, _ in read.values()), *fresh], key=lambda commit: commit.version))
        for commit in fresh:
            read[commit.version] = commit, self._described(commit, deleted=commit.run in registry.deleted)
        read = dict(sorted(read.items()))
        self._known = {version: one for version, one in read.items() if one[1].problem is None or one[1].outdated}
        self._newest = commit_digest(self._store, max(self._known)) if self._known else ""
        latest = {one.run or version: one for version, (commit, one) in read.items() if commit.run or commit.problem}
        return [one for one in latest.values() if one.run not in registry.deleted], registry

    def _described(self, commit: Commit, *, deleted: bool) -> Described:
        """A publication of a kind that this release does not know, or of a deleted run, is a name without anything."""
        publication = commit.publication
        if deleted:
            return Described(commit.run)
        if publication is None:
            return Described(commit.run, problem=commit.problem, outdated=commit.run is not None)
        if publication.kind not in _KINDS:
            return Described(publication.run)
        manifests: tuple[Manifest, ...] = ()
        try:
            manifests = tuple(vouched.manifest(self._store, publication, name) for name in publication.artifacts)
            return Described(publication.run, publication, self._record(publication, manifests), manifests)
        except FileDamaged as error:
            return Described(publication.run, publication, problem=str(error))
        except OtherFormat as error:
            return Described(publication.run, publication, None, manifests, str(error), outdated=True)

    def _record(self, publication: Publication, manifests: tuple[Manifest, ...]) -> RunRecord | None:
        """What a factor run is; None of other kinds."""
        if publication.kind != RunKind.FACTORS:
            return None
        stated = next((one for one in manifests if one.artifact == ARTIFACT), None)
        if stated is None:
            raise OtherFormat("its publication names no artifact that holds it")
        return vouched.record(self._store, publication, stated)


def commit_digest(store: Store, version: int) -> str:
    """BLAKE2b-128 of the commit that made a version of the publications table; empty where there is none."""
    try:
        return hashlib.blake2b(store.publications_commit(version).read_bytes(), digest_size=16).hexdigest()
    except FileNotFoundError:
        return ""
