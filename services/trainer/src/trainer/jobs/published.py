"""The published runs: what jobs ask of the store, and how this machine's store answers."""

import json
from typing import Any, Protocol

import structlog

from contracts.store import Store
from trainer.data.sources import locate
from trainer.runs.spec import Engine, FactorsSpec
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

    def recover(self) -> None:
        """Put whatever no publication names into the quarantine; waits for a publication that is under way.

        Raises:
            PublicationsLost: There are committed data and no publication; then nothing is touched.
        """


class StoredRuns:
    """Looks after `<state>/store`. An empty store is seen without loading the libraries that read one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = Store.under(settings.state)

    def published(self, run: str) -> bool:
        """Do readers see this run?"""
        if self._store.version() < 0:
            return False
        from trainer.store.publications import publications  # noqa: PLC0415 - loads delta-rs

        return any(publication.run == run for publication in publications(self._store))

    def run_of(self, spec: FactorsSpec) -> str | None:
        """The newest run made as `spec` says of the data that it names, as they are now; None where none is published."""
        if self._store.version() < 0:
            return None
        from trainer.store import tables  # noqa: PLC0415 - loads delta-rs
        from trainer.store.publications import publications  # noqa: PLC0415 - loads delta-rs

        paths = locate(spec.sources, self._settings)
        spec = spec.decided(intake.objective_of(paths))
        data = intake.digest(paths, spec.ingest)
        for publication in reversed(publications(self._store)):
            if publication.data == data and publication.kind == spec.kind:
                row = tables.read(self._store, "runs", publication.tables["runs"], publication.run).to_pylist()[0]
                if _same(json.loads(row["spec"]), spec):
                    return publication.run
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
    """Was a run made as `spec` says? Data are told apart by their digest, and seed and device change no number.

    A record from before there was a choice of engine names none.
    """
    wanted = spec.model_dump(mode="json", include={"objective", "engine", "rank"})
    recorded = {"engine": Engine.TORCH.value, **made}
    return {name: recorded.get(name) for name in wanted} == wanted


def _log_holder(held: Held) -> None:
    _log.info("store_busy", holder=held.holder)
