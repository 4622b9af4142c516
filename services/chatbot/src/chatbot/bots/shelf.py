"""Shelf: the bot in use for each language, or why there is none."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from chatbot.bots import heap
from chatbot.failures import LanguageMissing, ModelUnknown
from chatbot.network.bundle import Bundle, open_bundle, read_files
from dialogue.bundle import BrokenBundle, Language

__all__ = ["Shelf", "language_of", "model_name"]

_PREFIX: Final = "ntdemo-"
_log = structlog.stdlib.get_logger(__name__)


def model_name(language: Language) -> str:
    """What OpenAI's clients call the bot of a language."""
    return f"{_PREFIX}{language}"


def language_of(model: str) -> Language | None:
    """The language of a bot by its name; None for other names."""
    return next((language for language in Language if model_name(language) == model), None)


@dataclass
class Shelf:
    """Replies that are being written keep the bundle they began with; what is asked here is the newest."""

    _bundles: dict[Language, Bundle] = field(default_factory=dict)
    _reasons: dict[Language, str] = field(default_factory=lambda: dict.fromkeys(Language, "no bundle was shipped or published"))

    def open_shipped(self, directory: Path, *, threads: int) -> None:
        """Take the bundles of a directory, one directory a language; what is broken is logged and counts as missing."""
        for language in Language:
            place = directory / language
            if not place.is_dir():
                continue
            try:
                self.take(_shipped(place, language, threads))
            except BrokenBundle as error:
                self._reasons[language] = f"the shipped bundle is broken: {error}"
                _log.error("bundle_broken", directory=str(place), reason=str(error))

    def take(self, bundle: Bundle) -> None:
        """Reply by this bundle from now on."""
        self._bundles[bundle.language] = bundle
        heap.trim()
        training = bundle.card.training
        _log.info("bundle_in_use", language=bundle.language, run=training.run, steps=training.steps, published=bundle.published)

    def bundles(self) -> list[Bundle]:
        """Those in use, in the order of languages."""
        return [self._bundles[language] for language in Language if language in self._bundles]

    def of_language(self, language: Language) -> Bundle | None:
        """The one in use, if any."""
        return self._bundles.get(language)

    def of_model(self, model: str) -> Bundle:
        """The bundle behind a model's name.

        Raises:
            LanguageMissing: no bundle speaks the language; none other takes its place.
            ModelUnknown: there is no such name.
        """
        language = language_of(model)
        known = [model_name(bundle.language) for bundle in self.bundles()]
        if language is None:
            raise ModelUnknown(model, known)
        if language not in self._bundles:
            raise LanguageMissing(language, self._reasons[language], known)
        return self._bundles[language]

    def missing(self) -> dict[Language, str]:
        """Languages without a bundle, with the reason."""
        return {language: self._reasons[language] for language in Language if language not in self._bundles}


def _shipped(directory: Path, language: Language, threads: int) -> Bundle:
    card, files = read_files(directory)
    if card.language is not language:
        raise BrokenBundle(f"its card states the language {card.language.value!r}")
    return open_bundle(card, files, published=False, threads=threads)
