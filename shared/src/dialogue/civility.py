"""A short reviewed list of words that no bot is trained to say and none may answer with.

It holds slurs against people for what they are, in English and Japanese; plain swearing is left alone. Words that ordinary
talk needs are left out: a list that refuses ordinary talk protects nobody. Matching is by whole word in
English, by substring in Japanese (which writes no spaces), after NFKC and case folding.
"""

import re
import unicodedata
from typing import Final

__all__ = ["is_civil"]

_ENGLISH: Final = (
    r"nigg(?:er|a|uh)s?|fagg?(?:ot)?s?|kikes?|gooks?|wetbacks?|trann(?:y|ies)|retard(?:ed|s)?|ragheads?|towelheads?"
    r"|cunts?|whores?|sluts?"
)
_JAPANESE: Final = r"ニガー|チョン公|支那人|シナ人|穢多|キチガイ|気違い|つんぼ|かたわ者|ガイジ(?!ン)|死ね(?![なばる])|殺すぞ"
_REFUSED: Final = re.compile(rf"\b(?:{_ENGLISH})\b|{_JAPANESE}")


def is_civil(text: str) -> bool:
    """Whether the text holds none of the refused words."""
    return _REFUSED.search(unicodedata.normalize("NFKC", text).casefold().replace("\u200b", "")) is None
