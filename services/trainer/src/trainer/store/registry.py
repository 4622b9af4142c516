"""The registry of runs and bots, as the trainer changes it: each change is one commit of the publications."""

from contracts.kinds import RunKind
from contracts.predictions import ARTIFACT
from contracts.store import Store
from published.changes import LATEST
from published.form import RUN, OtherFormat, RunRecord, read_record
from published.registry import Registry
from trainer.store.intents import require_publications
from trainer.store.publications import Decision, Publication, append_change, committing, deciding, published, registry

__all__ = ["change_registry", "factors_run", "record_of", "run_named"]


def change_registry(store: Store, decide: Decision) -> Registry:
    """Change the registry, and bring the commit to the disk; the registry as it is then. Nothing is done where it decides None.

    Raises whatever `decide` raises.

    Raises:
        PublicationsLost: There are committed data and no publication.
        PublicationsDamaged: A commit cannot be read.
    """
    require_publications(store)
    with deciding(store):
        decided = decide(registry(store))
        if decided is not None:
            with committing(store):
                append_change(store, decided)
        return registry(store)


def run_named(store: Store, word: str) -> Publication | None:
    """The publication of a run by its id, an alias, its name, or `latest`; None where there is none, or it was deleted."""
    if store.version() < 0:
        return None
    found, known = published(store)
    if word == LATEST:
        return next((one for one in reversed(found) if one.kind == RunKind.FACTORS), None)
    by_id = {publication.run: publication for publication in found}
    return by_id.get(known.names(word) or word) or by_id.get(known.run_of(word) or "")


def factors_run(store: Store, word: str) -> Publication | None:
    """As `run_named`, of runs of factors alone."""
    found = run_named(store, word)
    return found if found is not None and found.kind == RunKind.FACTORS else None


def record_of(store: Store, run: str | None) -> RunRecord | None:
    """What a run of factors is; None where it is damaged, or of another release."""
    if run is None:
        return None
    try:
        return read_record((store.artifact(ARTIFACT, run) / RUN).read_bytes())
    except (OSError, ValueError, OtherFormat):
        return None
