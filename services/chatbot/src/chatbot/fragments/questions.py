"""Questions: which messages ask about fragments, and what; also what is asked by going on from the question before.

Pure text. Names are what stands where a fragment's name would; whether there is such a fragment is for the scores API to say.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from chatbot.fragments import intents, mentions
from chatbot.fragments.forms import framed
from chatbot.fragments.intents import Intent
from chatbot.fragments.mentions import Mention

__all__ = ["Name", "Question", "recognise"]

_LONGEST: Final = 400
_REMEMBERED: Final = 6
"""Messages of the user that are looked back on."""
_SHOWN: Final = 5
"""Fragments that an answer lists."""
_SHORT: Final = 80
_PAIR: Final = 2
_ASKS: Final = re.compile(
    r"[?？]|^(?:what|which|who|how|is|are|do|does|can|could|show|find|list|give|tell|name|compare|suggest|top|replace|swap|exchange|substitute)\b"
    r"|(?:か|は|教えて|ください|挙げて|見せて|探して)。?$",
    re.IGNORECASE,
)
_ATTACHMENT: Final = "*"
_TARGET: Final = re.compile(
    r"(?<![A-Za-z0-9])CHEMBL\d+(?![A-Za-z0-9])|(?<=\bon )[A-Z][A-Z0-9]{2,12}\b|(?<=\bagainst )[A-Z][A-Z0-9]{2,12}\b"
)
_MENTIONED: Final = "@"
_WITHOUT_WORDS: Final = re.compile(
    r"^(?:(?:and|or|but|so|ok|okay|hm+|then|now|what|how|same|the|question|for|about|with|of|to|if|it|is|was|that|on|in|by|do"
    r"|you|please|again|also|have|case|i|take|took|use|try)\b|[\s,.!?@'\"&;:]|じゃあ|では|それじゃ|それなら|ならば?|だと|だったら"
    r"|については?|についても|の場合|は|と|も|で|なら|同じ質問|どう|ですか|です|を|に|の|、|。|か|って|や)+$"
)
"""A message that only names fragments, and says with `and … ?` that the question is the one before."""
_IT: Final = re.compile(
    r"\b(?:it|its|that one|this one|that|them|this)\b|それ|これ|あれ|そいつ"
    r"|その(?:フラグメント|基|環|断片)|この(?:フラグメント|基|環|断片)"
)
_AND_IT: Final = re.compile(
    r"\b(?:is|are|does|do|would|can|could|compare|replace|swap|exchange) (?:it|that"
    r"|this)\b(?! (?:true|possible|so|there))|(?:それ|これ|そいつ)(?:は|って|と|を).*@"
)
_WHERE: Final = re.compile(
    r"\bon (?:my |the |an? |our )?(?P<at>@)|\b(?:in|of) (?:my|our) (?P<within>@)"
    r"|(?P<ja>@)(?:上|についた|に付いた|にある|の(?:オルト|メタ|パラ|[2-6])位)の(?=@)"
)
"""A fragment that only says where the one that is asked about sits: `a Cl on my phenyl ring`."""
_REVERSED: Final = re.compile(
    r"@ (?:in (?:the )?(?:place|lieu|stead) of|instead of|replac(?:es?|ing)) (?:the |an? |my )?@"
    r"|@ (?:as )?an? (?:\w+ ){0,2}(?:replacement|substitute|alternative|(?:bio)?isostere|surrogate|stand-in) (?:for|of) "
    r"(?:the |an? |my )?@"
    r"|@(?:は|が|で)@(?:の代わり|を置き?換え|を代替)"
)
"""The second one is what is replaced."""
_ABOUT_ONE: Final = re.compile(
    r"(?:(?:and|so|ok|okay|please|can you|could you) )*"
    r"(?:(?:tell me (?:\w+ )?about|(?:what|how) about|what do you know (?:about|of)|what is known (?:about|of)|describe) )?@"
    r"|@(?:について|とは|って|は)?(?:何|なに|どう)?(?:です)?か?(?:教えて(?:ください|下さい)?)?"
)
"""What is said around a letter where no more than that is asked."""
_FORMULA: Final = re.compile(r"[A-Z]|fluor|chlor|brom|iod|素$")
_MORE_WANTED: Final = re.compile(
    r"^(?:show |give |tell |list )?(?:me )?(?:some |any |a few )?(?:more|others?"
    r"|the rest)\b.{0,30}$|^(?:もっと|ほかに|他に|ほかは|他は|続き).{0,20}$"
)


@dataclass(frozen=True)
class Name:
    """What a fragment is called in a message."""

    text: str
    group_smiles: tuple[str, ...] = ()
    """The fragments that a common name stands for; empty for other names."""
    is_smiles: bool = False


@dataclass(frozen=True)
class Question:
    """What a message wants to know."""

    intent: Intent
    names: tuple[Name, ...] = ()
    certain: bool = True
    """It can be about nothing but fragments; else it is answered only if these exist."""
    kind: str | None = None
    """Of similarity, where one is named."""
    limit: int | None = None
    """How many answers are wanted."""
    is_swap: bool = False
    """One name is to stand in place of the other."""
    targets: tuple[str, ...] = ()
    """Those that are named."""
    of: "Question | None" = None
    """The question whose answer is asked after: of `WHY`."""


def recognise(messages: Sequence[str]) -> Question | None:
    """The question that the last of a user's messages asks, if it asks one about fragments."""
    if not messages:
        return None
    text = _plain(messages[-1])
    if text is None:
        return None
    found = _meant(text, mentions.find(text))
    cues = _cues(text, found)
    own = _own(text, found, cues)
    if own is not None and not _goes_on(found, cues) and not _joins(own, cues):
        return own
    before = recognise(messages[-_REMEMBERED:-1])
    if before is None:
        return own
    return _gone_on(before, found, cues) or own


