"""Sentences: lookups of fragments as an answer in English or Japanese, with the numbers and a link to look at them."""

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from chatbot.fragments.lookups import AmbiguousName, ComparedFragments, SimilarFragment, SimilarFragments, UnknownFragment
from dialogue.bundle import Language

__all__ = ["ambiguous", "away", "compared", "neighbours", "nothing_published", "unknown"]


def neighbours(similar: SimilarFragments, language: Language, viz_url: str) -> str:
    """Who is nearest."""
    link = _link(viz_url, similar.run, similar.fragment)
    if not similar.items:
        return (
            f"The newest run knows no other fragment to compare {similar.fragment} with: {link}"
            if language is Language.ENGLISH
            else f"いちばん新しい計算には、{similar.fragment}と比べられるフラグメントがほかにありません: {link}"
        )
    listed = [f"{item.name} {_percent(item, language)}" for item in similar.items]
    if language is Language.ENGLISH:
        return f"Most like {similar.fragment} in what they do to targets: {', '.join(listed)}. Look at it here: {link}"
    return f"標的への働きが{similar.fragment}に似ている順に、{'、'.join(listed)}です。こちらで見られます: {link}"


def compared(pair: ComparedFragments, language: Language, viz_url: str) -> str:
    """How alike two are."""
    one, other = pair.one, pair.other
    link = _link(viz_url, pair.run, one)
    if one == other.name:
        return (
            f"{one} is the same fragment twice, so 100 %: {link}"
            if language is Language.ENGLISH
            else f"どちらも同じ{one}ですから、100 %です: {link}"
        )
    if language is Language.ENGLISH:
        factors = (
            ""
            if other.balanced is None
            else (f"; on the heat map, which compares their balanced factors, by {other.balanced:.0f} %")
        )
        alike = f"In what they do to targets, {one} and {other.name} are alike by {_percent(other, language)}"
        return f"{alike}{factors}. Look at it here: {link}"
    factors = "" if other.balanced is None else f"釣り合わせた因子を比べるヒートマップでは{other.balanced:.0f} %です。"
    return (
        f"標的への働きでは、{one}と{other.name}の類似度は{_percent(other, language)}です。{factors}こちらで見られます: {link}"
    )


def unknown(missing: Sequence[UnknownFragment], language: Language) -> str:
    """No such fragments."""
    return " ".join(_unknown(each, language) for each in missing)


def ambiguous(meant: AmbiguousName, language: Language) -> str:
    """Which of them?"""
    if language is Language.ENGLISH:
        return f"By {meant.name} you may mean {' or '.join(meant.candidates)}. Which one? Upper and lower case count."
    return f"「{meant.name}」は{'と'.join(meant.candidates)}のどれのことですか。大文字と小文字は区別されます。"


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


def _unknown(missing: UnknownFragment, language: Language) -> str:
    near = missing.near
    if language is Language.ENGLISH:
        return f"I know no fragment called {missing.name}." + (f" Names close to it: {', '.join(near)}." if near else "")
    return f"「{missing.name}」というフラグメントは見つかりません。" + (f"近い名前: {'、'.join(near)}。" if near else "")


def _percent(item: SimilarFragment, language: Language) -> str:
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
