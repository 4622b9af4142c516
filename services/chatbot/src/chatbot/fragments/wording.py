"""Wording: names, numbers and links of fragments in English and Japanese."""

from collections.abc import Mapping
from functools import cache
from typing import Final
from urllib.parse import quote, urlencode

from chatbot.fragments.lookups import Figures, KnownFragment, PredictedTarget, Relative
from contracts.group_names import group_names
from dialogue.bundle import Language

__all__ = ["KINDS", "Links", "called", "figure", "figures_beside", "is_common", "label", "listed", "spoken_value"]

_EN: Final = Language.ENGLISH
_LONGEST: Final = 80
KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "function": ("in function", "機能"),
    "structure": ("in structure", "構造"),
    "coassay": ("in what they were measured on", "測定された標的"),
    "balanced": ("by balanced factors, as on the heat map", "釣り合わせた因子（ヒートマップ）"),
    "combined": ("by what a swap is expected to change", "置き換えたときに見込まれる変化"),
}
"""The kinds of similarity that the scores API publishes, as they are said; a kind that is not here is said by its own name."""
_SHORT: Final[Mapping[str, tuple[str, str]]] = {
    "function": ("function", "機能"),
    "structure": ("structure", "構造"),
    "coassay": ("measured together", "共測定"),
    "combined": ("swap rank", "置換順位"),
}


def label(name: str, language: Language) -> str:
    """A fragment as people know it: `morpholine (*N1CCOCC1)`; only its name where it has no common one."""
    shown = name if len(name) <= _LONGEST else f"{name[:_LONGEST]}…"
    group = _called().get(name)
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
    if kind == "combined":
        return f"less change than {value:.0f} % of all swaps" if language is _EN else f"全置換の{value:.0f} %より変化が小さい"
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
        name, lead = label(item.name, language), figure(kind, item.figures, language)
        lines.append(
            f"{place}. {name}: {lead}; {', '.join(beside)}"
            if language is _EN
            else f"{place}. {name}：{lead}、{'、'.join(beside)}"
        )
    return "\n".join(lines)


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


@cache
def _called() -> dict[str, tuple[str, str]]:
    """English and Japanese name of each fragment that has one."""
    called: dict[str, tuple[str, str]] = {}
    for is_usual in (True, False):
        for group in group_names():
            for smiles in group.smiles[:1] if is_usual else group.smiles[1:]:
                called.setdefault(smiles, (group.english[0], group.japanese[0]))
    return called
