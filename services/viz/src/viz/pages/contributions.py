"""Contributions: what each fragment of a molecule adds to a prediction, as bars to either side of nothing."""

from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from viz.answers import PredictedFragment, Prediction, TargetPrediction
from viz.pages.elements import fragment_link, number, signed_bar, table
from viz.pages.notation import Notation
from viz.view import View

__all__ = ["contributions"]

_FRAGMENTS: Final = "/fragments"


def contributions(prediction: Prediction, chosen: TargetPrediction, view: View, notation: Notation) -> list[Component]:
    """The expectation on one target, taken apart: the parts add up to the last row."""
    largest = max((abs(added) for added in (chosen.level, *chosen.added)), default=0.0) or 1.0
    shares = sorted(zip(prediction.fragments, chosen.added, strict=True), key=lambda share: -abs(share[1]))
    rows: list[list[Any]] = [
        ["Mean of the data", number(chosen.mean, 3), None],
        [f"Level of {chosen.target}", signed_bar(chosen.level / largest, _signed(chosen.level)), None],
        *(
            [
                _named(fragment, view),
                signed_bar(added / largest, _signed(added)),
                _evidence(fragment),
            ]
            for fragment, added in shares
        ),
        [html.Strong("Together"), html.Strong(number(chosen.sum, 3)), None],
    ]
    head = [("Part", "text"), ("Adds", "figure"), ("Support", "figure")]
    return [
        html.H2(f"{notation.title} on {chosen.target}: {notation.shown(chosen.value)}{' %' if notation.per_cent else ''}"),
        table(f"What adds up to {number(chosen.sum, 3)}", head, rows),
        html.P(_caption(notation), className="caption"),
    ]


def _caption(notation: Notation) -> str:
    of_chances = " The sum is a probit: 0 is a chance of 50 %, and what is unsure draws the chance towards it."
    return (
        "Blue raises the prediction, orange lowers it. Support is the number of compounds behind a fragment."
        f"{of_chances if notation.per_cent else ''}"
    )


def _named(fragment: PredictedFragment, view: View) -> Component:
    return html.Code(fragment.name) if fragment.support is None else fragment_link(fragment.name, view, _FRAGMENTS)


def _evidence(fragment: PredictedFragment) -> str | Component:
    return html.Span("unknown", className="badge") if fragment.support is None else f"{fragment.support:,}"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{number(value, 3)}"
