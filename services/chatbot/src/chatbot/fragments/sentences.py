"""Sentences: what was looked up as an answer in English or Japanese, with numbers, evidence and a link to look at them."""

from typing import Final

from chatbot.fragments.lookups import Compared, KnownFragment, Predicted, Relative, RunFacts
from chatbot.fragments.wording import KINDS, figure, figures_beside, label, listed, spoken_value
from dialogue.bundle import Language

__all__ = [
    "about",
    "compared",
    "counted",
    "predicted",
    "replacements",
    "similar",
    "swapped",
    "targets",
    "unlike",
    "why_alike",
    "why_predicted",
]

_EN: Final = Language.ENGLISH
_SHARES: Final = 4
_FUNCTION: Final = "function"


def similar(fragment: KnownFragment, kind: str, items: tuple[Relative, ...], language: Language, link: str) -> str:
    """Who is nearest."""
    if not items:
        return _nothing_nearer(fragment, language, link)
    name, words, forms = label(fragment.name, language), _kind(kind, language), _forms(fragment, language)
    head = f"Most like {name} {words}{forms}:" if language is _EN else f"{words}が{name}に近い順です{forms}。"
    return "\n".join([head, listed(items, kind, language), _look(language, link)])


def replacements(fragment: KnownFragment, kind: str, items: tuple[Relative, ...], language: Language, link: str) -> str:
    """What may stand in place of a fragment."""
    if not items:
        return _nothing_nearer(fragment, language, link)
    name, words, forms = label(fragment.name, language), _kind(kind, language), _forms(fragment, language)
    if language is _EN:
        head = f"In place of {name}, {words}{forms}:"
        caution = "Expected from the data of this run, not tried in your molecule."
    else:
        head = f"{name}の代わりの候補です（{words}による順）{forms}。"
        caution = "この計算のデータからの見込みで、あなたの分子で試したものではありません。"
    return "\n".join([head, listed(items, kind, language), caution, _look(language, link)])


def unlike(fragment: KnownFragment, items: tuple[Relative, ...], language: Language, link: str) -> str:
    """What acts alike and looks different."""
    name, forms = label(fragment.name, language), _forms(fragment, language)
    if language is _EN:
        head = f"Alike in function to {name} and unlike in structure (30 % at most){forms}:"
        none = f"No fragment of this run acts like {name} and looks different (structure up to 30 %)."
    else:
        head = f"{name}と機能が似ていて構造が違うもの（構造の類似度30 %以下）です{forms}。"
        none = f"この計算には、{name}と機能が似ていて構造が違う（類似度30 %以下の）ものがありません。"
    if not items:
        return "\n".join([none, _look(language, link)])
    return "\n".join([head, listed(items, _FUNCTION, language), _look(language, link)])


def compared(pair: Compared, language: Language, link: str) -> str:
    """How alike two are."""
    one, two = label(pair.one.name, language), label(pair.two.name, language)
    english = language is _EN
    if pair.one.name == pair.two.name:
        same = f"{one} is the same fragment twice, so 100 %." if english else f"どちらも同じ{one}ですから、100 %です。"
        return f"{same} {_look(language, link)}"
    said = [(_kind(kind, language), figure(kind, pair.figures, language)) for kind in _told(pair)]
    counts = f"{pair.one.support:,}", f"{pair.two.support:,}"
    if english:
        figures = "; ".join(" ".join(each) for each in said)
        evidence = f"They are in {counts[0]} and {counts[1]} compounds."
        return f"{one} and {two} are alike: {figures}. {evidence} {_look(language, link)}"
    figures = "、".join("では".join(each) for each in said)
    evidence = f"化合物{counts[0]}個と{counts[1]}個に含まれています。"
    return f"{one}と{two}の類似度は、{figures}です。{evidence}{_look(language, link)}"


