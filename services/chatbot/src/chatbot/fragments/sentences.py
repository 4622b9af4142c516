"""Sentences: findings about fragments as an answer in English or Japanese, with the numbers and a link to look at them."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from chatbot.fragments.findings import Ambiguous, Compared, Neighbour, Neighbours, Unknown
from dialogue.bundle import Language

__all__ = ["ambiguous", "away", "compared", "neighbours", "nothing_published", "unknown"]


def neighbours(found: Neighbours, language: Language, viz_url: str) -> str:
    """Who is nearest."""
    link = _link(viz_url, found.run, found.fragment)
    if not found.items:
        return (
            f"The newest run knows no other fragment to compare {found.fragment} with: {link}"
            if language is Language.ENGLISH
            else f"いちばん新しい計算には、{found.fragment}と比べられるフラグメントがほかにありません: {link}"
        )
    listed = [f"{item.name} {_percent(item, language)}" for item in found.items]
    if language is Language.ENGLISH:
        return f"Most like {found.fragment} in what they do to targets: {', '.join(listed)}. Look at it here: {link}"
    return f"標的への働きが{found.fragment}に似ている順に、{'、'.join(listed)}です。こちらで見られます: {link}"


def compared(found: Compared, language: Language, viz_url: str) -> str:
    """How alike two are."""
    one, other = found.one, found.other
    link = _link(viz_url, found.run, one)
    if one == other.name:
        return (
            f"{one} is the same fragment twice, so 100 %: {link}"
            if language is Language.ENGLISH
            else f"どちらも同じ{one}ですから、100 %です: {link}"
        )
    if language is Language.ENGLISH:
        return (
            f"In what they do to targets, {one} and {other.name} are alike by {_percent(other, language)}; on the heat map, "
            f"which compares their balanced factors, by {other.balanced:.0f} %. Look at it here: {link}"
        )
    return (
        f"標的への働きでは、{one}と{other.name}の類似度は{_percent(other, language)}です。"
        f"釣り合わせた因子を比べるヒートマップでは{other.balanced:.0f} %です。こちらで見られます: {link}"
    )


def unknown(missing: Sequence[Unknown], language: Language) -> str:
    """No such fragments."""
    return " ".join(_unknown(each, language) for each in missing)


def ambiguous(found: Ambiguous, language: Language) -> str:
    """Which of them?"""
    if language is Language.ENGLISH:
        return f"By {found.name} you may mean {' or '.join(found.candidates)}. Which one? Upper and lower case count."
    return f"「{found.name}」は{'と'.join(found.candidates)}のどれのことですか。大文字と小文字は区別されます。"


def away(language: Language) -> str:
    """The scores API does not answer."""
    if language is Language.ENGLISH:
        return "I cannot look that up: the scores API, which knows the fragments, does not answer at the moment."
    return "いまは調べられません。フラグメントのことを知っているスコアAPIが応答していません。"


def nothing_published(language: Language) -> str:
    """There is no run."""
    if language is Language.ENGLISH:
        return "I cannot look that up yet: no run on fragments has been published. Ask again when the first one is."
    return "まだ調べられません。フラグメントの学習結果がまだ公開されていません。最初の計算が終わってから聞いてください。"


def _unknown(missing: Unknown, language: Language) -> str:
    near = missing.near
    if language is Language.ENGLISH:
        return f"I know no fragment called {missing.name}." + (f" Names close to it: {', '.join(near)}." if near else "")
    return f"「{missing.name}」というフラグメントは見つかりません。" + (f"近い名前: {'、'.join(near)}。" if near else "")


def _percent(item: Neighbour, language: Language) -> str:
    if item.low is None or item.high is None:
        return f"{item.percent:.0f} %"
    low, high = f"{item.low:.0f}", f"{item.high:.0f}"
    if language is Language.ENGLISH:
        return f"{item.percent:.0f} % (90 % interval {low} to {high})"
    return f"{item.percent:.0f} %（90 %区間 {low}〜{high}）"


def _link(viz_url: str, run: str, fragment: str) -> str:
    """The page of viz that shows these very numbers, whatever is published later."""
    view = {"run": run, "similarity": "function", "fragment": fragment}
    return f"{viz_url.rstrip('/')}/fragments?{urlencode(view, quote_via=quote, safe='')}"
