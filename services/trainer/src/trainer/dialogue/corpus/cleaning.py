"""What is kept of a text: markup, control characters and odd spaces go; a text with a mask in it is not used at all."""

import html
import re
import unicodedata
from typing import Final

__all__ = ["clean"]

_MASK: Final = re.compile(
    r"""
      \[[^\]\n]{0,40}\]          # [User 1's name], [REDACTED], [deleted]
    | <[A-Z]{2,}>                # <AB>: a speaker of RealPersonaChat, <URL>
    | [*＊]{2,}                   # ＊＊: personal data taken out
    | https?://|www\.            # nothing a chat should repeat
    | [\w.+-]+@[\w-]+\.\w        # an address
    | (?<!\d)\d{2,4}-\d{3,4}-\d{3,4}(?!\d)  # a telephone number
    | _{2,}|\{[^}\n]{1,40}\}     # blanks and template slots
    """,
    re.VERBOSE,
)
_MARKUP: Final = re.compile(r"</?[A-Za-z][^<>\n]{0,80}>")
_LETTER: Final = re.compile(r"[^\W_]")
_SPACE_BEFORE: Final = re.compile(r"\s+(?=[.,!?;:](?:\s|$))")


def clean(text: str) -> str | None:
    """The text as it may be learned from; None when it holds a mask, an address, a number to call, a link, or no letter."""
    if "&" in text:
        text = html.unescape(text)
    if _MASK.search(text):
        return None
    text = _MARKUP.sub(" ", text)
    if not text.isprintable():
        text = "".join(_printable(char) for char in text)
    text = _SPACE_BEFORE.sub("", " ".join(text.split()))
    return text if _LETTER.search(text) else None


def _printable(char: str) -> str:
    """Itself; a space for separators and controls; nothing for formats, surrogates, private and unassigned characters."""
    category = unicodedata.category(char)
    if category in {"Cc", "Zl", "Zp", "Zs"}:
        return " "
    return "" if category in {"Cf", "Co", "Cs", "Cn"} else char
