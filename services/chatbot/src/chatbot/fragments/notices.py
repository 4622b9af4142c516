"""Notices: what is answered where there is nothing to look up, in English or Japanese."""

from collections.abc import Mapping, Sequence
from typing import Final

from chatbot.fragments.lookups import (
    AmbiguousName,
    Function,
    KnownFragment,
    MoleculeUnreadable,
    NotAllowed,
    NothingPublished,
    ScoresFail,
    ScoresRefuse,
    Told,
    TooManyQuestions,
    Unanswered,
    UnknownFragment,
    UnreadableStructure,
)
from chatbot.fragments.wording import called, label
from dialogue.bundle import Language

__all__ = ["ambiguous", "can_answer", "meaning", "suggestions", "unanswered", "unknown", "unreadable"]

_EN: Final = Language.ENGLISH
_INTERVAL: Final = ("The 90 % interval says how sure that is. ", "90 %区間はその確かさを示します。")
_EXPECTED: Final = (
    (
        "It rests on pairs of compounds that differ by this replacement alone and, where few were measured, "
        f"on what similar replacements did. {_INTERVAL[0]}"
    ),
    f"その置き換えだけが違う化合物の組の実測と、実測が少ないときは似た置き換えの結果に基づきます。{_INTERVAL[1]}",
)
_MEANING: Final[Mapping[Function, tuple[str, str]]] = {
    Function.KEPT: (
        (
            "Function: how likely activity is to stay within threefold when one fragment takes the other's place, "
            "in percent: 60 % means that 60 of 100 such replacements change it by no more than 0.5 log units. "
            f"{_EXPECTED[0]}"
        ),
        (
            "機能は、一方のフラグメントを他方に置き換えたとき、活性の変化が3倍以内に収まる確率です。"
            f"60 %なら、置き換え100回のうち60回は変化が0.5対数単位以下です。{_EXPECTED[1]}"
        ),
    ),
    Function.SPREAD: (
        (
            "Function: how likely activity is to change by no more than half a standard deviation of the target's values when "
            f"one fragment takes the other's place, in percent. {_EXPECTED[0]}"
        ),
        (
            "機能は、一方のフラグメントを他方に置き換えたとき、活性の変化が標的の値の標準偏差の半分以内に収まる確率です。"
            f"{_EXPECTED[1]}"
        ),
    ),
    Function.MIXED: (
        (
            "Function: how likely activity is to change by no more than 0.5 log units, or half a standard deviation where a "
            f"target's values are no logarithms, when one fragment takes the other's place, in percent. {_EXPECTED[0]}"
        ),
        (
            "機能は、一方のフラグメントを他方に置き換えたとき、活性の変化が0.5対数単位"
            f"（対数でない値では標的の値の標準偏差の半分）以内に収まる確率です。{_EXPECTED[1]}"
        ),
    ),
    Function.OUTCOME: (
        (
            "Function: how likely active or inactive is to stay what it is when one fragment takes the other's place, "
            f"in percent. {_EXPECTED[0]}"
        ),
        f"機能は、一方のフラグメントを他方に置き換えたとき、活性の有無が変わらない確率です。{_EXPECTED[1]}",
    ),
    Function.COSINE: (
        (
            "Function: in this run, which learned from sums of activity, the cosine of the effects of two fragments on "
            "all targets, in percent: 100 % is the same, 0 % unrelated, below 0 % opposite. "
        ),
        (
            "機能は、活性の合計から学んだこの計算では、二つのフラグメントのすべての標的に対する効果のコサインです。"
            "100 %は同じ、0 %は無関係、マイナスは逆の働きです。"
        ),
    ),
}
_OTHER_KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "balanced": (
        "Balanced: the cosine of the balanced factors, which the heat map shows. ",
        "釣り合わせた因子は、ヒートマップが示すコサインです。",
    ),
    "structure": (
        "Structure: how alike they look (Tanimoto of ECFP4). ",
        "構造は、見た目の類似度（ECFP4のTanimoto）です。",
    ),
    "coassay": (
        "Measured together: how far they were measured on the same targets, whatever came out. ",
        "共測定は、結果によらず同じ標的で測定された度合いです。",
    ),
}


