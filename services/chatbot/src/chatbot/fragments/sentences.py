"""Sentences: what was looked up as an answer in English or Japanese, with numbers, evidence and a link to look at them."""

from typing import Final

from chatbot.fragments.lookups import Compared, Function, KnownFragment, Predicted, Relative, RunFacts, Told
from chatbot.fragments.wording import (
    FUNCTIONS,
    HYDROGEN,
    KINDS,
    change,
    changes_listed,
    figure,
    figures_beside,
    label,
    listed,
    spoken_value,
)
from dialogue.bundle import Language

__all__ = [
    "about",
    "caution",
    "compared",
    "compared_to_swap",
    "counted",
    "instead",
    "predicted",
    "replacements",
    "similar",
    "swapped",
    "targets",
    "unlike",
    "unlisted",
    "why_alike",
    "why_predicted",
]

_EN: Final = Language.ENGLISH
_UNITS: Final = {
    Function.KEPT: ("log units", "対数単位"),
    Function.SPREAD: ("standard deviations of each target's values", "標的ごとの値の標準偏差単位"),
    Function.MIXED: (
        "log units, or standard deviations where a target's values are no logarithms",
        "対数単位（対数でない標的では標準偏差単位）",
    ),
}
"""Of expected changes; a chance has none."""
_SHARES: Final = 4
_FUNCTION: Final = "function"


def similar(fragment: KnownFragment, kind: str, told: Told, items: tuple[Relative, ...], language: Language, link: str) -> str:
    """Who is nearest."""
    if not items:
        return _nothing_nearer(fragment, language, link)
    name, words, forms = label(fragment.name, language), _kind(kind, language), _forms(fragment, language)
    head = f"Most like {name} {words}{forms}:" if language is _EN else f"{words}が{name}に近い順です{forms}。"
    return _lines(head, listed(items, kind, language), _meant(told.function, language, kind=kind), _look(language, link))


def replacements(fragment: KnownFragment, told: Told, items: tuple[Relative, ...], language: Language, link: str) -> str:
    """What may stand in place of a fragment, by what that is expected to change."""
    if not items:
        return _nothing_nearer(fragment, language, link)
    name, forms = label(fragment.name, language), _forms(fragment, language)
    if language is _EN:
        head = f"In place of {name}, what is expected to change activity least{forms}:"
    else:
        head = f"{name}の代わりの候補です。活性の変化が小さいと見込まれる順です{forms}。"
    listing = changes_listed(items, told.function, language)
    return _lines(head, listing, caution(told.function, language), _look(language, link))


def instead(fragment: KnownFragment, kind: str, told: Told, items: tuple[Relative, ...], language: Language, link: str) -> str:
    """What is nearest to a fragment, where the run has no measured replacements of it."""
    name = label(fragment.name, language)
    none = (
        f"This run has no measured replacements of {name}, so it cannot tell what a swap would change."
        if language is _EN
        else f"この計算には{name}の置き換えの実測がなく、どれだけ変わるかは答えられません。似ているものを挙げます。"
    )
    return _lines(none, similar(fragment, kind, told, items, language, link))


def unlike(fragment: KnownFragment, told: Told, items: tuple[Relative, ...], language: Language, link: str) -> str:
    """What acts alike and looks different."""
    name, forms = label(fragment.name, language), _forms(fragment, language)
    if language is _EN:
        head = f"Alike in function to {name} and unlike in structure (30 % at most){forms}:"
        none = f"No fragment of this run acts like {name} and looks different (structure up to 30 %)."
    else:
        head = f"{name}と機能が似ていて構造が違うもの（構造の類似度30 %以下）です{forms}。"
        none = f"この計算には、{name}と機能が似ていて構造が違う（類似度30 %以下の）ものがありません。"
    if not items:
        return _lines(none, _look(language, link))
    return _lines(head, listed(items, _FUNCTION, language), _meant(told.function, language), _look(language, link))


