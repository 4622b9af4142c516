"""Goals: a field in which a target is chosen by its name, and what a replacement does at targets, as cells of tables."""

from collections.abc import Sequence
from typing import Final

from dash import dcc, html
from dash.development.base_component import Component

from viz.pages.elements import interval_bar, number
from viz.replacing import AtTarget, Replacement

__all__ = ["SWAP_HEAD", "at_target_cells", "at_target_head", "offered", "swap_cells", "target_field"]

Cell = Component | str
SWAP_HEAD: Final = (("Expected change", "figure"), ("Kept %", "figure"))
"""Headings of `swap_cells`."""


def target_field(identity: str, label: str) -> Component:
    """Where the name of a target is typed, with those that there are to choose from."""
    return html.Div(
        [
            html.Label(label, htmlFor=identity),
            dcc.Input(
                id=identity,
                type="text",
                value="",
                list=f"{identity}-names",
                autoComplete="off",
                spellCheck=False,
                name=identity,
            ),
            html.Datalist(id=f"{identity}-names"),
        ],
        className="search",
    )


def offered(targets: Sequence[str]) -> list[Component]:
    """What a field offers."""
    return [html.Option(value=name) for name in targets]


def swap_cells(replacement: Replacement, across: tuple[float, float]) -> list[Cell]:
    """What it is expected to change anywhere, drawn between two ends, and how often activity is kept."""
    told = f"{number(replacement.expected_change, 2)} ({number(replacement.low, 2)} to {number(replacement.high, 2)})"
    bar = interval_bar(replacement.expected_change, replacement.low, replacement.high, across, told)
    return [html.Span(bar, title=f"by {replacement.basis}"), number(replacement.percent)]


def at_target_head(target: str) -> list[tuple[str, str]]:
    """Headings of `at_target_cells`."""
    words = (f"Adds at {target}", f"More active at {target} %", f"Not less at {target} %", f"Pairs at {target}")
    return [(word, "figure") for word in words]


def at_target_cells(told: AtTarget, across: tuple[float, float]) -> list[Cell]:
    """What it adds at a target with its interval, the chance of its sign, and the pairs that were measured there."""
    if told.shift is None or told.low is None or told.high is None:
        return ["–", "–", "–", f"{told.measured:,}"]
    text = f"{signed(told.shift)} ({signed(told.low)} to {signed(told.high)})"
    bar = interval_bar(told.shift, told.low, told.high, across, text)
    return [bar, _per_cent(told.chance_higher), _per_cent(told.chance_kept), f"{told.measured:,}"]


def signed(value: float) -> str:
    """A difference, with its sign."""
    return f"{'+' if value > 0 else ''}{number(value, 2)}"


def _per_cent(chance: float | None) -> str:
    return "–" if chance is None else number(100 * chance, 0)
