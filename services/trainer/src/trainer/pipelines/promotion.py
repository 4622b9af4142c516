"""Promotion: which trained bot is served under its language's plain name, decided by figures on the same exchanges.

A promotion is a version of the artifact `bots`, published as everything is: readers see the one before or this one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from contracts.kinds import RunKind
from contracts.store import Store
from dialogue.bundle import PROMOTIONS_ARTIFACT, PROMOTIONS_FILE, Language, Promotions, artifact_name
from published.registry import Registry
from trainer.dialogue.failures import InvalidCheckpoint, NotPromoted
from trainer.dialogue.weights import WEIGHTS_FILE, read_weights, shipped_weights
from trainer.pipelines.dialogue import held_out_file
from trainer.runs.failures import require_names
from trainer.runs.identity import new_run
from trainer.settings import Settings
from trainer.store.artifacts import StagedArtifact
from trainer.store.lock import Held, publishing

if TYPE_CHECKING:
    from trainer.dialogue.comparison import Figures

__all__ = ["Promotion", "TrainedRun", "bot_alias", "promote", "rollback", "served_bots", "trained_bots"]

_SHIPPED: Final = "shipped"


@dataclass(frozen=True)
class TrainedRun:
    """A published bot."""

    run: str
    language: Language
    is_served: bool
    """Under its language's plain name; else only as `ntdemo-<language>:<run>`."""


@dataclass(frozen=True)
class Promotion:
    """What is served now, and the figures that decided; none where nothing was compared."""

    language: Language
    served: str
    before: str
    candidate: "Figures | None" = None
    incumbent: "Figures | None" = None


def bot_alias(language: Language) -> str:
    """The plain name of a language's bot."""
    return f"ntdemo-{language}"


def served_bots(settings: Settings) -> dict[Language, str]:
    """The promoted bot of each language that has one."""
    promotions = _promotions(Store.under(settings.state))
    return {language: run for language in Language if (run := promotions.served(language)) is not None}


def trained_bots(settings: Settings) -> list[TrainedRun]:
    """All published bots, the oldest first."""
    store = Store.under(settings.state)
    promotions = _promotions(store)
    return [TrainedRun(run, language, is_served=promotions.served(language) == run) for language, run in _published(store)]


def promote(
    settings: Settings,
    run: str,
    *,
    speaks: Language | None = None,
    force: bool = False,
    expected: str | None = None,
    waiting: Callable[[Held], None] | None = None,
) -> Promotion:
    """Serve a bot under its language's plain name, unless it is worse than the one that is served there.

    Both are measured on exchanges that the training of `run` held out. `force` does without. With `speaks` a bot of another
    language is refused, and with `expected` all where another one is served (`require_names`), before and after measuring.

    Raises:
        NotPromoted: there is no such bot, it is worse, it was deleted or another one promoted while it was measured, or its
            weights or its held-out exchanges cannot be read.
        AliasMoved: another one is served than was expected.
    """
    store = Store.under(settings.state)
    language = next((language for language, found in _published(store) if found == run), None)
    if language is None:
        raise NotPromoted(f"There is no published bot {run!r}; `ntdemo-train bots list` names them.")
    if speaks not in {None, language}:
        raise NotPromoted(f"{run} speaks {language}, and not {speaks}.")
    served = _promotions(store).served(language)
    require_names(bot_alias(language), served, expected)
    compared: tuple[Figures | None, Figures | None] = (None, None)
    if not force:
        try:
            candidate, incumbent = compared = _compare(settings, store, language, run, served)
        except InvalidCheckpoint as error:
            raise NotPromoted(f"{run} cannot be compared: {error}") from error
        from trainer.dialogue.comparison import is_worse  # noqa: PLC0415 - loads torch

        if is_worse(candidate, incumbent):
            raise NotPromoted(
                f"{run} is worse than {served or _SHIPPED} on {candidate.exchanges} held-out exchanges: perplexity "
                f"{candidate.perplexity:.1f} against {incumbent.perplexity:.1f}, the true reply first of 20 in "
                f"{100 * candidate.hit:.0f} % against {100 * incumbent.hit:.0f} %. With `force` it is promoted nevertheless."
            )

    def promoted(now: Promotions) -> Promotions:
        before = now.served(language)
        require_names(bot_alias(language), before, expected)
        if not force and before != served:
            raise NotPromoted(
                f"{run} was compared with {served or _SHIPPED}, and {before or _SHIPPED} is served by now: promote it again."
            )
        return now.with_promoted(language, run)

    before, _ = _publish(settings, store, language, promoted, waiting)
    return Promotion(language, run, before.served(language) or _SHIPPED, *compared)


