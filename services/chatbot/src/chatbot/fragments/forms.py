"""Forms: questions that leave a place for a name, which may be any word, in English and Japanese.

Pure text, for what `mentions` does not take for a fragment: `what is like aspirin?`
"""

import re
from typing import Final

__all__ = ["framed"]

_LONGEST_NAME: Final = 200
_SENTENCE: Final = re.compile(r"[。、!?！？]|[.,] ")
"""What stands between words of talk, and in no name."""
_LEAD: Final = (
    r"(?:(?:please|hey|hi|hello|ok|okay|so|and|well|now|then|can\s+you|could\s+you|would\s+you|do\s+you\s+know|tell\s+me|show\s+me)"
    r"[\s,:]+)*"
)
_LIKE: Final = r"(?:like|similar\s+to|close\s+to|closest\s+to|near(?:est)?(?:\s+to)?|alike\s+to|comparable\s+to|related\s+to)"
_AND: Final = r"(?:\s+(?:and|to|with|versus|vs\.?)\s+|\s*[&,]\s*)"
_FRAGMENTS: Final = r"(?:the\s+)?(?:fragments?\s+)?"
_ONE, _TWO = r"(?P<one>\S.*?)", r"(?P<two>\S.*?)"
_PAIRS_EN: Final = (
    rf"how\s+(?:much\s+)?(?:similar|alike|close|near|related|comparable)\s+(?:are|is)\s+{_FRAGMENTS}{_ONE}{_AND}{_TWO}",
    rf"how\s+(?:much\s+)?(?:does|do)\s+{_ONE}\s+(?:resemble|compare\s+(?:to|with))\s+{_TWO}",
    rf"how\s+(?:much\s+)?(?:is|are)\s+{_ONE}\s+(?:like|similar\s+to)\s+{_TWO}",
    rf"(?:what(?:'s|\s+is)\s+)?(?:the\s+)?similarity\s+(?:of|between)\s+{_FRAGMENTS}{_ONE}{_AND}{_TWO}",
    rf"compare\s+{_FRAGMENTS}{_ONE}{_AND}{_TWO}",
    rf"are\s+{_FRAGMENTS}{_ONE}\s+and\s+{_TWO}\s+(?:similar|alike|close|related)",
    rf"is\s+(?!there\b){_ONE}\s+(?:anything\s+)?(?:like|similar\s+to|close\s+to|related\s+to)\s+{_TWO}",
)
_NEAREST_EN: Final = (
    rf"(?:what|who)\s+are\s+(?:the\s+)?(?:(?:nearest|closest)\s+)?neighbou?rs?\s+of\s+{_ONE}",
    rf"(?:what|which)(?:\s+(?:fragments?|ones?))?(?:'s|\s+is|\s+are)?\s+(?:the\s+)?(?:most\s+)?(?:fragments?\s+)?{_LIKE}\s+{_ONE}",
    rf"(?:what|which(?:\s+fragments?)?)\s+(?:acts?|behaves?|works?)\s+(?:most\s+)?(?:like|similarly\s+to)\s+{_ONE}",
    rf"(?:what|which(?:\s+fragments?)?)\s+resembles?\s+{_ONE}",
    (
        r"(?:find|list|show|give|name|get)?(?:\s*me)?\s*(?:(?:the|some|all|\d+|most|nearest|closest|similar)\s+)*"
        rf"(?:fragments?|neighbou?rs?)\s+(?:(?:that|which)\s+)?(?:(?:is|are)\s+)?(?:most\s+)?(?:{_LIKE}|of|to)\s+{_ONE}"
    ),
    rf"(?:is\s+there\s+)?(?:anything|something|any\s+fragments?|a\s+fragment)\s+(?:else\s+)?{_LIKE}\s+{_ONE}",
)
_TAIL_EN: Final = r"(?:\s+(?:to\s+each\s+other|in\s+function|functionally|then|please|exactly|now))*"

