"""Wording: names, numbers and links of fragments in English and Japanese."""

from collections.abc import Mapping
from functools import cache
from typing import Final
from urllib.parse import quote, urlencode

from chatbot.fragments.lookups import Figures, Function, KnownFragment, PredictedTarget, Relative
from contracts.group_names import group_names
from dialogue.bundle import Language

__all__ = [
    "FUNCTIONS",
    "HYDROGEN",
    "KINDS",
    "Links",
    "called",
    "change",
    "changes_listed",
    "figure",
    "figures_beside",
    "is_common",
    "label",
    "listed",
    "measured",
    "spoken_value",
]

_EN: Final = Language.ENGLISH
_LONGEST: Final = 80
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "function": ("in function", "機能"),
    "structure": ("in structure", "構造"),
    "coassay": ("in what they were measured on", "測定された標的"),
    "balanced": ("by balanced factors, as on the heat map", "釣り合わせた因子（ヒートマップ）"),
}
"""The kinds of similarity that the scores API publishes, as they are said; a kind that is not here is said by its own name."""
_SHORT: Final[Mapping[str, tuple[str, str]]] = {
    "function": ("function", "機能"),
    "structure": ("structure", "構造"),
    "coassay": ("measured together", "共測定"),
}
FUNCTIONS: Final[Mapping[Function, tuple[str, str]]] = {
    Function.KEPT: (
        "Function is how often activity stays within threefold when one takes the other's place.",
        "機能は、一方を他方に置き換えても活性の変化が3倍以内に収まる割合です。",
    ),
    Function.SPREAD: (
        "Function is how often activity stays within half a standard deviation when one takes the other's place.",
        "機能は、一方を他方に置き換えても活性の変化が標準偏差の半分以内に収まる割合です。",
    ),
    Function.MIXED: (
        (
            "Function is how often activity stays within threefold, or half a standard deviation where values are no "
            "logarithms, when one takes the other's place."
        ),
        "機能は、一方を他方に置き換えても活性の変化が3倍（対数でない値では標準偏差の半分）以内に収まる割合です。",
    ),
    Function.OUTCOME: (
        "Function is how often active or inactive stays what it is when one takes the other's place.",
        "機能は、一方を他方に置き換えても活性の有無が変わらない割合です。",
    ),
    Function.COSINE: (
        "Function is the cosine of their effects on all targets.",
        "機能は、すべての標的に対する効果のコサインです。",
    ),
}
"""What `function` means, as it is said beside its numbers."""
_WITHIN: Final[Mapping[Function, tuple[str, str]]] = {
    Function.KEPT: ("threefold", "3倍"),
    Function.SPREAD: ("half a standard deviation", "標準偏差の半分"),
    Function.MIXED: ("threefold or half a standard deviation", "3倍または標準偏差の半分"),
}
HYDROGEN: Final = "*[H]"


def label(name: str, language: Language) -> str:
    """A fragment as people know it: `morpholine (*N1CCOCC1)`; only its name where it has no common one."""
    shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
    group = ("hydrogen", "水素") if name == HYDROGEN else _called().get(name)
    if group is None:
        return shown
    return f"{group[0]} ({shown})" if language is _EN else f"{group[1]}（{shown}）"


def called(name: str, language: Language) -> str | None:
    """The common name by which this very fragment is meant; None where it has none."""
    group = next((each for each in group_names() if each.smiles[0] == name), None)
    if group is None:
        return None
    return group.english[0] if language is _EN else group.japanese[0]


def is_common(name: str) -> bool:
    """Whether a fragment is a group with a common name that is attached at one place."""
    return name.count("*") == 1 and any(each.smiles[0] == name for each in group_names())


def figure(kind: str, figures: Figures, language: Language) -> str:
    """How alike two are by one kind, with the interval where the run states one."""
    value = figures.get(kind)
    if not isinstance(value, float | int):
        return "?"
    low, high = figures.get("low"), figures.get("high")
    if kind != "function" or not isinstance(low, float | int) or not isinstance(high, float | int):
        return f"{value:.0f} %"
    if language is _EN:
        return f"{value:.0f} % (90 % interval {low:.0f} to {high:.0f})"
    return f"{value:.0f} %（90 %区間 {low:.0f}〜{high:.0f}）"


def figures_beside(kind: str, figures: Figures, language: Language) -> list[str]:
    """The other kinds of similarity, briefly."""
    place = 0 if language is _EN else 1
    return [
        f"{words[place]} {value:.0f} %"
        for other, words in _SHORT.items()
        if other != kind and isinstance(value := figures.get(other), float | int)
    ]


def listed(items: tuple[Relative, ...], kind: str, language: Language) -> str:
    """Fragments, a line each, with their numbers and the evidence."""
    lines = []
    for place, item in enumerate(items, start=1):
        count = f"in {item.support} compound{'s' * (item.support != 1)}" if language is _EN else f"化合物{item.support}個"
        beside = [*figures_beside(kind, item.figures, language), count]
        beside += [measured(item.figures, language)] if item.figures.get("basis") is not None else []
        name, lead = label(item.name, language), figure(kind, item.figures, language)
        lines.append(
            f"{place}. {name}: {lead}; {', '.join(beside)}"
            if language is _EN
            else f"{place}. {name}：{lead}、{'、'.join(beside)}"
        )
    return "\n".join(lines)