def rollback(
    settings: Settings,
    language: Language,
    *,
    expected: str | None = None,
    waiting: Callable[[Held], None] | None = None,
) -> Promotion:
    """Serve what was served before the last promotion.

    Raises:
        NotPromoted: nothing was promoted in this language.
        AliasMoved: another one is served than was expected.
    """
    store = Store.under(settings.state)

    def back(now: Promotions) -> Promotions:
        require_names(bot_alias(language), now.served(language), expected)
        if now.served(language) is None:
            raise NotPromoted(f"No bot of {language} is promoted: the shipped one is served.")
        there = {run for _, run in _published(store)}
        now = now.without_last(language)
        while now.served(language) not in {None, *there}:  # deleted since
            now = now.without_last(language)
        return now

    before, after = _publish(settings, store, language, back, waiting)
    return Promotion(language, after.served(language) or _SHIPPED, before.served(language) or _SHIPPED)


def _compare(settings: Settings, store: Store, language: Language, run: str, served: str | None) -> "tuple[Figures, Figures]":
    from trainer.dialogue.comparison import figures, read_held_out  # noqa: PLC0415 - loads torch

    exchanges = read_held_out(held_out_file(settings, language, run))
    weights = _weights(store, language, run)
    incumbent = shipped_weights(language) if served is None else _weights(store, language, served)
    if not incumbent.is_file():
        raise InvalidCheckpoint(
            f"There are no weights of {served or _SHIPPED} to compare with; with `force` nothing is compared."
        )
    return figures(read_weights(weights), exchanges), figures(read_weights(incumbent), exchanges)


def _weights(store: Store, language: Language, run: str) -> Path:
    return store.artifact(artifact_name(language), run) / WEIGHTS_FILE


def _published(store: Store) -> list[tuple[Language, str]]:
    from trainer.store.publications import publications  # noqa: PLC0415 - loads delta-rs

    languages = {artifact_name(language): language for language in Language}
    return [
        (languages[name], version)
        for publication in publications(store)
        for name, version in publication.artifacts.items()
        if name in languages
    ]


def _promotions(store: Store) -> Promotions:
    from trainer.store.publications import publications  # noqa: PLC0415 - loads delta-rs

    versions = [each.artifacts[PROMOTIONS_ARTIFACT] for each in publications(store) if PROMOTIONS_ARTIFACT in each.artifacts]
    if not versions:
        return Promotions()
    file = store.artifact(PROMOTIONS_ARTIFACT, versions[-1]) / PROMOTIONS_FILE
    return Promotions.model_validate_json(file.read_bytes())


def _publish(
    settings: Settings,
    store: Store,
    language: Language,
    change: Callable[[Promotions], Promotions],
    waiting: Callable[[Held], None] | None,
) -> tuple[Promotions, Promotions]:
    """What was promoted before, and what is now; raises NotPromoted where what would be served was deleted."""
    from trainer.store.publications import Publication, announce, registry  # noqa: PLC0415 - loads delta-rs

    now = datetime.now(UTC)
    version = new_run(RunKind.DIALOGUE, now)
    with publishing(settings.state, waiting=waiting):
        before = _promotions(store)
        promotions = change(before)

        def require_there(known: Registry) -> None:
            if promotions.served(language) in known.deleted:
                raise NotPromoted(f"{promotions.served(language)} was deleted.")

        require_there(registry(store))  # before anything is written
        artifact = StagedArtifact(store, PROMOTIONS_ARTIFACT, version)
        text = promotions.model_dump_json(indent=2) + "\n"
        (artifact.begin() / PROMOTIONS_FILE).write_text(text, encoding="utf-8")
        description = "Which trained bots are served under their languages' plain names."
        artifact.seal(
            kind=RunKind.DIALOGUE, created=now, description=description, media_types={PROMOTIONS_FILE: "application/json"}
        )
        manifests = {artifact.name: artifact.digest()}
        artifact.place()
        announce(
            store,
            Publication(
                run=version,
                kind=RunKind.DIALOGUE,
                data="",
                tables={},
                artifacts={PROMOTIONS_ARTIFACT: version},
                published=datetime.now(UTC),
                manifests=manifests,
            ),
            require_there,  # under the lock of who deletes
        )
    return before, promotions
