"""Page "Predict many": molecules a line each, what a run expects of all of them, as a table with structures and as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from dash import Dash, Input, Output, State, dcc, html
from dash.development.base_component import Component

from viz.answers import Left, Prediction, TargetPrediction
from viz.pages.elements import aria, drawn_name, table
from viz.pages.notation import Notation, notation_of
from viz.pages.regions import answering
from viz.scores import Scores
from viz.view import View

__all__ = ["PATH", "layout", "register"]

PATH: Final = "/predict-many"
_MOST: Final = 500
_TARGETS: Final = 3
_COLUMNS: Final = ("line", "smiles", "target", "value", "low", "high", "excess", "measured", "domain")


def layout() -> Component:
    """The page's fixed part: where molecules are typed, and a place for the table."""
    return html.Div(
        [
            html.H1("Predict many molecules"),
            html.Section(
                [
                    html.Div(
                        [
                            html.Label(f"SMILES, one a line, at most {_MOST}", htmlFor="many-molecules"),
                            dcc.Textarea(id="many-molecules", value="", spellCheck=False, className="molecules"),
                        ],
                        className="search",
                    ),
                    html.Div(
                        [
                            html.Label("Target, if not the first ones", htmlFor="many-target"),
                            dcc.Input(id="many-target", type="text", value="", autoComplete="off", spellCheck=False),
                        ],
                        className="search",
                    ),
                    html.Div(
                        [
                            html.Button("Predict all", id="many-ask", n_clicks=0, type="button", className="primary"),
                            html.Span(id="many-busy", role="status"),
                        ],
                        className="toolbar",
                    ),
                ],
                className="card",
                **aria(label="The molecules"),
            ),
            html.Section(id="many-view", className="card", **aria(label="What is expected", live="polite")),
        ],
        className="page",
    )


def register(dash: Dash, scores: Scores) -> None:
    """Add the page's callbacks."""

    @dash.callback(
        Output("many-view", "children"),
        Input("many-ask", "n_clicks"),
        State("many-molecules", "value"),
        State("many-target", "value"),
        State("address", "search"),
        running=[(Output("many-busy", "children"), "Predicting …", ""), (Output("many-ask", "disabled"), True, False)],
    )
    @answering()
    async def predict_all(clicks: int | None, text: str | None, target: str | None, search: str) -> Any:
        if not clicks:
            return html.P("Nothing asked yet.", className="quiet")
        lines, view = _lines(text), View.of(search)
        if not 0 < len(lines) <= _MOST:
            return html.P(f"Type one to {_MOST} SMILES; there are {len(lines)}.", className="flag")
        predicted, left = await _asked(scores, view, lines, target)
        return [*_left_out(left), *(_predicted(predicted, view) if predicted else [])]


Numbered = tuple[int, str, Prediction]


async def _asked(
    scores: Scores, view: View, lines: Sequence[tuple[int, str]], target: str | None
) -> tuple[list[Numbered], list[tuple[int, Left]]]:
    """Predictions by line, and the lines that are no molecules with their reasons."""
    smiles = [text for _, text in lines]
    told, left = await scores.predictions(view.run, smiles, target=(target or "").strip() or None, limit=_TARGETS)
    numbers = [number for number, _ in lines]
    answered = [at for at in range(len(lines)) if at not in {each.place for each in left}]
    predicted = [(numbers[at], smiles[at], prediction) for at, prediction in zip(answered, told, strict=True)]
    return predicted, [(numbers[each.place], each) for each in left]


def _lines(text: str | None) -> list[tuple[int, str]]:
    """First words by the numbers of their lines."""
    written = enumerate((text or "").splitlines()[: 10 * _MOST], start=1)
    return [(number, line.split()[0]) for number, line in written if line.strip()]


def _left_out(left: Sequence[tuple[int, Left]]) -> list[Component]:
    if not left:
        return []
    rows = [[f"{line}", html.Code(each.value[:80]), each.reason] for line, each in left]
    return [table(f"{len(left)} lines left out", [("Line", "text"), ("SMILES", "text"), ("Because", "text")], rows)]


def _predicted(predicted: Sequence[Numbered], view: View) -> list[Component]:
    notation = notation_of(predicted[0][2].scale)
    rows = [
        [drawn_name(prediction.parent, _link(smiles, view)), *(_cell(target, notation) for target in prediction.targets)]
        for _, smiles, prediction in predicted
    ]
    width = len(rows[0]) - 1
    head = [("Molecule", "text"), *((f"{'First' if at == 0 else 'Next'} target", "text") for at in range(width))]
    address = f"data:text/csv;charset=utf-8,{quote(_csv(predicted))}"
    return [
        html.P(html.A("Download CSV", href=address, download="predictions.csv"), className="links"),
        table(f"{notation.title} of {len(rows)} molecules, on the targets where it stands out most", head, rows),
    ]


def _cell(target: TargetPrediction, notation: Notation) -> Component:
    interval = ""
    if target.low is not None and target.high is not None:
        interval = f" ({notation.shown(target.low)} to {notation.shown(target.high)})"
    measured = "" if target.measured is None else f", measured {notation.measured(target.measured)}"
    return html.Span([html.Strong(notation.shown(target.value)), f"{interval}{measured}", html.Br(), target.target])


def _link(smiles: str, view: View) -> Component:
    return dcc.Link(smiles, href=f"/predict{replace(view, compound=smiles).search}", className="fragment-name")


def _csv(predicted: Sequence[Numbered]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for line, smiles, prediction in predicted:
        for each in prediction.targets:
            figures = (each.value, each.low, each.high, each.excess, each.measured)
            writer.writerow([line, smiles, each.target, *figures, each.domain])
    return text.getvalue()