def compared(pair: Compared, told: Told, language: Language, link: str) -> str:
    """How alike two are."""
    one, two = label(pair.one.name, language), label(pair.two.name, language)
    english = language is _EN
    if pair.one.name == pair.two.name:
        same = f"{one} is the same fragment twice, so 100 %." if english else f"どちらも同じ{one}ですから、100 %です。"
        return f"{same} {_look(language, link)}"
    said = [(_kind(kind, language), figure(kind, pair.figures, language)) for kind in _told(pair)]
    counts = f"{pair.one.support:,}", f"{pair.two.support:,}"
    meant = _meant(told.function, language) if _FUNCTION in pair.figures else ""
    if not said:
        return _uncompared(one, two, language, link)
    if english:
        figures = "; ".join(" ".join(each) for each in said)
        evidence = f"They are in {counts[0]} and {counts[1]} compounds."
        return " ".join(filter(None, [f"How alike {one} and {two} are: {figures}.", meant, evidence, _look(language, link)]))
    figures = "、".join("では".join(each) for each in said)
    evidence = f"化合物{counts[0]}個と{counts[1]}個に含まれています。"
    return f"{one}と{two}の類似度は、{figures}です。{meant}{evidence}{_look(language, link)}"


def swapped(one: KnownFragment, change_: Relative, told: Told, language: Language, link: str) -> str:
    """What putting another in place of a fragment is expected to change."""
    replaced, other = label(one.name, language), label(change_.name, language)
    said, warned = change(change_.figures, told.function, language), caution(told.function, language)
    if language is _EN:
        return _lines(f"{other} in place of {replaced}: {said}.", warned, _look(language, link))
    return _lines(f"{replaced}を{other}に置き換える場合、{said}。", warned, _look(language, link))


def unlisted(one: KnownFragment, two: KnownFragment, language: Language, link: str) -> str:
    """The run does not tell what a swap changes."""
    replaced, other = label(one.name, language), label(two.name, language)
    if language is _EN:
        return f"The run does not tell what {other} in place of {replaced} changes. {_look(language, link)}"
    return f"この計算は、{replaced}を{other}に置き換えたときの変化を示していません。{_look(language, link)}"


def compared_to_swap(pair: Compared, told: Told, language: Language, link: str) -> str:
    """How alike two are, one of which is to be put in place of the other."""
    one, two = label(pair.one.name, language), label(pair.two.name, language)
    head = f"{two} in place of {one}: " if language is _EN else f"{one}を{two}に置き換える場合です。"
    return head + compared(pair, told, language, link)


def about(fragment: KnownFragment, kind: str, told: Told, items: tuple[Relative, ...], language: Language, link: str) -> str:
    """What is known of a fragment, and who is nearest by a kind of similarity."""
    name, count, forms = label(fragment.name, language), fragment.support, _forms(fragment, language)
    nearest = [f"{label(item.name, language)} {figure(kind, item.figures, language)}" for item in items]
    words, meant = _kind(kind, language), _meant(told.function, language, kind=kind)
    if language is _EN:
        parts = [f"{name} is in {count:,} compound{'s' * (count != 1)} of run {fragment.run}{forms}."]
        parts += [] if fragment.shown else ["That is too little evidence to list it by default."]
        parts += [f"Most like it {words}: {', '.join(nearest)}.", *filter(None, [meant])] if nearest else []
        return " ".join([*parts, _look(language, link)])
    parts = [f"{name}は、計算{fragment.run}の化合物{count:,}個に含まれています{forms}。"]
    parts += [] if fragment.shown else ["根拠が少ないので、ふだんの一覧には出ません。"]
    parts += [f"{words}が近いのは、{'、'.join(nearest)}です。", meant] if nearest else []
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
    order = _order(expected, language)
    if language is _EN:
        parts = [expected.meaning]
        parts += [f"It is made of {', '.join(made)}."] if made else []
        parts += [f"Not known to the run: {', '.join(expected.unknown)}."] if expected.unknown else []
        return "\n".join([f"Expected of {name}{order}:", *lines, " ".join(parts), _look(language, link)])
    parts = ["新しい測定値は90 %の確率で区間に入る見込みです。"]
    parts += [f"含まれるフラグメントは{'、'.join(made)}です。"] if made else []
    parts += [f"この計算が知らないもの: {'、'.join(expected.unknown)}。"] if expected.unknown else []
    meaning = f"スコアAPIの説明（英語）: {expected.meaning}"
    return "\n".join([f"{name}の見込みです{order}。", *lines, "".join(parts), meaning, _look(language, link)])