def _own(text: str, found: Sequence[Mention], cues: str) -> Question | None:
    """What a message asks by itself."""
    explicit = intents.is_explicit(cues)
    limit = intents.limit_of(cues)
    if not found:
        intent = intents.intent_of(cues, names=0)
        if intent is not None and intent is not Intent.HELP:
            return Question(intent, limit=limit)
        if (form := framed(text)) is not None:
            names = tuple(Name(name) for name in form)
            return Question(Intent.SIMILAR if len(names) == 1 else Intent.COMPARE, names, certain=explicit)
        return Question(Intent.HELP) if intent is Intent.HELP else None
    found = _without_places(found, cues)
    names = tuple(dict.fromkeys(_name(each) for each in found))
    intent = intents.intent_of(cues, names=len(found))
    if len(names) == _PAIR and _REVERSED.search(cues):
        names = names[::-1]
    is_swap = intents.is_swap(cues)
    if len(names) == 1 and (intents.is_removed(cues) or intents.is_added(cues)) and _is_of_molecules(text, found):
        hydrogen = Name(mentions.HYDROGEN.english[0], mentions.HYDROGEN.smiles)
        names = (names[0], hydrogen) if intents.is_removed(cues) else (hydrogen, names[0])
        intent, is_swap = Intent.COMPARE, True
    if len(names) == 1 and len(found) > 1:
        intent = intents.intent_of(cues, names=1)
        if intents.compares(cues):
            intent, names = Intent.COMPARE, names * 2
    asks = intent not in {None, Intent.ABOUT} and len(cues) < _SHORT and _ASKS.search(text) is not None
    certain = explicit or asks or any(each.certain for each in found)
    if intent is None and not certain and len(cues.strip(" ?")) > len(found):
        return None
    if intent is Intent.TARGETS and all(name.is_smiles and _ATTACHMENT not in name.text for name in names):
        intent = Intent.PREDICT
    return Question(
        intent or Intent.ABOUT,
        names,
        certain,
        None if intent is Intent.UNLIKE else intents.kind_of(cues),
        limit,
        is_swap=is_swap,
        targets=tuple(dict.fromkeys(_TARGET.findall(text))) if intent in {Intent.PREDICT, Intent.TARGETS} else (),
    )


