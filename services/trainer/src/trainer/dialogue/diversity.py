"""Figures of a set of replies: how varied, how often the same, how often copied."""

import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from dialogue.bundle import Language, ReplyRow
from trainer.dialogue.wording import plain, units

__all__ = ["describe_replies", "distinct", "self_bleu_2"]

_LONG = {Language.ENGLISH: 5, Language.JAPANESE: 10}
"""Units from which a reply found in training counts as memorised; shorter ones are common property."""


def describe_replies(
    name: str, replies: Sequence[str], messages: Sequence[str], *, learned: Collection[str], language: Language
) -> ReplyRow:
    """The scorecard's row for replies to messages; `learned` holds the plain forms of all replies trained on."""
    rows = [units(reply, language) for reply in replies]
    texts = [plain(reply) for reply in replies]
    echoes = sum(text == plain(message) for text, message in zip(texts, messages, strict=True))
    repeating = sum(any(count > 1 for count in Counter(_grams(row, 3)).values()) for row in rows)
    memorised = sum(len(row) >= _LONG[language] and text in learned for row, text in zip(rows, texts, strict=True))
    return ReplyRow(
        name=name,
        distinct_1=distinct(rows, 1),
        distinct_2=distinct(rows, 2),
        self_bleu_2=self_bleu_2(rows),
        top_reply_percent=100 * max(Counter(texts).values()) / len(texts),
        echo_percent=100 * echoes / len(texts),
        repetition_percent=100 * repeating / len(texts),
        memorised_percent=100 * memorised / len(texts),
    )


def distinct(rows: Sequence[Sequence[str]], size: int) -> float:
    """Different n-grams among all n-grams of the set (arXiv:1510.03055); 0 where there are none."""
    grams = [gram for row in rows for gram in _grams(row, size)]
    return len(set(grams)) / len(grams) if grams else 0.0


def self_bleu_2(rows: Sequence[Sequence[str]]) -> float:
    """Mean BLEU-2 of each reply against all others (arXiv:1802.01886), unsmoothed; 1 when all are the same."""
    if len(rows) < 2:  # noqa: PLR2004 - a comparison needs two
        return 0.0
    most = [_two_highest(rows, size) for size in (1, 2)]
    scores = []
    for at, row in enumerate(rows):
        precisions = []
        for size, highest in zip((1, 2), most, strict=True):
            counts = Counter(_grams(row, size))
            if counts:
                matched = sum(min(count, _by_others(highest[gram], at)) for gram, count in counts.items())
                precisions.append(matched / counts.total())
        scores.append(_geometric_mean(precisions))
    return sum(scores) / len(scores)


_Highest = tuple[int, int, int]
"""The highest count of an n-gram in any reply, that reply, and the highest count in the others."""


def _two_highest(rows: Sequence[Sequence[str]], size: int) -> dict[tuple[str, ...], _Highest]:
    highest: dict[tuple[str, ...], _Highest] = {}
    for at, row in enumerate(rows):
        for gram, count in Counter(_grams(row, size)).items():
            first, owner, second = highest.get(gram, (0, -1, 0))
            highest[gram] = (count, at, first) if count > first else (first, owner, max(second, count))
    return highest


def _by_others(highest: _Highest, at: int) -> int:
    first, owner, second = highest
    return second if owner == at else first


def _geometric_mean(precisions: Sequence[float]) -> float:
    if not precisions or min(precisions) == 0:
        return 0.0
    return math.exp(sum(map(math.log, precisions)) / len(precisions))


def _grams(row: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    return (tuple(row[at : at + size]) for at in range(len(row) - size + 1))
