"""Mentions: where a message names a fragment: by a name such as `fC` or `F12`, by a SMILES, or by a group's common name.

Pure text, in any mixture of English and Japanese. Whether a run has such a fragment is for the scores API to say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from contracts.group_names import GroupName, group_names

__all__ = ["HYDROGEN", "Mention", "find", "is_smiles"]


@dataclass(frozen=True)
class Mention:
    """A name in a message."""

    text: str
    """As it is looked up: without quotes and words such as `group` or 基."""
    start: int
    end: int
    certain: bool
    """It can hardly be anything but a fragment; else it may be an ordinary word, such as `alcohol`."""
    group: GroupName | None = None
    is_smiles: bool = False
    is_bare: bool = False
    """A letter or a word of which only a question about fragments makes one: `F`, `Me`, `hydrogen`."""


_EVERYDAY: Final = re.compile(
    r"(?:alcohol|ether|ester|(?:iod|chlor|fluor|brom)(?:ine|ide)|glucose|ribose|vinyl|urea|phenol|urethane|phosphate|sulfate"
    r"|carbonate|ethylene|acetylene|glycine|alanine|proline)s?"
    r"|アルコール|エーテル|エステル|ヨウ素|塩素|フッ素|臭素|ビニル|尿素|フェノール|ウレタン|カーボネート|エチレン|アセチレン"
    r"|フラン|フリル|グルコース|リボース|酢酸|リン酸|グリシン|アラニン|プロリン",
    re.IGNORECASE,
)
"""Words that people say without a fragment in mind: taken for one only where the message asks as one asks about fragments."""
_GROUP_WORD: Final = re.compile(
    r"[\s-]*(?:groups?|rings?|moiet(?:y|ies)|substituents?|fragments?|units?|residues?|systems?|linkers?|scaffolds?)"
    r"(?![A-Za-z0-9_-])|環|基|骨格|部分|フラグメント|断片",
    re.IGNORECASE,
)
_BARE: Final = re.compile(
    r"(?<![A-Za-z0-9_°.'/:*\[(=#+-])(?<!\b[Aa]n )(?<!\bgrade )(?<!\d )(?P<dash>-?)"
    r"(?P<letter>F|H|Me|I(?=\s*(?:[?!.,、。をにとはがもや]|$)))"
    r"(?![A-Za-z0-9_'(\[=#*+-]|\.\w| (?:major|minor|words?|keys?|grades?)\b|さん|君|ちゃん|氏|先生|組|級|値|型|社)"
    r"|(?<![A-Za-z-])(?P<word>[Hh]ydrogen)(?: atoms?)?(?![A-Za-z-]| (?:bond|bomb|peroxide|fuel|gas|car|sulfide)|-bond)"
    r"|(?<![一-龯])(?P<kanji>水素)(?:原子)?(?![水結爆一-龯])"
)
_PARTED: Final = re.compile(r"(?:\b(?:to|by|with|for|and|or|vs\.?|versus)\s|[とをに、/])$")
"""What stands before `I` where it is iodine, and hardly ever where it is a person."""
_BARE_GROUPS: Final = {"F": "*F", "H": "*[H]", "Me": "*C", "I": "*I", "hydrogen": "*[H]", "水素": "*[H]"}
HYDROGEN: Final = GroupName(("hydrogen",), ("水素",), ("*[H]",))
"""Which the list of groups does not have: it is a fragment of no compound."""
_NAMED: Final = re.compile(r"(?<![A-Za-z0-9_/.:-])f[A-Z]{1,2}\d{0,4}(?![A-Za-z0-9_])")
_NUMBERED: Final = re.compile(
    r"(?<![A-Za-z0-9_/.:-])(?:(?P<short>[Ff])|(?:frag|fragment|フラグメント|断片)[\s_#-]?)(?P<number>\d{1,6})(?![A-Za-z0-9_.])",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(r"[A-Za-z0-9@+\-\[\]()=#$%/\\.*:]+")
_IN_BRACKETS: Final = r"\[\d{0,3}(?:[A-Z][a-z]?|se|as|[bcnops]|\*|R\d{1,2})@{0,2}(?:H\d?)?(?:[+-]{1,3}\d?)?(?::\d{1,3})?\]"
_ATOM: Final = rf"(?:{_IN_BRACKETS}|Br|Cl|[BCNOPSFIbcnops*])"
_SMILES: Final = re.compile(rf"-?{_ATOM}(?:{_ATOM}|[-=#$:/\\.()]|\d|%\d\d)*")
_BRACKETED: Final = re.compile(r"\[[^\]]*\]")
_RING_NUMBER: Final = re.compile(r"%\d\d|\d")
_FORMULA: Final = re.compile(r"\d|[a-z][A-Z]|[A-Z]{2}[a-z]|[A-Z]{4}")
"""What tells `CF3`, `iPr`, `OMe` and `COOH` from words and abbreviations."""
_LONGEST_FORMULA: Final = 8
_WORD: Final = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9][A-Za-z0-9,()\[\]-]*")
_CHEMICAL: Final = re.compile(
    r"(?:azole|azolyl|diazine|triazine|thiazine|oxazine|perazine|razinyl|piperidine|pyridine|pyrimidine|rrolidine|phenyl|benzyl"
    r"|thienyl|pyridyl|pyridinyl|quinoline|thiophene|morpholine|sulfonamide|carboxamide|indole|indolyl|azepine|oxetane|azetidine"
    r"|cyclohexyl|cyclopentyl|cyclopropyl|butyl|propyl|pentyl|methoxy|ethoxy|sulfonyl|amidine|lactam)s?$",
    re.IGNORECASE,
)
"""The end of words that name a group by their form, though the list of groups does not have them."""
_QUOTED: Final = re.compile(r"[\"'`“‘「『]([^\"'`“”‘’「」『』]{1,120})[\"'`”’」』]")
_LATIN: Final = re.compile(r"[A-Za-z0-9_]")
_KATAKANA: Final = re.compile(r"[ァ-ヴー]")


def find(text: str) -> list[Mention]:
    """The mentions of an NFKC text in their order; where two overlap, the one that is told more surely stays."""
    taken: list[Mention] = []
    for found in (_numbered, _quoted, _groups, _smiles, _named, _words, _bare):
        for mention in found(text):
            if all(mention.end <= other.start or mention.start >= other.end for other in taken):
                taken.append(mention)
    return sorted(taken, key=lambda mention: mention.start)


def is_smiles(word: str) -> bool:
    """Whether a word has the form of a SMILES; `CNN` has it, too."""
    if (
        not _SMILES.fullmatch(word)
        or not any(char.isalpha() for char in word)
        or not (word[-1].isalnum() or word[-1] in ")]*")
        or "()" in word
    ):
        return False
    bare = _BRACKETED.sub("A", word)
    depth = 0
    for char in bare:
        depth += (char == "(") - (char == ")")
        if depth < 0:
            return False
    numbers = _RING_NUMBER.findall(bare)
    has_aromatic = any(char in "bcnops" for char in re.sub(r"Br|Cl", "A", bare))
    return depth == 0 and all(numbers.count(number) % 2 == 0 for number in numbers) and (bool(numbers) or not has_aromatic)


def _numbered(text: str) -> Iterator[Mention]:
    for match in _NUMBERED.finditer(text):
        number = match["number"]
        name = match[0] if match["short"] else f"F{number}"
        yield Mention(name, match.start(), match.end(), certain=not match["short"])


def _quoted(text: str) -> Iterator[Mention]:
    for match in _QUOTED.finditer(text):
        inside = match[1].strip()
        if is_smiles(inside):
            yield Mention(inside, match.start(), match.end(), certain=_is_evident(inside), is_smiles=True)


def _groups(text: str) -> Iterator[Mention]:
    """At each place the longest name of a group that begins there."""
    names, longest = _names()
    after = 0
    for start in range(len(text)):
        if start < after or (_LATIN.match(text[start]) and _LATIN.match(text[start - 1 : start])):
            continue
        for end in range(min(start + longest, len(text)), start, -1):
            said = text[start:end]
            group = names.get(said) or names.get(said.lower()) or names.get(said.lower().removesuffix("s"))
            if group is None or not _is_whole(text, start, end):
                continue
            suffix = _GROUP_WORD.match(text, end)
            if said in names and said != said.lower():
                is_evident = _FORMULA.search(said) is not None
            else:
                is_evident = _EVERYDAY.fullmatch(said) is None
            after = suffix.end() if suffix else end
            begin = start - 1 if text[start - 1 : start] == "-" and not _LATIN.match(text[start - 2 : start - 1]) else start
            yield Mention(said, begin, after, certain=is_evident or suffix is not None, group=group)
            break


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether nothing around makes a longer word of this one: `methyl` is none in `trimethylene`, メチル none in ポリメチル."""
    before, following = text[start - 1 : start], text[end : end + 1]
    if _KATAKANA.match(text[start]) and _KATAKANA.match(before):
        return False
    if _KATAKANA.match(text[end - 1]) and _KATAKANA.match(following):
        return False
    if _LATIN.match(text[start]) and (_LATIN.match(before) or (before in "(=#*[]" and before)):
        return False
    if _LATIN.match(text[end - 1]) and (_LATIN.match(following) or (following in "(=#*[+" and following)):
        return False
    is_joined_before = before == "-" and _LATIN.match(text[start - 2 : start - 1]) is not None
    is_joined_after = (
        following == "-" and _LATIN.match(text[end + 1 : end + 2]) is not None and not text[end:].startswith("-like")
    )
    return not is_joined_before and not is_joined_after


