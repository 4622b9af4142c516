"""Contributions: what each fragment of a molecule adds to a prediction, as bars to either side of nothing."""

from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from viz.answers import Expectation, Part, Prediction
from viz.pages.elements import fragment_link, number, signed_bar, table
from viz.pages.scales import Scale
from viz.view import View

__all__ = ["contributions"]

_FRAGMENTS: Final = "/fragments"


def contributions(found: Prediction, chosen: Expectation, view: View, scale: Scale) -> list[Component]:
    """The expectation on one target, taken apart: the parts add up to the last row."""
    largest = max((abs(added) for added in (chosen.level, *chosen.added)), default=0.0) or 1.0
    order = sorted(range(len(found.parts)), key=lambda place: -abs(chosen.added[place]))
    rows: list[list[Any]] = [
        ["Mean of the data", number(chosen.mean, 3), None],
        [f"Level of {chosen.target}", signed_bar(chosen.level / largest, _signed(chosen.level)), None],
        *(
            [
                _named(found.parts[place], view),
                signed_bar(chosen.added[place] / largest, _signed(chosen.added[place])),
                _evidence(found.parts[place]),
            ]
            for place in order
        ),
        [html.Strong("Together"), html.Strong(number(chosen.sum, 3)), None],
    ]
    head = [("Part", "text"), ("Adds", "figure"), ("Support", "figure")]
    return [
        html.H2(f"{scale.title} on {chosen.target}: {scale.shown(chosen.value)}{' %' if scale.per_cent else ''}"),
        table(f"What adds up to {number(chosen.sum, 3)}", head, rows),
        html.P(_caption(scale), className="caption"),
    ]


def _caption(scale: Scale) -> str:
    of_chances = " The sum is a probit: 0 is a chance of 50 %, and what is unsure draws the chance towards it."
    return (
        "Blue raises the prediction, orange lowers it. Support is the number of compounds behind a fragment."
        f"{of_chances if scale.per_cent else ''}"
    )


def _named(part: Part, view: View) -> Component:
    return html.Code(part.name) if part.support is None else fragment_link(part.name, view, _FRAGMENTS)


def _evidence(part: Part) -> str | Component:
    return html.Span("unknown", className="badge") if part.support is None else f"{part.support:,}"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{number(value, 3)}"