_WHICH: Final = r"(?:何|なに|なん|どれ|どの(?:フラグメント|断片|もの))"
_HOW_MUCH: Final = r"(?:どれ(?:くらい|ぐらい|位|ほど|だけ)|どの(?:くらい|ぐらい|位|程度)|どんだけ)"
_ALIKE: Final = r"(?:似て(?:い)?(?:る|ます)|似通って(?:い)?(?:る|ます)|近い|類似して(?:い)?(?:る|ます))"
_ASKED: Final = r"(?:の|ん)?(?:です|でしょう|だろう)?(?:か|かな)?(?:教えて(?:ください|下さい)?)?"
_PAIRS_JA: Final = (
    rf"{_ONE}と{_TWO}(?:は|って|が)?、?{_HOW_MUCH}{_ALIKE}{_ASKED}",
    rf"{_ONE}と{_TWO}(?:は|って|が)、?(?:お互いに)?{_ALIKE}{_ASKED}",
    rf"{_ONE}と{_TWO}の(?:類似度|似ている度合い|近さ)(?:は|って|を)?(?:どれ(?:くらい|ぐらい)|どのくらい|何|いくつ|いくら)?.{{0,8}}",
    rf"(?!{_WHICH}が){_ONE}(?:は|って|が){_TWO}(?:に|と)、?{_HOW_MUCH}?{_ALIKE}{_ASKED}",
    rf"{_ONE}と{_TWO}を(?:比べて|比較して|比較).{{0,8}}",
)
_SUCH: Final = r"(?:似て(?:い)?る|似ています|似てます|似た|近い|類似した|類似する|類似の)"
_THINGS: Final = r"(?:フラグメント|断片|もの|物|やつ|の)?"
_NEAREST_JA: Final = (
    rf"{_WHICH}が、?{_ONE}(?:に|と)(?:一番|いちばん|最も|もっとも|よく)*{_ALIKE}{_ASKED}",
    rf"{_ONE}(?:に|と)、?(?:一番|いちばん|最も|もっとも|よく)*{_SUCH}{_THINGS}(?:は|って|を|が)?、?{_WHICH}?{_ASKED}",
    rf"{_ONE}(?:みたいな|のような){_THINGS}(?:は|って)?、?{_WHICH}?{_ASKED}(?:ある|あります)?(?:か)?",
    rf"{_ONE}の(?:近傍|近く|隣|類似フラグメント|仲間)(?:は|って|を)?、?{_WHICH}?{_ASKED}",
)
_QUOTES: Final = "\"'`“”‘’「」『』"
_WORDS: Final = re.compile(
    r"^(?:the\s+)?fragments?\s+|^(?:フラグメント|断片)(?:の)?|(?:という)?(?:フラグメント|断片)$", re.IGNORECASE
)


def framed(text: str) -> tuple[str, ...] | None:
    """The one or two names that stand where a question has its fragments: `what is like X`, `how similar are X and Y`."""
    text = text.rstrip("?!. 。？！…~〜")
    for pattern in _PAIRS:
        if match := pattern.fullmatch(text):
            one, two = _name(match["one"]), _name(match["two"])
            if _is_name(one) and _is_name(two):
                return one, two
    for pattern in _NEARESTS:
        if (match := pattern.fullmatch(text)) and _is_name(one := _name(match["one"])):
            return (one,)
    return None


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_NAME and not _SENTENCE.search(text)


def _name(text: str) -> str:
    """What was said, without quotes and the word fragment around it."""
    return _WORDS.sub("", text.strip(f" ,、{_QUOTES}")).strip(f" ,、{_QUOTES}")


def _compiled(english: tuple[str, ...], japanese: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(
        [re.compile(rf"{_LEAD}{pattern}{_TAIL_EN}", re.IGNORECASE) for pattern in english]
        + [re.compile(rf"(?:ねえ|じゃあ|では|ところで)?、?{pattern}", re.IGNORECASE) for pattern in japanese]
    )


_PAIRS: Final = _compiled(_PAIRS_EN, _PAIRS_JA)
_NEARESTS: Final = _compiled(_NEAREST_EN, _NEAREST_JA)
