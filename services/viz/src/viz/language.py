"""The words of the pages in the language of whoever is answered.

English stands in the code, as what GNU gettext calls the message id. Each other language is a catalogue in `translations`:
`ja.po` for people, and `ja.mo`, which `make translations` compiles from it.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, reduce
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from string import Formatter
from typing import Any, Final, TypeVar

__all__ = [
    "LANGUAGES",
    "N_",
    "OF_CODE",
    "Speech",
    "_",
    "around",
    "enumerated",
    "joined",
    "ngettext",
    "speaking",
    "spoken",
    "word",
]

T = TypeVar("T")
OF_CODE: Final = "en"
LANGUAGES: Final = {OF_CODE: "English", "ja": "日本語"}
"""Tag of a language to its own name."""
_HOME: Final = Path(__file__).parent / "translations"


@dataclass
class Speech:
    """The language of an answer, and whether any message has been said in it."""

    language: str
    has_begun: bool = False


_speech: ContextVar[Speech | None] = ContextVar("speech", default=None)


def spoken() -> str:
    """The tag of the language that is answered in."""
    speech = _speech.get()
    return OF_CODE if speech is None else speech.language


@contextmanager
def speaking(language: str) -> Iterator[Speech]:
    """Answer in a language meanwhile, in this task and in those that it starts."""
    speech = Speech(language)
    token = _speech.set(speech)
    try:
        yield speech
    finally:
        _speech.reset(token)


def N_(message: str) -> str:
    """A message of the catalogues that is translated later, by `_`: what is said at import knows no reader."""
    return message


def _(message: str, /, **values: Any) -> str:
    """A message in the reader's language, its places in braces filled; what no catalogue has stays as it is."""
    text = _said().gettext(message) if message else message
    return text.format(**values) if values else text


def ngettext(one: str, many: str, count: int, /, **values: Any) -> str:
    """The same of a message whose English depends on a count."""
    text = _said().ngettext(one, many, count)
    return text.format(**values) if values else text


def around(text: str, **parts: T) -> list[str | T]:
    """A message that `_` left its places in, around what is no text: a link, say."""
    found: list[str | T] = []
    for before, name, _spec, _conversion in Formatter().parse(text):
        found += [before] if before else []
        found += [] if name is None else [parts[name]]
    return found


def word(words: Mapping[str, str], named: str) -> str:
    """What we call something; what we have no word for stays as others named it."""
    return _(words[named]) if named in words else named


def joined(*sentences: str) -> str:
    """Sentences behind each other, those that are empty left out."""
    return reduce(lambda told, more: _("{told} {more}", told=told, more=more), filter(None, sentences))


def enumerated(things: Iterable[str | None]) -> str:
    """Things behind each other with commas, those that are empty left out."""
    return _(", ").join(filter(None, things))


def _said() -> NullTranslations:
    speech = _speech.get()
    if speech is None:
        return _catalogue(OF_CODE)
    speech.has_begun = True
    return _catalogue(speech.language)


@cache
def _catalogue(language: str) -> NullTranslations:
    if language == OF_CODE:
        return NullTranslations()
    with (_HOME / f"{language}.mo").open("rb") as compiled:
        return GNUTranslations(compiled)
