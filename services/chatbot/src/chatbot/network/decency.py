"""Decency: what no reply may hold. Slurs, masks of personal data, addresses and numbers that lead to people, controls.

A bot is trained on text that was cleaned of all this; these rules are for what it makes up by itself. They are asked of a
reply as it would be with one more token, so that another token can be drawn instead and nothing has to be taken back.
"""

import re
import unicodedata
from typing import Final

from dialogue.civility import is_civil

__all__ = ["is_decent", "printable"]

_MASK: Final = re.compile(
    r"""
      [\[\]{}<>［］｛｝＜＞]        # [User 1's name], <AB>, {name}: corpora mask people so, and talk needs none of these signs
    | [*＊]{2,} | _{2,}          # personal data taken out, blanks
    | [○〇◯●×✕]{2,}             # the same in Japanese: 〇〇さん
    | https?:|www\.              # nothing a chat should invent
    | @
    | \d(?:[\s\-–.()（）]?\d){6,}  # seven digits and more: a telephone number, an account
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SPACES: Final = frozenset({"Cc", "Zl", "Zp", "Zs"})
_NOTHING: Final = frozenset({"Cf", "Co", "Cs", "Cn"})


def is_decent(text: str) -> bool:
    """Whether a reply may hold this."""
    return _MASK.search(text) is None and is_civil(text)


def printable(text: str) -> str:
    """The text with a space for each control character and separator, and without formats such as direction marks."""
    return text if text.isprintable() else "".join(_printable(char) for char in text)


def _printable(char: str) -> str:
    category = unicodedata.category(char)
    if category in _SPACES:
        return " "
    return "" if category in _NOTHING else char
