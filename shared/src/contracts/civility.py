"""A short reviewed list of words that no bot is trained to say and none may answer with.

It holds slurs against people for what they are, in English and Japanese; plain swearing is left alone. Words that have an
ordinary meaning as well are left out: a list that refuses ordinary talk protects nobody. Matching is by whole word in
English, by substring in Japanese (which writes no spaces), after NFKC and case folding.
"""

import re
import unicodedata
from typing import Final

__all__ = ["is_civil"]

_ENGLISH: Final = (
    r"nigg(?:er|a|uh)s?|fagg?(?:ot)?s?|kikes?|chinks?|gooks?|wetbacks?|spics?|trann(?:y|ies)|retard(?:ed|s)?|coons?"
    r"|dykes?|ragheads?|towelheads?|sand\s?nigg(?:er|a)s?|cunts?|whores?|sluts?"
)
_JAPANESE: Final = (
    "ニガー", "チョン公", "ちょん公", "支那人", "シナ人", "土人", "穢多", "キチガイ", "きちがい", "気違い", "めくら", "つんぼ",
    "ガイジめ", "かたわ者", "死ね", "しねよ", "殺すぞ",
)  # fmt: skip
_REFUSED: Final = re.compile(rf"\b(?:{_ENGLISH})\b|{'|'.join(_JAPANESE)}")


def is_civil(text: str) -> bool:
    """Whether the text holds none of the refused words."""
    return _REFUSED.search(unicodedata.normalize("NFKC", text).casefold().replace("\u200b", "")) is None