def _meant(text: str, found: Sequence[Mention]) -> list[Mention]:
    """Without letters and words that may be anything, unless the message asks as one asks about fragments."""
    if all(not each.is_bare for each in found):
        return list(found)
    cues = _cues(text, found)
    is_meant = (
        any(not each.is_bare for each in found)
        or intents.is_explicit(cues)
        or _goes_on(found, cues)
        or _ABOUT_ONE.fullmatch(cues) is not None
        or (
            (
                intents.intent_of(cues, names=len(found)) not in {None, Intent.ABOUT}
                or intents.is_removed(cues)
                or intents.is_added(cues)
            )
            and len(cues) < _SHORT
            and _ASKS.search(text) is not None
        )
    )
    return [each for each in found if is_meant or not each.is_bare]


def _without_places(found: Sequence[Mention], cues: str) -> Sequence[Mention]:
    """Without those that only say where another one sits, in a question about what takes its place."""
    if not intents.is_swap(cues):
        return found
    places = {match.start(match.lastgroup or 0) for match in _WHERE.finditer(cues)}
    at = [place for place, char in enumerate(cues) if char == _MENTIONED]
    if len(at) != len(found):  # it has an @ of its own
        return found
    kept = [each for each, place in zip(found, at, strict=True) if place not in places]
    return kept or found


def _is_of_molecules(text: str, found: Sequence[Mention]) -> bool:
    """Whether something may be added or taken away in a molecule: chlorine rather than alcohol."""
    return _ASKS.search(text) is not None and any(
        each.certain or each.is_bare or _FORMULA.search(each.text) is not None for each in found
    )


def _goes_on(found: Sequence[Mention], cues: str) -> bool:
    """Whether a message may be no question of its own: `and fC?`."""
    return bool(found) and _WITHOUT_WORDS.match(cues) is not None and cues.strip(" ?.!") != _MENTIONED


def _joins(own: Question, cues: str) -> bool:
    """Whether a message asks of one fragment and of the one before: `is it like fC?`."""
    return len(own.names) == 1 and own.intent in {Intent.SIMILAR, Intent.REPLACE} and _AND_IT.search(cues) is not None


def _gone_on(before: Question, found: Sequence[Mention], cues: str) -> Question | None:
    """What a message asks in going on from the question before."""
    asked = before.of if before.intent is Intent.WHY and before.of is not None else before
    if not found:
        return _gone_on_with_the_same(asked, cues)
    names = tuple(dict.fromkeys(_name(each) for each in found))
    if not _goes_on(found, cues):
        return Question(Intent.COMPARE, (asked.names[0], *names), is_swap=intents.is_swap(cues)) if asked.names else None
    if asked.intent in {Intent.COUNT, Intent.MEANING, Intent.HELP}:
        return None
    if asked.intent is Intent.COMPARE and len(names) == 1:
        names = (asked.names[0], *names)
    return replace(asked, names=names, certain=True)


def _gone_on_with_the_same(asked: Question, cues: str) -> Question | None:
    """What a message without a name asks of the fragments of the question before."""
    if intents.is_why(cues):
        return Question(Intent.WHY, asked.names, asked.certain, of=asked)
    if not asked.names:
        return None
    limit, kind = intents.limit_of(cues), intents.kind_of(cues)
    if _MORE_WANTED.match(cues):
        return replace(asked, limit=limit or 2 * (asked.limit or _SHOWN))
    intent = intents.intent_of(cues, names=len(asked.names))
    if intent is not None and _IT.search(cues):
        return replace(asked, intent=intent, kind=kind, limit=limit)
    return replace(asked, kind=kind) if kind is not None and len(cues) < _SHORT // 2 else None


def _name(mention: Mention) -> Name:
    return Name(mention.text, mention.group.smiles if mention.group else (), mention.is_smiles)


def _plain(message: str) -> str | None:
    text = " ".join(unicodedata.normalize("NFKC", message[: _LONGEST + 1]).replace("’", "'").split())
    return text if text and len(text) <= _LONGEST else None


def _cues(text: str, found: Sequence[Mention]) -> str:
    """The message in lower case, with `@` for each name."""
    parts, end = [], 0
    for each in found:
        parts += [text[end : each.start], _MENTIONED]
        end = each.end
    return "".join([*parts, text[end:]]).lower().rstrip("?!. 。…~〜")