def unknown(
    missing: Sequence[UnknownFragment],
    examples: Sequence[KnownFragment],
    language: Language,
    *,
    replaced: Sequence[UnknownFragment] = (),
) -> str:
    """No such fragments, and what there is; `replaced` are those of them that replacements are told of."""
    there = [label(each.name, language) for each in examples]
    if language is _EN:
        shown = f" Fragments it has: {', '.join(there)}." if there else ""
    else:
        shown = f"あるのはたとえば{'、'.join(there)}です。" if there else ""
    return " ".join(_unknown(each, language) for each in missing) + _replaceable(replaced, language) + shown


def ambiguous(meant: AmbiguousName, language: Language) -> str:
    """Which of them?"""
    if language is _EN:
        return f"By {meant.name} you may mean {' or '.join(meant.candidates)}. Which one? Upper and lower case count."
    return f"「{meant.name}」は{'と'.join(meant.candidates)}のどれのことですか。大文字と小文字は区別されます。"


def unreadable(meant: UnreadableStructure, language: Language) -> str:
    """It is no structure."""
    if language is _EN:
        return f"I cannot read {meant.name} as a structure: {meant.reason}."
    return f"「{meant.name}」は構造として読めません（{meant.reason}）。"


def unanswered(why: Unanswered, language: Language) -> str:
    """The scores API did not answer, for this reason."""
    match why:
        case ScoresRefuse():
            said = f"The run cannot tell: {why}", f"この計算では答えられません: {why}"
        case MoleculeUnreadable(smiles=smiles):
            said = f"I cannot read {smiles} as a molecule: {why}.", f"「{smiles}」は分子として読めません（{why}）。"
        case NothingPublished():
            said = (
                "I cannot look that up yet: no run on fragments has been published. Ask again when the first one is.",
                "まだ調べられません。フラグメントの学習結果がまだ公開されていません。最初の計算が終わってから聞いてください。",
            )
        case TooManyQuestions(wait_s=wait_s):
            said = (
                f"I have asked the scores API too many questions. Try again in {wait_s} s.",
                f"スコアAPIへの質問が多すぎました。{wait_s}秒後にもう一度聞いてください。",
            )
        case NotAllowed():
            said = (
                f"I am not allowed to look that up: {why}, says the scores API. Whoever runs this chatbot can change it.",
                f"調べることが許可されていません。スコアAPIの返事: {why}。このチャットボットの管理者に伝えてください。",
            )
        case ScoresFail():
            said = (
                f"I cannot look that up: the scores API failed ({why}). Ask again; its log says more.",
                f"調べられませんでした。スコアAPIでエラーが起きました（{why}）。もう一度聞いてください。",
            )
        case _:
            said = (
                "I cannot look that up: the scores API, which knows the fragments, does not answer at the moment.",
                "いまは調べられません。フラグメントのことを知っているスコアAPIが応答していません。",
            )
    return said[0 if language is _EN else 1]


def meaning(told: Told, language: Language, link: str) -> str:
    """What the numbers that a run tells mean, as the scores API defines them."""
    place = 0 if language is _EN else 1
    kinds = {"function": _MEANING[told.function], **_OTHER_KINDS}
    said = "".join(words[place] for kind, words in kinds.items() if kind in told.kinds)
    return f"{said}See {link}" if language is _EN else f"{said}こちらで見られます: {link}"


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


def _replaceable(replaced: Sequence[UnknownFragment], language: Language) -> str:
    names = [each.name for each in replaced]
    if not names:
        return ""
    if language is _EN:
        return f" But it tells what replacing {' or '.join(names)} changes: ask what can replace {names[0]}."
    return f"ただし{'や'.join(names)}の置き換えは答えられます（「{names[0]}の代わりは？」）。"


def _unknown(missing: UnknownFragment, language: Language) -> str:
    near, called = missing.near, missing.name
    if missing.smiles is not None and missing.smiles != called:
        called = f"{called} ({missing.smiles})" if language is _EN else f"{called}（{missing.smiles}）"
    if language is _EN:
        return f"The current run has no fragment {called}." + (f" Names close to it: {', '.join(near)}." if near else "")
    return f"いまの計算に「{called}」というフラグメントはありません。" + (f"近い名前: {'、'.join(near)}。" if near else "")