def swapped(pair: Compared, language: Language, link: str) -> str:
    """What is known of putting the second in place of the first."""
    one, two = label(pair.one.name, language), label(pair.two.name, language)
    head = f"{two} in place of {one}: " if language is _EN else f"{one}を{two}に置き換える場合です。"
    return head + compared(pair, language, link)


def about(fragment: KnownFragment, items: tuple[Relative, ...], language: Language, link: str) -> str:
    """What is known of a fragment."""
    name, count, forms = label(fragment.name, language), fragment.support, _forms(fragment, language)
    nearest = [f"{label(item.name, language)} {figure(_FUNCTION, item.figures, language)}" for item in items]
    if language is _EN:
        parts = [f"{name} is in {count:,} compound{'s' * (count != 1)} of run {fragment.run}{forms}."]
        parts += [] if fragment.shown else ["That is too little evidence to list it by default."]
        parts += [f"Most like it in function: {', '.join(nearest)}."] if nearest else []
        return " ".join([*parts, _look(language, link)])
    parts = [f"{name}は、計算{fragment.run}の化合物{count:,}個に含まれています{forms}。"]
    parts += [] if fragment.shown else ["根拠が少ないので、ふだんの一覧には出ません。"]
    parts += [f"機能が近いのは、{'、'.join(nearest)}です。"] if nearest else []
    return "".join([*parts, _look(language, link)])


def counted(facts: RunFacts, language: Language, link: str) -> str:
    """How many there are."""
    runs = f"{facts.runs:,}{'' if facts.runs_are_all else '+'}"
    fragments, compounds, targets_ = f"{facts.fragments:,}", f"{facts.compounds:,}", f"{facts.targets:,}"
    if language is _EN:
        return (
            f"The current run, {facts.run}, has {fragments} fragments ({facts.shown:,} with enough evidence to be listed) "
            f"from {compounds} compounds and {targets_} targets, from {facts.source}. "
            f"{runs} run{'s' * (facts.runs != 1)} of fragments {'are' if facts.runs != 1 else 'is'} published. "
            f"{_look(language, link)}"
        )
    return (
        f"いまの計算{facts.run}には、{facts.source}からの標的{targets_}個、化合物{compounds}個、"
        f"フラグメント{fragments}個（うち根拠が十分で一覧に出るもの{facts.shown:,}個）があります。"
        f"フラグメントの計算は{runs}件公開されています。{_look(language, link)}"
    )


def targets(names: list[str], facts: RunFacts, language: Language, link: str) -> str:
    """Which targets there are."""
    more, count = facts.targets - len(names), f"{facts.targets:,}"
    if language is _EN:
        rest = f" and {more:,} more" if more > 0 else ""
        return f"{count} targets are in the current run: {', '.join(names)}{rest}. {_look(language, link)}"
    rest = f"、ほか{more:,}個" if more > 0 else ""
    return f"いまの計算には標的が{count}個あります: {'、'.join(names)}{rest}。{_look(language, link)}"


def predicted(expected: Predicted, language: Language, link: str) -> str:
    """What a molecule or a fragment is expected to do."""
    name = label(expected.asked, language)
    lines = [f"{place}. {spoken_value(each, expected.scale, language)}" for place, each in enumerate(expected.targets, 1)]
    made = [label(each, language) for each in expected.fragments] if expected.fragments != (expected.asked,) else []
    if language is _EN:
        parts = [expected.meaning]
        parts += [f"It is made of {', '.join(made)}."] if made else []
        parts += [f"Not known to the run: {', '.join(expected.unknown)}."] if expected.unknown else []
        return "\n".join([f"Expected of {name}:", *lines, " ".join(parts), _look(language, link)])
    parts = ["新しい測定値は90 %の確率で区間に入る見込みです。"]
    parts += [f"含まれるフラグメントは{'、'.join(made)}です。"] if made else []
    parts += [f"この計算が知らないもの: {'、'.join(expected.unknown)}。"] if expected.unknown else []
    return "\n".join([f"{name}の見込みです。", *lines, "".join(parts), _look(language, link)])