def _order(expected: Predicted, language: Language) -> str:
    """What the order of targets follows, as the scores API chooses it where none are named."""
    if expected.is_chosen or len(expected.targets) == 1:
        return ""
    if any(each.level is None for each in expected.targets):
        return ", highest first" if language is _EN else "（高い順）"
    return ", where it stands out most among compounds first" if language is _EN else "（ほかの化合物と比べて際立つ順）"


def why_alike(fragment: KnownFragment, kind: str, other: Relative, facts: RunFacts, language: Language, link: str) -> str:
    """What a similarity, or what a replacement is expected to change, is founded on."""
    names = [label(each.name, language) for each in (fragment, other) if each.name != HYDROGEN]
    counts = [f"{each.support:,}" for each in (fragment, other) if each.name != HYDROGEN]  # every compound has hydrogen
    said = zip(names, counts, strict=True)
    if language is _EN:
        held = " and ".join(f"{name} {'' if place else 'is '}in {count}" for place, (name, count) in enumerate(said))
    else:
        held = "個、".join(f"{name}は{count}" for name, count in said)
    number, learned = _number(kind, other, facts.told, language), _learned(kind, facts.told.function, language)
    if language is _EN:
        return (
            f"Because of what was measured: {held} of {facts.compounds:,} compounds "
            f"on {facts.targets:,} targets ({facts.source}). {learned}For these two: {number}. {_look(language, link)}"
        )
    return (
        f"測定データが根拠です。{facts.source}の化合物{facts.compounds:,}個、標的{facts.targets:,}個のうち、"
        f"{held}個の化合物に含まれています。"
        f"{learned}この二つは、{number}です。{_look(language, link)}"
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


def caution(function: Function, language: Language) -> str:
    """What an expected change is, and what it is not."""
    units = _UNITS.get(function)
    if language is _EN:
        unit = f"The change is in {units[0]}, up or down, the mean over all targets. " if units else ""
        return f"{unit}Expected from the data of this run, not tried in your molecule."
    unit = f"変化は{units[1]}で、増減を問わず全標的で平均した大きさです。" if units else ""
    return f"{unit}この計算のデータからの見込みで、あなたの分子で試したものではありません。"


def _look(language: Language, link: str) -> str:
    return f"Look at it here: {link}" if language is _EN else f"こちらで見られます: {link}"


def _kind(kind: str, language: Language) -> str:
    words = KINDS.get(kind, (kind, kind))
    return words[0] if language is _EN else words[1]


def _lines(*parts: str) -> str:
    return "\n".join(filter(None, parts))


def _meant(function: Function, language: Language, *, kind: str = _FUNCTION) -> str:
    """What `function` means in a run; nothing of other kinds."""
    if kind != _FUNCTION:
        return ""
    return FUNCTIONS[function][0 if language is _EN else 1]


def _number(kind: str, other: Relative, told: Told, language: Language) -> str:
    """How alike another is by a kind and by others, and what a replacement is expected to change, where the run says so."""
    words, lead = _kind(kind, language), figure(kind, other.figures, language)
    first = f"{words} {lead}" if language is _EN else f"{words}が{lead}"
    parts = [first, *figures_beside(kind, other.figures, language)]
    if kind == _FUNCTION and other.figures.get("expected_change") is not None:
        parts.append(change(other.figures, told.function, language))
    return ("; " if language is _EN else "、").join(parts)


def _learned(kind: str, function: Function, language: Language) -> str:
    """How a run came to know a kind of similarity."""
    if kind != _FUNCTION:
        return ""
    if function is Function.COSINE:
        return (
            "From these the run learned what each fragment does; the fewer compounds, the less sure it is. "
            if language is _EN
            else "そこから各フラグメントの働きを学びました。化合物が少ないほど不確かです。"
        )
    return (
        "Compounds that differ by one fragment alone tell what its replacement changes; where few were measured, "
        "similar replacements tell. "
        if language is _EN
        else "フラグメント一つだけが違う化合物の組から変化を学び、実測が少ないところは似た置き換えから推定しています。"
    )


def _uncompared(one: str, two: str, language: Language, link: str) -> str:
    if language is _EN:
        return f"The run tells no similarity of {one} and {two}. {_look(language, link)}"
    return f"この計算は{one}と{two}の類似度を示していません。{_look(language, link)}"


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
