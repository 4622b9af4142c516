"""Typesetting: a decoded reply as its language writes it.

SentencePiece's NFKC makes the full-width signs of Japanese half-width; in a reply they are set back where they follow Japanese.
"""

import re
from typing import Final

from dialogue.bundle import Language

__all__ = ["typeset"]

_WIDE: Final = str.maketrans("?!,~", "？！、〜")
_SIGNS: Final = re.compile(r"(?<=[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff。、」』)])[?!,~]+")


def typeset(text: str, language: Language) -> str:
    """The text with the signs of its language; what comes later changes nothing of what came before."""
    if language is not Language.JAPANESE:
        return text
    return _SIGNS.sub(lambda found: found[0].translate(_WIDE), text)
