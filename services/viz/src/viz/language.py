"""The words of the pages in the language of whoever is answered.

English stands in the code, as what GNU gettext calls the message id. Each other language is a catalogue in `translations`:
`ja.po` for people, and `ja.mo`, which `make translations` compiles from it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, reduce
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any, Final

__all__ = ["LANGUAGES", "N_", "_", "joined", "ngettext", "speaking", "spoken"]

LANGUAGES: Final = {"en": "English", "ja": "日本語"}
"""Tag of a language to its own name; the first is that of the code."""
_HOME: Final = Path(__file__).parent / "translations"
_spoken: ContextVar[str] = ContextVar("spoken", default="en")


def spoken() -> str:
    """The tag of the language that is answered in."""
    return _spoken.get()


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Answer in a language meanwhile, in this task and in those that it starts."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def N_(message: str) -> str:
    """A message of the catalogues that is translated later, by `_`: what is said at import knows no reader."""
    return message


def _(message: str, /, **values: Any) -> str:
    """A message in the reader's language, its places in braces filled; what no catalogue has stays as it is."""
    text = _catalogue(_spoken.get()).gettext(message) if message else message
    return text.format(**values) if values else text


def ngettext(one: str, many: str, count: int, /, **values: Any) -> str:
    """The same of a message whose English depends on a count."""
    text = _catalogue(_spoken.get()).ngettext(one, many, count)
    return text.format(**values) if values else text


def joined(*sentences: str) -> str:
    """Sentences behind each other, those that are empty left out."""
    return reduce(lambda told, more: _("{told} {more}", told=told, more=more), filter(None, sentences))


@cache
def _catalogue(language: str) -> NullTranslations:
    if language == next(iter(LANGUAGES)):
        return NullTranslations()
    with (_HOME / f"{language}.mo").open("rb") as compiled:
        return GNUTranslations(compiled)