def changes_listed(items: tuple[Relative, ...], function: Function, language: Language) -> str:
    """Replacements, a line each, with what they are expected to change and the evidence."""
    lines = []
    for place, item in enumerate(items, start=1):
        name, told = label(item.name, language), change(item.figures, function, language)
        lines.append(f"{place}. {name}: {told}" if language is _EN else f"{place}. {name}：{told}")
    return "\n".join(lines)


def change(figures: Figures, function: Function, language: Language) -> str:
    """What a replacement is expected to change, how often that keeps activity, and what it rests on."""
    expected, low, high = (figures[name] for name in ("expected_change", "change_low", "change_high"))
    is_outcome, english = function is Function.OUTCOME, language is _EN
    if english:
        what = "chance of another outcome" if is_outcome else "expected change"
        parts = [f"{what} {expected:.2f} (90 % interval {low:.2f} to {high:.2f})"]
        parts += [] if is_outcome else [f"within {_WITHIN[function][0]} in {figures['function']:.0f} %"]
    else:
        what = "結果が変わる確率" if is_outcome else "見込まれる変化"
        parts = [f"{what}{expected:.2f}（90 %区間 {low:.2f}〜{high:.2f}）"]
        parts += [] if is_outcome else [f"{_WITHIN[function][1]}以内に収まる割合{figures['function']:.0f} %"]
    return ("; " if english else "、").join([*parts, measured(figures, language)])


def spoken_value(expected: PredictedTarget, scale: str, language: Language) -> str:
    """What is expected on a target, with interval, what is usual there, and what was measured."""
    percent = scale == "chance"
    unit, digits = (100.0, 0) if percent else (1.0, 2)
    sign = " %" if percent else ""

    def said(value: float) -> str:
        return f"{value * unit:.{digits}f}{sign}"

    parts = [said(expected.value)]
    english = language is _EN
    if expected.low is not None and expected.high is not None:
        bounds = said(expected.low), said(expected.high)
        parts.append(f"90 % interval {bounds[0]} to {bounds[1]}" if english else f"90 %区間 {bounds[0]}〜{bounds[1]}")
    if expected.level is not None:
        parts.append(f"usual there {said(expected.level)}" if english else f"その標的の平均 {said(expected.level)}")
    if expected.measured is not None:
        parts.append(f"measured {expected.measured:.2f}" if english else f"実測 {expected.measured:.2f}")
    return (
        f"{expected.target} {parts[0]} ({', '.join(parts[1:])})"
        if english
        else f"{expected.target} {parts[0]}（{'、'.join(parts[1:])}）"
    )


class Links:
    """Addresses of viz's pages that show the very numbers of an answer, whatever is published later."""

    def __init__(self, viz_url: str) -> None:
        self._viz_url = viz_url.rstrip("/")

    def fragment(self, fragment: KnownFragment, kind: str = "function", *, is_unlike: bool = False) -> str:
        """The page of a fragment's neighbours."""
        view = {"run": fragment.run, "similarity": kind, "fragment": fragment.name}
        return self._to("fragments", view | ({"structure": "unlike"} if is_unlike else {}))

    def prediction(self, run: str, compound: str) -> str:
        """The page of a compound's prediction."""
        return self._to("predict", {"run": run, "compound": compound})

    def run(self, run: str) -> str:
        """The page of a run's fragments."""
        return self._to("fragments", {"run": run})

    def _to(self, page: str, view: Mapping[str, str]) -> str:
        return f"{self._viz_url}/{page}?{urlencode(view, quote_via=quote, safe='')}"


def measured(figures: Figures, language: Language) -> str:
    """What an expected change rests on, by the pairs of compounds that were measured."""
    swaps, is_measured = figures["swaps"], figures["basis"] == "measured"
    if language is _EN:
        if not swaps:
            return "not measured, from what similar replacements did"
        pairs = f"{swaps} pair{'s' * (swaps != 1)} of compounds"
        return f"measured on {pairs}" if is_measured else f"measured on {pairs}, the rest from similar replacements"
    if not swaps:
        return "実測なし（似た置き換えからの推定）"
    return f"化合物{swaps}組の実測" if is_measured else f"化合物{swaps}組の実測と似た置き換えからの推定"


@cache
def _called() -> dict[str, tuple[str, str]]:
    """English and Japanese name of each fragment that has one."""
    called: dict[str, tuple[str, str]] = {}
    for is_usual in (True, False):
        for group in group_names():
            for smiles in group.smiles[:1] if is_usual else group.smiles[1:]:
                called.setdefault(smiles, (group.english[0], group.japanese[0]))
    return called
