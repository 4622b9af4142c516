"""Units of text that figures are counted in: words of English, characters of Japanese."""

import re
import unicodedata
from typing import Final

from dialogue.bundle import Language

__all__ = ["plain", "units"]

_WORD: Final = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def units(text: str, language: Language) -> list[str]:
    """Words and signs of English, case kept; characters of Japanese without its spaces."""
    text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(text) if language is Language.ENGLISH else [char for char in text if not char.isspace()]


def plain(text: str) -> str:
    """For comparison: NFKC, no case, letters and digits only."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum())
