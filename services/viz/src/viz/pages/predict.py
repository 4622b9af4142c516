"""Page "Predict": a molecule that the reader types, what a run expects of it on targets, and which fragment adds what."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from viz.answers import Fragment, Prediction, TargetPrediction
from viz.failures import NotInRun, Unshowable
from viz.language import N_, _, around, ngettext
from viz.pages.contributions import contributions
from viz.pages.elements import aria, interval_bar, number, segments, spanned, table
from viz.pages.notation import Notation, notation_of
from viz.pages.regions import answering
from viz.pages.sketch import draw_button, editor_panel
from viz.scores import Scores
from viz.view import View
from viz.wanted import Wanted

__all__ = ["PATH", "examples", "layout", "register"]

PATH: Final = "/predict"
_HIGHEST: Final = 10
_EXAMPLES: Final = (
    (N_("aspirin"), "CC(=O)Oc1ccccc1C(=O)O"),
    (N_("imatinib"), "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1"),
)
_FLAGS: Final = {
    "nothing-known": N_("Not one fragment of this molecule is in the data: fragments add nothing to the level of each target."),
    "unknown-fragments": N_("Some fragments are in too few compounds of the data: they add nothing, and less is sure."),
    "fragments-only": N_("Nothing is known of the molecule but fragments: no measured compound is compared with it."),
}
"""The gravest first, which alone is shown."""


_FIRST: Final = {
    "excess": N_("those first on which it stands out most among compounds of the data"),
    "prediction": N_("the highest first"),
    "certainty": N_("the surest first"),
}


def layout() -> Component:
    """The page's fixed part: what is typed, and places for the targets and for one of them taken apart."""
    return html.Div(
        [
            html.H1(_("Predict a molecule")),
            html.Section(
                [
                    _field("compound", _("SMILES, or names of fragments with commas")),
                    _field("target", _("Target, if not the first ones")),
                    draw_button("compound"),
                    html.Button(_("Predict"), id="predict", n_clicks=0, type="button", className="primary"),
                    editor_panel("compound"),
                    html.P(id="examples", className="quiet"),
                    html.P(dcc.Link(_("Many molecules at once"), href="/predict-many"), id="to-many"),
                ],
                className="card question",
                **aria(label=_("The molecule")),
            ),
            html.Div(
                [
                    html.Section(id="expected-view", className="card", **aria(label=_("What is expected"), live="polite")),
                    html.Section(id="parts-view", className="card", **aria(label=_("Where it comes from"))),
                ],
                className="halves",
            ),
        ],
        className="page",
    )


def register(dash: Dash, scores: Scores) -> None:
    """Add the page's callbacks."""

    @dash.callback(Output("compound", "value"), Output("target", "value"), Input("address", "search"))
    async def fill_in(search: str) -> tuple[str, str]:
        view = View.repaired(search)
        return view.compound or "", view.target or ""

    @dash.callback(Output("to-many", "children"), Input("address", "search"))
    async def lead_to_many(search: str) -> Component:
        run = View.repaired(search).run
        return dcc.Link(_("Many molecules at once"), href=f"/predict-many{View(run=run).search}")

    @dash.callback(Output("examples", "children"), Input("address", "search"), Input("health", "data"))
    async def give_examples(search: str, _health: dict[str, Any] | None) -> list[Any]:
        view = View.repaired(search)
        return examples(view, await _predictable(view.run, scores))

    @dash.callback(
        Output("address", "search", allow_duplicate=True),
        Input("predict", "n_clicks"),
        Input("compound", "n_submit"),
        Input("target", "n_submit"),
        State("compound", "value"),
        State("target", "value"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    async def ask(
        clicks: int, of_compound: int | None, of_target: int | None, compound: str | None, target: str | None, search: str
    ) -> Any:
        if not (clicks or of_compound or of_target):  # the fields have only just appeared
            return no_update
        return replace(View.repaired(search), compound=(compound or "").strip(), target=(target or "").strip()).search

    @dash.callback(
        Output("expected-view", "children"),
        Output("parts-view", "children"),
        Input("address", "search"),
        Input("health", "data"),
    )
    @answering(None)
    async def predict(search: str, health: dict[str, Any] | None) -> Any:
        if health is None:
            return no_update, no_update
        view = View.of(search)
        if view.compound is None:
            return [html.H2(_("Nothing asked yet")), html.P(_("Type a molecule above, as SMILES."), className="quiet")], None
        compound = await _read(view.compound, view.run, scores)
        prediction = await scores.prediction(view.run, compound, limit=_HIGHEST, order=view.order)
        chosen = next((target for target in prediction.targets if view.target in {None, target.target}), None)
        listed = list(prediction.targets)
        if chosen is None:
            (chosen,) = (await scores.prediction(prediction.run, compound, target=view.target, limit=1)).targets
            listed.append(chosen)
        notation = notation_of(prediction.scale)
        return _expected(prediction, listed, chosen, view, notation), contributions(prediction, chosen, view, notation)


def examples(view: View, first: Sequence[Fragment]) -> list[Component | str]:
    """Links to molecules, or where fragments have no structures to some of these by their names."""
    named = ", ".join(fragment.name for fragment in first)
    asked = [(named, named)] if named else []
    if any(fragment.smiles is not None for fragment in first):
        asked = [(_(name), smiles) for name, smiles in _EXAMPLES]
    links = [dcc.Link(name, href=f"{PATH}{replace(view, compound=text).search}") for name, text in asked]
    listed = html.Span([part for link in links for part in (link, " · ")][:-1])
    return around(_("For example {molecules}"), molecules=listed) if links else []


async def _predictable(run: str, scores: Scores) -> tuple[Fragment, ...]:
    """The first two fragments of a run that predicts; none of another."""
    try:
        first = (await scores.fragments(run, Wanted(), limit=2)).items
        if first:
            await scores.prediction(run, [first[0].name], limit=1)
    except Unshowable:  # the watch says so, or the run predicts nothing
        return ()
    return first


async def _read(text: str, run: str, scores: Scores) -> str | tuple[str, ...]:
    """A SMILES, in which neither a comma nor an asterisk can be, or names of fragments of the run."""
    if "," not in text:
        return (text,) if "*" in text or await _is_fragment(text, run, scores) else text
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip())) or text


