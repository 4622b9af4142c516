"""Page "Predict many": molecules of a file or a line each, what a run expects of all of them: a table, CSV and SDF.

A file is read in the browser: what it holds stands in the field as SMILES, as what is drawn does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from servicekit.spreadsheet import as_csv
from viz.answers import Left, Prediction, TargetPrediction
from viz.failures import Unshowable
from viz.handed_on import HandedOn
from viz.language import _
from viz.pages.elements import aria, drawn_name, in_unit, spanned, table
from viz.pages.notation import Notation, notation_of
from viz.pages.regions import answering
from viz.scores import Scores
from viz.view import View

__all__ = ["PATH", "Line", "layout", "lines_of", "register"]

PATH: Final = "/predict-many"
_MOST: Final = 500
_TARGETS: Final = 3
_NAME: Final = 200
"""Characters of a name that the API takes."""
_SPACES: Final = re.compile(r"[\s\x00-\x1f\x7f]+")
_COLUMNS: Final = ("line", "name", "smiles", "target", "value", "low", "high", "excess", "unit", "measured", "domain")


def layout() -> Component:
    """The page's fixed part: where molecules are typed or read from a file, and a place for the table."""
    return html.Div(
        [
            html.H1(_("Predict many molecules")),
            html.Section(
                [
                    html.Div(
                        [
                            html.Label(_("Drop a file here, or choose one"), htmlFor="many-file"),
                            html.Div(id="many-place"),
                            html.P(_("CSV or TSV with a column SMILES, SDF, or SMILES a line."), className="quiet"),
                            html.P(id="many-status", role="status"),
                        ],
                        id="many-zone",
                        className="drop-zone",
                    ),
                    html.Div(
                        [
                            html.Label(
                                _("SMILES, one a line, at most {most}; a name may follow", most=_MOST), htmlFor="many-molecules"
                            ),
                            dcc.Textarea(id="many-molecules", value="", spellCheck=False, className="molecules"),
                        ],
                        className="search",
                    ),
                    html.Div(
                        [
                            html.Label(_("Target, if not the first ones"), htmlFor="many-target"),
                            dcc.Input(id="many-target", type="text", value="", autoComplete="off", spellCheck=False),
                        ],
                        className="search",
                    ),
                    html.Div(
                        [
                            html.Button(_("Predict all"), id="many-ask", n_clicks=0, type="button", className="primary"),
                            html.Span(
                                [
                                    html.Span(_("Predicting …"), id="many-busy", hidden=True),
                                    html.Span(_("Writing the SD file …"), id="many-writing", hidden=True),
                                ],
                                role="status",
                            ),
                        ],
                        className="toolbar",
                    ),
                ],
                className="card",
                **aria(label=_("The molecules")),
            ),
            dcc.Store(id="many-asked", data=None),
            dcc.Download(id="many-download"),
            html.Section(id="many-view", className="card", **aria(label=_("What is expected"), live="polite")),
        ],
        className="page",
    )


def register(dash: Dash, scores: Scores, handed_on: HandedOn) -> None:
    """Add the page's callbacks."""
    in_browser: Any = dash.clientside_callback  # Dash leaves it untyped
    in_browser(ClientsideFunction("viz", "moleculeFile"), Output("many-place", "title"), Input("many-place", "id"))

    @dash.callback(
        Output("many-view", "children"),
        Output("many-asked", "data"),
        Input("many-ask", "n_clicks"),
        State("many-molecules", "value"),
        State("many-target", "value"),
        State("address", "search"),
        running=[(Output("many-busy", "hidden"), False, True), (Output("many-ask", "disabled"), True, False)],
    )
    @answering(None)
    async def predict_all(clicks: int | None, text: str | None, target: str | None, search: str) -> Any:
        if not clicks:
            return html.P(_("Nothing asked yet."), className="quiet"), None
        lines, view, target = lines_of(text), View.of(search), (target or "").strip() or None
        if not 0 < len(lines) <= _MOST:
            return html.P(
                _("Type one to {most} SMILES; there are {count}.", most=_MOST, count=len(lines)), className="flag"
            ), None
        predicted, left = await _asked(scores, view, lines, target)
        if not predicted:
            return _left_out(left), None
        molecules = [(each.smiles, each.name) for each in predicted]
        asked = {"run": predicted[0].prediction.run, "molecules": molecules, "target": target}
        return [*_left_out(left), *_predicted(predicted, view)], asked

    @dash.callback(
        Output("many-download", "data"),
        Output("many-sdf-told", "children"),
        Input("many-sdf", "n_clicks"),
        State("many-asked", "data"),
        prevent_initial_call=True,
        running=[(Output("many-writing", "hidden"), False, True)],
    )
    async def write_structures(clicks: int | None, asked: Mapping[str, Any] | None) -> Any:
        if not clicks or asked is None:  # the button has only just appeared
            return no_update, no_update
        try:
            found = await handed_on.predictions(asked["run"], asked["molecules"], target=asked["target"], limit=_TARGETS)
        except Unshowable as failure:
            return no_update, str(failure)
        return {"content": found, "filename": "predictions.sdf", "type": "chemical/x-mdl-sdfile"}, ""


