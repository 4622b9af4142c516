"""An excerpt: the beginning of a text that a caller sent, as short as an answer may repeat it."""

from typing import Final

__all__ = ["excerpt"]

_CHARACTERS: Final = 80


def excerpt(text: str, characters: int = _CHARACTERS) -> str:
    """The text itself up to so many characters, else the first of them and an ellipsis."""
    return text if len(text) <= characters else f"{text[:characters]}…"