async def _is_fragment(text: str, run: str, scores: Scores) -> bool:
    try:
        return (await scores.fragment(run, text)).name == text
    except NotInRun:
        return False


def _field(identity: str, label: str) -> Component:
    return html.Div(
        [
            html.Label(label, htmlFor=identity),
            dcc.Input(id=identity, type="text", value="", autoComplete="off", spellCheck=False, name=identity),
        ],
        className="search",
    )


def _expected(
    prediction: Prediction, listed: list[TargetPrediction], chosen: TargetPrediction, view: View, notation: Notation
) -> list[Component]:
    columns = _columns(listed, view, notation)
    flag = next((flag for flag in _FLAGS if flag in prediction.flags), None)
    return [
        html.Div(
            [
                html.H2(around(_("Expected of {molecule}"), molecule=html.Code(prediction.parent or view.compound))),
                html.A(
                    _("Permanent link"),
                    href=f"{PATH}{view.pinned(prediction.run).search}",
                    title=_("This question to run {run}, whatever is published later", run=prediction.run),
                ),
            ],
            className="heading",
        ),
        *([html.P(dcc.Link(_("Replace a fragment of it"), href=f"/replace{view.search}"))] if prediction.parent else []),
        *([] if flag is None else [html.P([html.Strong(_("Mind: ")), _(_FLAGS[flag])], className="flag")]),
        *([html.P(known, className="quiet")] if (known := _known(prediction)) else []),
        *([html.Div(segments(_("Order"), PATH, view, "order"), className="toolbar")] if _is_ordered(prediction) else []),
        table(
            _caption(prediction, listed, chosen, notation, view.order),
            [head for head, _ in columns],
            [list(row) for row in zip(*(cells for _, cells in columns), strict=True)],
            chosen=listed.index(chosen),
        ),
        html.P(prediction.meaning, className="caption"),
    ]


def _is_ordered(prediction: Prediction) -> bool:
    """Whether the run knows other orders than that of the values."""
    return any(target.excess is not None for target in prediction.targets)


def _columns(
    listed: list[TargetPrediction], view: View, notation: Notation
) -> list[tuple[tuple[str, str], list[Component | str]]]:
    """Headings and cells of those columns that have something to show."""
    bounds = [bound for target in listed for bound in (target.value, target.low, target.high) if bound is not None]
    across = notation.ends or (min(bounds), max(bounds))
    columns: list[tuple[tuple[str, str], list[Component | str]]] = [
        ((_("Target"), "text"), [_link(target, view) for target in listed]),
        ((notation.unit, "figure"), [notation.shown(target.value) for target in listed]),
    ]
    if any(target.excess is not None for target in listed):
        columns.append(((_("Above usual"), "figure"), [_signed(target.excess, notation) for target in listed]))
    if any(target.low is not None for target in listed):
        columns.append(((_("90 % interval"), "figure"), [_interval(target, across, notation) for target in listed]))
    if any(target.measured is not None for target in listed):
        stated = ["–" if target.measured is None else notation.measured(target.measured) for target in listed]
        columns.append(((_("Measured"), "figure"), list(stated)))
    return columns


def _link(target: TargetPrediction, view: View) -> Component:
    link = dcc.Link(target.target, href=f"{PATH}{replace(view, target=target.target).search}")
    if target.domain != "far":
        return link
    return html.Span([link, " ", html.Span(_("far"), className="badge", title=_("No compound measured here is 30 % alike"))])


def _signed(excess: float | None, notation: Notation) -> str:
    return "–" if excess is None else f"{'+' if excess > 0 else ''}{notation.shown(excess)}"


def _known(prediction: Prediction) -> str | None:
    """What the data know of the molecule."""
    if prediction.matched is not None:
        return _("This is {name} of the data. What was measured of it stands beside what is expected.", name=prediction.matched)
    if prediction.nearest is None:
        return None
    return _("The most alike compound of the data is {percent} % alike.", percent=number(prediction.nearest))


def _caption(
    prediction: Prediction, listed: list[TargetPrediction], chosen: TargetPrediction, notation: Notation, order: str
) -> str:
    many = len(listed)
    above = any(target.excess is not None for target in listed)
    told = {"title": notation.title, "order": _(_FIRST[order if above else "prediction"])}
    if listed[-1] is chosen and many > len(prediction.targets):
        return _("{title} on {count} targets, {order}, and on {target}", **told, count=many - 1, target=chosen.target)
    return ngettext("{title} on one target, {order}", "{title} on {count} targets, {order}", many, **told, count=many)


def _interval(target: TargetPrediction, across: tuple[float, float], notation: Notation) -> Component | str:
    if target.low is None or target.high is None:
        return "–"
    return interval_bar(
        target.value, target.low, target.high, across, spanned(notation.shown(target.low), notation.shown(target.high))
    )
