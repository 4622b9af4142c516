"""Notices: what is answered where there is nothing to look up, in English or Japanese."""

from collections.abc import Sequence
from typing import Final

from chatbot.fragments.lookups import AmbiguousName, KnownFragment, UnknownFragment
from chatbot.fragments.wording import called, label
from dialogue.bundle import Language

__all__ = ["ambiguous", "away", "can_answer", "meaning", "nothing_published", "refused", "suggestions", "unknown"]

_EN: Final = Language.ENGLISH


def unknown(missing: Sequence[UnknownFragment], examples: Sequence[KnownFragment], language: Language) -> str:
    """No such fragments, and what there is."""
    there = [label(each.name, language) for each in examples]
    if language is _EN:
        shown = f" Fragments it has: {', '.join(there)}." if there else ""
    else:
        shown = f"あるのはたとえば{'、'.join(there)}です。" if there else ""
    return " ".join(_unknown(each, language) for each in missing) + shown


def ambiguous(meant: AmbiguousName, language: Language) -> str:
    """Which of them?"""
    if language is _EN:
        return f"By {meant.name} you may mean {' or '.join(meant.candidates)}. Which one? Upper and lower case count."
    return f"「{meant.name}」は{'と'.join(meant.candidates)}のどれのことですか。大文字と小文字は区別されます。"


def away(language: Language) -> str:
    """The scores API does not answer."""
    if language is _EN:
        return "I cannot look that up: the scores API, which knows the fragments, does not answer at the moment."
    return "いまは調べられません。フラグメントのことを知っているスコアAPIが応答していません。"


def refused(reason: str, language: Language) -> str:
    """The scores API cannot answer this of the run it has."""
    return f"The run cannot tell: {reason}" if language is _EN else f"この計算では答えられません: {reason}"


def nothing_published(language: Language) -> str:
    """There is no run."""
    if language is _EN:
        return "I cannot look that up yet: no run on fragments has been published. Ask again when the first one is."
    return "まだ調べられません。フラグメントの学習結果がまだ公開されていません。最初の計算が終わってから聞いてください。"


def meaning(language: Language, link: str) -> str:
    """What the numbers mean, as the scores API defines them."""
    if language is _EN:
        return (
            "Function: how alike two fragments are in what they do to all "
            "targets, in percent: the cosine of their effects, learned from "
            "measured compounds; 100 % is the same, 0 % unrelated, "
            "below 0 % opposite. The 90 % interval says how sure that is. "
            "Structure: how alike they look (Tanimoto of ECFP4). Measured "
            "together: how far on the same targets. Swap: how much a "
            f"replacement is expected to change, against all pairs. See {link}"
        )
    return (
        "機能は、すべての標的に対する働きがどれだけ似ているかを%で表したものです。"
        "測定された化合物から学んだ効果のコサインで、100 %は同じ、0 %は無関係、"
        "マイナスは逆の働きです。90 %区間はその確かさを示します。"
        "構造は見た目の類似度（ECFP4のTanimoto）、共測定は同じ標的で測定された度合い、"
        f"置換は置き換えで見込まれる変化を全ペアと比べたものです。{link}"
    )


def can_answer(examples: Sequence[KnownFragment], language: Language) -> str:
    """What can be asked."""
    if language is _EN:
        head = (
            "Of fragments I can look up: what is most like one, how similar "
            "two are, what may replace one, what acts alike but looks different, "
        )
        tail = (
            "what is known of one, how many there are, which targets, what "
            "a molecule would do, and what the numbers mean. For example: "
        )
        return head + tail + " / ".join(suggestions(examples, language))
    return (
        "フラグメントについては、似ているもの、二つの類似度、置き換えの候補、働きは似ていて形が違うもの、一つについての情報、個数、標的、分子の予測、"
        f"数字の意味を調べて答えられます。たとえば: {' / '.join(suggestions(examples, language))}"
    )


def suggestions(examples: Sequence[KnownFragment], language: Language) -> list[str]:
    """Questions about fragments of the current run; none where it has none."""
    names = [called(each.name, language) or each.name for each in examples]
    if not names:
        return []
    first, second = names[0], names[-1]
    if language is _EN:
        return [f"What is like {first}?", f"How similar are {first} and {second}?", f"What can replace {second}?"]
    return [f"{first}に似ているのは？", f"{first}と{second}はどれくらい似ている？", f"{second}の代わりになるのは？"]


def _unknown(missing: UnknownFragment, language: Language) -> str:
    near, called = missing.near, missing.name
    if missing.smiles is not None and missing.smiles != called:
        called = f"{called} ({missing.smiles})" if language is _EN else f"{called}（{missing.smiles}）"
    if language is _EN:
        return f"The current run has no fragment {called}." + (f" Names close to it: {', '.join(near)}." if near else "")
    return f"いまの計算に「{called}」というフラグメントはありません。" + (f"近い名前: {'、'.join(near)}。" if near else "")