def why_alike(fragment: KnownFragment, other: Relative, facts: RunFacts, language: Language, link: str) -> str:
    """What a similarity is founded on."""
    one, two = label(fragment.name, language), label(other.name, language)
    lead, beside = figure(_FUNCTION, other.figures, language), figures_beside(_FUNCTION, other.figures, language)
    counts = [f"{count:,}" for count in (fragment.support, other.support, facts.compounds, facts.targets)]
    if language is _EN:
        more = "".join(f"; {each}" for each in beside)
        return (
            f"Because of what was measured: {one} is in {counts[0]} and {two} in {counts[1]} of {counts[2]} compounds "
            f"on {counts[3]} targets ({facts.source}). From these the run learned what each fragment does; "
            f"for the two that is alike by {lead}{more}. The fewer compounds, the less sure it is. {_look(language, link)}"
        )
    more = f"（{'、'.join(beside)}）" if beside else ""
    return (
        f"測定データが根拠です。{facts.source}の化合物{counts[2]}個、標的{counts[3]}個のうち、"
        f"{one}は{counts[0]}個、{two}は{counts[1]}個の化合物に含まれています。"
        f"そこから学んだ働きの類似度が{lead}です{more}。化合物が少ないほど不確かです。{_look(language, link)}"
    )


def why_predicted(expected: Predicted, language: Language, link: str) -> str:
    """What the first prediction is the sum of."""
    first = expected.targets[0]
    value = spoken_value(first, expected.scale, language)
    shares = sorted(first.shares.items(), key=lambda share: -abs(share[1]))[:_SHARES]
    said = ", ".join(f"{label(name, language)} {share:+.2f}" for name, share in shares)
    relatives = ", ".join(f"{smiles} ({percent:.0f} %, {measured:.2f})" for smiles, percent, measured in first.relatives)
    if language is _EN:
        parts = [f"{value}: on top of what is usual there, {said}."]
        parts += [f"The molecule as a whole adds {first.rest:+.2f}."] if first.rest else []
        parts += [f"The most alike measured compounds: {relatives}."] if relatives else []
        return " ".join([*parts, _look(language, link)])
    parts = [f"{value}は、その標的の平均に次が加わったものです: {said}。"]
    parts += [f"分子全体としては{first.rest:+.2f}です。"] if first.rest else []
    parts += [f"いちばん似た測定済みの化合物: {relatives}。"] if relatives else []
    return "".join([*parts, _look(language, link)])


def _look(language: Language, link: str) -> str:
    return f"Look at it here: {link}" if language is _EN else f"こちらで見られます: {link}"


def _kind(kind: str, language: Language) -> str:
    words = KINDS.get(kind, (kind, kind))
    return words[0] if language is _EN else words[1]


def _told(pair: Compared) -> list[str]:
    """The kinds of similarity in the order in which they are said; the demonstration's is of runs without structures."""
    known = [*(kind for kind in KINDS if kind in pair.figures), *(kind for kind in pair.figures if kind not in KINDS)]
    return [kind for kind in known if kind not in {"low", "high"} and not (kind == "balanced" and "structure" in pair.figures)]


def _forms(fragment: KnownFragment, language: Language) -> str:
    """Other fragments that the same name may mean."""
    if not fragment.forms:
        return ""
    said = ", ".join(fragment.forms[:_SHARES])
    return f" (the run also has {said})" if language is _EN else f"（ほかに{said}もあります）"


def _nothing_nearer(fragment: KnownFragment, language: Language, link: str) -> str:
    name = label(fragment.name, language)
    if language is _EN:
        return f"The newest run knows no other fragment to compare {name} with. {_look(language, link)}"
    return f"いちばん新しい計算には、{name}と比べられるフラグメントがほかにありません。{_look(language, link)}"
