"""The published runs: what jobs ask of the store, and how this machine's store answers."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import structlog

from contracts.predictions import ARTIFACT
from contracts.store import Store
from published.changes import CURRENT, Change
from published.form import RUN, OtherFormat, RunRecord, read_record
from published.publications import commits
from published.registry import Registry
from trainer.data.sources import locate
from trainer.runs.spec import BUILT_IN, FactorsSpec
from trainer.settings import Settings
from trainer.spark import intake
from trainer.store.lock import Held, publishing

__all__ = ["PublishedRuns", "StoredRuns"]

_log = structlog.stdlib.get_logger(__name__)


class PublishedRuns(Protocol):
    """The published runs. Calls take long and are made in threads."""

    def published(self, run: str) -> bool:
        """Do readers see this run?"""

    def run_of(self, spec: FactorsSpec) -> str | None:
        """The newest run made as `spec` says of the data that it names, as they are now; None where none is published."""

    def serve(self, run: str) -> bool:
        """Let `current` name a run of the data that the trainer was started with, unless it named one of them before.

        Those are as good, or somebody went back from them; the built-in data stand back behind any other.
        """

    def recover(self) -> None:
        """Put whatever no publication names into the quarantine; waits for a publication that is under way.

        Raises:
            PublicationsLost: There are committed data and no publication; then nothing is touched.
        """


class StoredRuns:
    """Looks after `<state>/store`. What is published is seen without loading the libraries that read tables."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = Store.under(settings.state)

    def published(self, run: str) -> bool:
        """Do readers see this run?"""
        return any(commit.run == run for commit in commits(self._store))

    def run_of(self, spec: FactorsSpec) -> str | None:
        """The newest run made as `spec` says of the data that it names, as they are now; None where none is published.

        A run that another release published, or whose record is damaged, is none: the data are trained again. One that somebody
        deleted is not made again by itself, as long as there is another to answer from and its record is in the quarantine.
        """
        if self._store.version() < 0:
            return None
        paths = locate(spec.sources, self._settings)
        spec = spec.decided(intake.objective_of(paths))
        data = intake.digest(paths, spec.ingest)
        found = commits(self._store)
        known = Registry.of(found)
        is_answered = self._record(known.names(CURRENT)) is not None
        for commit in reversed(found):
            publication = commit.publication
            if publication is None or publication.kind != spec.kind or publication.data != data:
                continue
            is_deleted = publication.run in known.deleted
            if is_deleted and not is_answered:
                continue
            record = self._record(publication.run) or (self._taken_out(publication.run) if is_deleted else None)
            if record is not None and _same(record.spec, spec):
                return publication.run
        return None

    def serve(self, run: str) -> bool:
        """As `PublishedRuns.serve`."""
        record = self._record(run)
        if record is None or record.source == BUILT_IN:
            return False
        from trainer.store.registry import change_registry  # noqa: PLC0415 - loads delta-rs

        data = {one.run: one.publication.data for one in commits(self._store) if one.publication is not None}

        def decide(known: Registry) -> Change | None:
            if run in known.deleted or any(data.get(one) == record.data for one in known.named.get(CURRENT, ())):
                return None
            return Change(datetime.now(UTC), aliases={CURRENT: run})

        return change_registry(self._store, decide).names(CURRENT) == run

    def _taken_out(self, run: str) -> RunRecord | None:
        """The record of a run that lies in the quarantine."""
        kept = self._store.root.with_name("quarantine").glob(f"*/store/artifacts/{ARTIFACT}/{run}/{RUN}")
        return next((record for path in kept if (record := self._read(run, path)) is not None), None)

    def _record(self, run: str | None) -> RunRecord | None:
        return None if run is None else self._read(run, self._store.artifact(ARTIFACT, run) / RUN)

    def _read(self, run: str, path: Path) -> RunRecord | None:
        try:
            return read_record(path.read_bytes())
        except (OSError, ValueError, OtherFormat) as error:
            _log.warning("run_not_read", run=run, reason=str(error))
            return None

    def recover(self) -> None:
        """Put whatever no publication names into the quarantine; waits for a publication that is under way.

        Raises:
            PublicationsLost: There are committed data and no publication; then nothing is touched.
        """
        if not self._store.root.exists():
            return
        from trainer.store.recovery import recover  # noqa: PLC0415 - loads delta-rs

        with publishing(self._settings.state, waiting=_log_holder):
            removed = recover(self._store)
        if removed.paths:
            _log.warning("store_recovered", quarantine=removed.quarantine, removed=removed.paths)


def _same(made: dict[str, Any], spec: FactorsSpec) -> bool:
    """Was a run made as `spec` says? Data are told apart by their digest, and seed and device change no number."""
    wanted = spec.model_dump(mode="json", include={"objective", "engine", "rank"})
    return {name: made.get(name) for name in wanted} == wanted


def _log_holder(held: Held) -> None:
    _log.info("store_busy", holder=held.holder)
