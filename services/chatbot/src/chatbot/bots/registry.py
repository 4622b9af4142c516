"""Registry: the bot in use for each language, or why there is none."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from chatbot.bots import memory
from chatbot.failures import LanguageMissing, ModelUnknown
from chatbot.network.bundle import Bundle, open_bundle
from dialogue.bundle import BrokenBundle, Language, read_bundle

__all__ = ["BotRegistry", "language_of", "model_name"]

_PREFIX: Final = "ntdemo-"
_RUN: Final = ":"
"""Between a language's name and the run of one bot of it."""
_log = structlog.stdlib.get_logger(__name__)


def model_name(language: Language) -> str:
    """What OpenAI's clients call the bot of a language."""
    return f"{_PREFIX}{language}"


def language_of(model: str) -> Language | None:
    """The language of a bot by its name, with or without a run; None for other names."""
    plain = model.partition(_RUN)[0]
    return next((language for language in Language if model_name(language) == plain), None)


@dataclass
class BotRegistry:
    """Replies that are being written keep the bundle they began with; what is asked here is what is served now."""

    _bundles: dict[Language, Bundle] = field(default_factory=dict)
    """Those behind the languages' plain names."""
    _trained: dict[Language, Bundle] = field(default_factory=dict)
    """The newest that was trained here and is not promoted, served under its own name alone."""
    _unserved: dict[Language, str] = field(default_factory=dict)
    """Which promoted bot is not served, and why."""
    _reasons: dict[Language, str] = field(
        default_factory=lambda: dict.fromkeys(Language, "no bundle was shipped, and none is promoted")
    )

    def open_shipped(self, directory: Path, *, threads: int, languages: Iterable[Language] = tuple(Language)) -> None:
        """Serve the bundles of a directory, one directory a language; what is broken is logged and counts as missing."""
        for language in languages:
            self._bundles.pop(language, None)
            bundle_directory = directory / language
            if not bundle_directory.is_dir():
                continue
            try:
                self.register(_shipped(bundle_directory, language, threads))
            except BrokenBundle as error:
                self._reasons[language] = f"the shipped bundle is broken: {error}"
                _log.error("bundle_broken", directory=str(bundle_directory), reason=str(error))

    def offer(self, language: Language, bundle: Bundle | None) -> None:
        """Serve a bot that is not promoted under its own name, in place of the one before it; None serves none."""
        if bundle is None:
            self._trained.pop(language, None)
        else:
            self._trained[language] = bundle
            _log.info("bundle_offered", model=f"{model_name(language)}{_RUN}{bundle.card.training.run}")
        memory.give_back()

    def note_unserved(self, language: Language, run: str, reason: str) -> None:
        """Remember that a promoted bot is not served; logged when it is told first."""
        told = f"{run}, which is promoted, is not served: {reason}"
        if self._unserved.get(language) != told:
            self._unserved[language] = told
            _log.warning("promoted_bot_not_served", language=language, run=run, reason=reason)

    def forget_unserved(self, language: Language) -> None:
        """Forget it: what is promoted is served, or nothing is promoted."""
        self._unserved.pop(language, None)

    def unserved(self) -> dict[Language, str]:
        """Languages whose promoted bot is not served, with the reason."""
        return dict(self._unserved)

    def register(self, bundle: Bundle) -> None:
        """Reply by this bundle from now on."""
        self._bundles[bundle.language] = bundle
        memory.give_back()
        training = bundle.card.training
        _log.info("bundle_in_use", language=bundle.language, run=training.run, steps=training.steps, published=bundle.published)

    def bundles(self) -> dict[str, Bundle]:
        """Those that can be talked to, by their names: the languages' own, then those that are not promoted."""
        plain = {model_name(language): self._bundles[language] for language in Language if language in self._bundles}
        trained = {
            f"{model_name(language)}{_RUN}{bundle.card.training.run}": bundle for language, bundle in self._trained.items()
        }
        return plain | trained

    def of_language(self, language: Language) -> Bundle | None:
        """The one behind its plain name, if any."""
        return self._bundles.get(language)

    def offered(self, language: Language) -> Bundle | None:
        """The one that is not promoted, if any."""
        return self._trained.get(language)

    def of_model(self, model: str) -> Bundle:
        """The bundle behind a model's name.

        Raises:
            LanguageMissing: no bundle speaks the language; none other takes its place.
            ModelUnknown: there is no such name.
        """
        bundles = self.bundles()
        if model in bundles:
            return bundles[model]
        language, known = language_of(model), list(bundles)
        run = model.partition(_RUN)[2]
        if language is None or (run and all(bundle.card.training.run != run for bundle in bundles.values())):
            raise ModelUnknown(model, known)
        if language not in self._bundles:
            raise LanguageMissing(language, self._reason(language), known)
        return self._bundles[language]

    def missing(self) -> dict[Language, str]:
        """Languages without a bundle, with the reason."""
        return {language: self._reason(language) for language in Language if language not in self._bundles}

    def _reason(self, language: Language) -> str:
        return self._unserved.get(language) or self._reasons[language]


def _shipped(directory: Path, language: Language, threads: int) -> Bundle:
    card, files = read_bundle(directory)
    if card.language is not language:
        raise BrokenBundle(f"its card states the language {card.language.value!r}")
    return open_bundle(card, files, published=False, threads=threads)