def _smiles(text: str) -> Iterator[Mention]:
    for match in _TOKEN.finditer(text):
        word, start = match[0].rstrip(".,:/\\-=#"), match.start()
        if word.startswith("("):
            word, start = word[1:].removesuffix(")"), start + 1
        while word.endswith(")") and word.count(")") > word.count("("):
            word = word[:-1]
        if is_smiles(word) and (_is_evident(word) or "CC" in word[:-1] or "CC" in word[1:]):
            yield Mention(word, start, start + len(word), certain=_is_evident(word), is_smiles=True)


def _named(text: str) -> Iterator[Mention]:
    for match in _NAMED.finditer(text):
        yield Mention(match[0], match.start(), match.end(), certain=True)


def _words(text: str) -> Iterator[Mention]:
    for match in _WORD.finditer(text):
        word = match[0].rstrip("-,")
        if _CHEMICAL.search(word):
            yield Mention(word, match.start(), match.start() + len(word), certain=True)


def _bare(text: str) -> Iterator[Mention]:
    for match in _BARE.finditer(text):
        said = match["letter"] or match["word"] or match["kanji"]
        if said == "I" and not match["dash"] and not _PARTED.search(text[: match.start()]):
            continue
        if said == "Me" and not match["dash"] and not text[: match.start()].strip():
            continue
        group = _by_structure().get(_BARE_GROUPS[said.lower() if match["word"] else said], HYDROGEN)
        yield Mention(said, match.start(), match.end(), certain=bool(match["dash"]), group=group, is_bare=not match["dash"])


def _is_evident(smiles: str) -> bool:
    """Bonds, rings, brackets and attachments are in no ordinary word; letters alone may be one, such as `CNN`."""
    return any(char in "=#[*@" or char.isdigit() for char in smiles)


@cache
def _by_structure() -> dict[str, GroupName]:
    return {group.smiles[0]: group for group in reversed(group_names())}


@cache
def _names() -> tuple[dict[str, GroupName], int]:
    """The group of each name, words in lower case, formulas as they are; and the length of the longest."""
    groups: dict[str, GroupName] = {}
    for group in group_names():
        for name in (*group.english, *group.japanese):
            is_formula = name.isascii() and len(name) <= _LONGEST_FORMULA and " " not in name and not name.startswith("N-")
            groups.setdefault(name if is_formula else name.lower(), group)
    return groups, max(map(len, groups)) + 1