@dataclass(frozen=True)
class Line:
    """A molecule that was typed or read from a file."""

    number: int
    smiles: str
    name: str


@dataclass(frozen=True)
class _Predicted(Line):
    """What is expected of it."""

    prediction: Prediction


async def _asked(
    scores: Scores, view: View, lines: Sequence[Line], target: str | None
) -> tuple[list[_Predicted], list[tuple[int, Left]]]:
    """Predictions by line, and the lines that are no molecules with their reasons."""
    told, left = await scores.predictions(view.run, [line.smiles for line in lines], target=target, limit=_TARGETS)
    unread = {each.place for each in left}
    answered = [line for at, line in enumerate(lines) if at not in unread]
    predicted = [
        _Predicted(line.number, line.smiles, line.name, prediction) for line, prediction in zip(answered, told, strict=True)
    ]
    return predicted, [(lines[each.place].number, each) for each in left]


def lines_of(text: str | None) -> list[Line]:
    """SMILES and names by the numbers of their lines; names as the API takes them: in one line, not too long."""
    written = enumerate((text or "").split("\n")[: 10 * _MOST], start=1)
    split = ((number, _SPACES.split(line.strip(), maxsplit=1)) for number, line in written if line.strip())
    return [Line(number, parts[0], _SPACES.sub(" ", " ".join(parts[1:]))[:_NAME]) for number, parts in split]


def _left_out(left: Sequence[tuple[int, Left]]) -> list[Component]:
    if not left:
        return []
    rows = [[f"{line}", html.Code(each.value[:80]), each.reason] for line, each in left]
    return [
        table(
            _("{count} lines left out", count=len(left)),
            [(_("Line"), "text"), ("SMILES", "text"), (_("Because"), "text")],
            rows,
        )
    ]


def _predicted(predicted: Sequence[_Predicted], view: View) -> list[Component]:
    notation = notation_of(predicted[0].prediction.scale)
    rows = [
        [
            drawn_name(each.prediction.parent, html.Span([_link(each.smiles, view), *_called(each)])),
            *(_cell(target, notation) for target in each.prediction.targets),
        ]
        for each in predicted
    ]
    width = len(rows[0]) - 1
    head = [(_("Molecule"), "text"), *((_("First target") if at == 0 else _("Next target"), "text") for at in range(width))]
    address = f"data:text/csv;charset=utf-8,{quote(_csv(predicted))}"
    return [
        html.Div(
            [
                html.A(_("Download CSV"), href=address, download="predictions.csv"),
                html.Button(_("Download SDF"), id="many-sdf", n_clicks=0, type="button"),
                html.Span(id="many-sdf-told", role="status"),
            ],
            className="toolbar middle",
        ),
        table(
            _("{title} of {count} molecules, on the targets where it stands out most", title=notation.title, count=len(rows)),
            head,
            rows,
        ),
    ]


def _called(each: Line) -> list[Component]:
    return [html.Br(), html.Span(each.name, className="quiet")] if each.name else []


def _cell(target: TargetPrediction, notation: Notation) -> Component:
    interval = ""
    if target.low is not None and target.high is not None:
        interval = f" ({spanned(notation.shown(target.low), notation.shown(target.high))})"
    measured = "" if target.measured is None else _(", measured {value}", value=notation.measured(target.measured))
    value = in_unit(notation.shown(target.value), target.unit)
    return html.Span([html.Strong(value), f"{interval}{measured}", html.Br(), target.target])


def _link(smiles: str, view: View) -> Component:
    return dcc.Link(smiles, href=f"/predict{replace(view, compound=smiles).search}", className="fragment-name")


def _csv(predicted: Sequence[_Predicted]) -> str:
    rows = []
    for line in predicted:
        for each in line.prediction.targets:
            figures = (each.value, each.low, each.high, each.excess, each.unit, each.measured)
            rows.append((line.number, line.name, line.smiles, each.target, *figures, each.domain))
    return as_csv(_COLUMNS, rows)
