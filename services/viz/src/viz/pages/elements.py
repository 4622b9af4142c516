"""Elements that several pages show: notices, choices, percent bars, fragment links, tables with a caption."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from dash import Output, dcc, html
from dash.development.base_component import Component

from contracts.kinds import ChangeUnit, SimilarityKind
from viz.answers import Change, Neighbour
from viz.language import N_, _, spoken, word
from viz.pages.pictures import picture
from viz.pages.terms import explained
from viz.view import UNLIKE, View, named

__all__ = [
    "aria",
    "as_table",
    "basis_told",
    "drawn_name",
    "figure_graph",
    "fragment_link",
    "in_unit",
    "interval_bar",
    "link_menu",
    "neighbour_table",
    "notice",
    "number",
    "paused",
    "percent_bar",
    "segments",
    "signed_bar",
    "spanned",
    "table",
]

Children = str | int | float | Component | Sequence[Any] | None


def aria(**states: str | None) -> dict[str, Any]:
    """ARIA attributes as Dash's elements take them: `aria(label="Runs")`; None leaves one out."""
    return {f"aria-{name}": value for name, value in states.items() if value is not None}


def paused(beat: str) -> tuple[Output, bool, bool]:
    """For a callback that a beat begins: the beat waits for its answer. Of two answers under way, Dash drops the first."""
    return Output(beat, "disabled"), True, False


def notice(sentence: str, after: str | None = None) -> Component:
    """A plain message in the place of content, and what happens next: by itself, where nothing else is said."""
    after = _("This page tries again by itself.") if after is None else after
    return html.Div([html.P(sentence), html.P(after, className="quiet") if after else None], className="notice", role="status")


def number(value: float, decimals: int = 1) -> str:
    """A number as typeset: a true minus sign."""
    return f"{value:.{decimals}f}".replace("-", "−")


_WORDS: Final = {
    "fitted": N_("as fitted"),
    "unit": N_("equal length"),
    "automatic": N_("automatic"),
    "factors": N_("factors"),
    "map": N_("map"),
    "similarity": N_("similarity"),
    "support": N_("support"),
    "scaffolds": N_("scaffolds"),
    "size": N_("size"),
    "rings": N_("rings"),
    "charge": N_("charge"),
    "logp": N_("logP"),
    "any": N_("any"),
    "unlike": N_("at most {percent} % alike"),
    "excess": N_("stands out"),
    "prediction": N_("highest"),
    "certainty": N_("surest"),
    "12": "1 × 2",
    "13": "1 × 3",
    "23": "2 × 3",
}
"""Values of choices in words."""


def segments(legend: str, path: str, view: View, choice: str) -> Component:
    """A choice as a row of links: each leads to the same page with that value, so the address keeps it."""
    return html.Div(
        [
            html.Span(legend, className="legend", **aria(hidden="true")),
            html.Ul(
                [
                    html.Li(
                        dcc.Link(_(_WORDS.get(value, value), percent=UNLIKE), href=f"{path}{other.search}"),
                        **aria(current="true" if here else None),
                    )
                    for value, other, here in view.offers(choice)
                ],
                className="segments",
                **aria(label=legend),
            ),
        ],
        className="choice",
    )


def as_table(path: str, view: View, build: Callable[[], Component]) -> Component:
    """The figure's numbers as a table for those who do not see it, built when it is wanted."""
    if view.table == "hidden":
        return html.P(dcc.Link(_("The same as a table"), href=f"{path}{replace(view, table='shown').search}"))
    return html.Div([html.P(dcc.Link(_("Hide the table"), href=f"{path}{replace(view, table='hidden').search}")), build()])


def link_menu(name: str, shown: str, entries: Sequence[tuple[str, str, str, bool]], *, label: str | None = None) -> Component:
    """A menu of links: each a label, what it means, its address, and whether that is shown now; `label` for who hears it."""
    return html.Details(
        [
            html.Summary(
                [html.Span(f"{name} ", className="quiet") if name else None, shown], **aria(label=label and f"{label}: {shown}")
            ),
            html.Ul(
                [
                    html.Li(
                        [dcc.Link(label, href=address), html.Span(explained) if explained else None],
                        **aria(current="true" if here else None),
                    )
                    for label, explained, address, here in entries
                ],
                **aria(label=label or name),
            ),
        ],
        key=f"{label or name} {[address for _, _, address, here in entries if here]}",
        className="menu",
    )


def percent_bar(percent: float) -> Component:
    """A number with a bar of its size, blue for alike and orange for opposite; the number carries the meaning."""
    side = "alike" if percent >= 0 else "opposite"
    fill = html.Span(className=f"bar-fill {side}", style={"width": f"{abs(percent):.1f}%"})
    return _measure(html.Span(fill, className="bar", **aria(hidden="true")), number(percent))


def formal_charge(charge: int | None) -> str:
    """As chemists write it: with its sign, and 0 without one; a dash where it is not known."""
    if charge is None:
        return "–"
    return f"{charge:+d}".replace("-", "−") if charge else "0"


def signed_bar(share: float, text: str) -> Component:
    """A text with a bar from the middle, to the right in blue or the left in orange, for a share of -1 to 1."""
    side = "alike" if share >= 0 else "opposite"
    left = 50.0 if share >= 0 else 50.0 * (1 + share)
    fill = html.Span(className=f"bar-fill {side}", style={"marginLeft": f"{left:.1f}%", "width": f"{50 * abs(share):.1f}%"})
    return _measure(html.Span(fill, className="bar signed", **aria(hidden="true")), text)


def interval_bar(value: float, low: float, high: float, across: tuple[float, float], text: str) -> Component:
    """A text with an interval and the value in it, drawn between two ends."""
    start, width = across[0], (across[1] - across[0]) or 1.0
    left, right, middle = (100 * (end - start) / width for end in (low, high, value))
    drawn = [
        html.Span(className="interval-reach", style={"left": f"{left:.1f}%", "width": f"{right - left:.1f}%"}),
        html.Span(className="interval-value", style={"left": f"{middle:.1f}%"}),
    ]
    return _measure(html.Span(drawn, className="interval", **aria(hidden="true")), text)


def _measure(picture: Component, text: str) -> Component:
    return html.Span([picture, html.Span(text, className="number")], className="percent")


def fragment_link(name: str, view: View, path: str) -> Component:
    """A link that chooses a fragment on the page at `path`."""
    return dcc.Link(name, href=f"{path}{view.choosing(name).search}", className="fragment-name")


def drawn_name(smiles: str | None, name: Component) -> Component:
    """A name below its structure, or alone where there is none."""
    return name if smiles is None else html.Span([picture(smiles, named=True), name], className="drawn-name")


def table(
    caption: Children, head: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]], *, chosen: int | None = None
) -> Component:
    """A table whose first column names the row; `head` gives a heading and a class (`text` or `figure`) a column."""
    classes = [kind for _, kind in head]
    return html.Div(
        html.Table(
            [
                html.Caption(caption),
                html.Thead(html.Tr([html.Th(explained(title), scope="col", className=kind) for title, kind in head])),
                html.Tbody(
                    [
                        html.Tr(
                            [
                                html.Th(row[0], scope="row", className=classes[0]),
                                *(html.Td(cell, className=kind) for cell, kind in zip(row[1:], classes[1:], strict=True)),
                            ],
                            className="chosen" if at == chosen else None,
                        )
                        for at, row in enumerate(rows)
                    ]
                ),
            ]
        ),
        className="table-frame",
        tabIndex=0,
        role="region",
        **aria(label=caption if isinstance(caption, str) else _("Table")),
    )


def neighbour_table(
    neighbours: Sequence[Neighbour],
    similarity: SimilarityKind,
    view: View,
    path: str,
    *,
    full: bool,
    unit: ChangeUnit | None = None,
) -> Component:
    """The nearest fragments of the chosen one; `full` adds other similarities, intervals, changes in `unit`, and SMILES."""
    shown = [
        kind
        for kind in (similarity, *(kind for kind in SimilarityKind if kind is not similarity and full))
        if any(neighbour.percent(kind) is not None for neighbour in neighbours) or kind is similarity
    ]
    interval = full and any(neighbour.low is not None for neighbour in neighbours)
    changes = full and any(neighbour.change is not None for neighbour in neighbours)
    smiles = full and any(neighbour.smiles not in {None, neighbour.name} for neighbour in neighbours)
    head = [
        (_("Fragment"), "text"),
        *((f"{named(kind)} %", "figure") for kind in shown),
        *([(_("function, 90 %"), "figure")] if interval else []),
        *([(in_unit(_("Expected change"), unit), "figure"), (_("Swaps"), "figure")] if changes else []),
        (_("Support"), "figure"),
        *([("SMILES", "text")] if smiles else []),
    ]
    rows = [
        [
            drawn_name(neighbour.smiles, fragment_link(neighbour.name, view, path)),
            *(_percent(neighbour.percent(kind), barred=kind is similarity) for kind in shown),
            *([_interval(neighbour)] if interval else []),
            *(_change(neighbour.change) if changes else []),
            f"{neighbour.support:,}",
            *([html.Code(neighbour.smiles or "–")] if smiles else []),
        ]
        for neighbour in neighbours
    ]
    told = {"fragment": view.fragment, "similarity": named(similarity), "percent": UNLIKE}
    caption = _("Nearest to {fragment}, by {similarity} similarity", **told)
    if full and view.structure == "unlike":
        caption = _("Nearest to {fragment}, by {similarity} similarity, at most {percent} % alike in structure", **told)
    return table(caption, head, rows)


def in_unit(text: str, unit: str | None) -> str:
    """A text with its unit, if that is known."""
    if unit is None:
        return text
    return _("{text}, {unit}", text=text, unit=_(_UNITS[unit]) if isinstance(unit, ChangeUnit) else unit)


_BASES: Final = {"measured": N_("measured"), "measured and model": N_("measured and model"), "model": N_("model")}
_UNITS: Final = {
    ChangeUnit.LOG: N_("log units"),
    ChangeUnit.SPREAD: N_("standard deviations"),
    ChangeUnit.BOTH: N_("log units or standard deviations"),
    ChangeUnit.CHANCE: N_("chance"),
}


def spanned(low: str, high: str) -> str:
    """An interval by its two ends."""
    return _("{low} to {high}", low=low, high=high)


def basis_told(basis: str) -> str:
    """What an expectation rests on."""
    return _("by {basis}", basis=word(_BASES, basis))


def _percent(percent: float | None, *, barred: bool) -> Component | str:
    if percent is None:
        return "–"
    return percent_bar(percent) if barred else number(percent)


def _interval(neighbour: Neighbour) -> str:
    if neighbour.low is None or neighbour.high is None:
        return "–"
    return spanned(number(neighbour.low, 0), number(neighbour.high, 0))


def _change(change: Change | None) -> list[Component | str]:
    if change is None:
        return ["–", "–"]
    shown = f"{number(change.expected, 2)} ({spanned(number(change.low, 2), number(change.high, 2))})"
    return [html.Span(shown, title=basis_told(change.basis)), f"{change.swaps:,}"]


_ON_BUTTONS: Final = (
    *(N_("Download plot"), N_("Zoom"), N_("Pan"), N_("Box Select"), N_("Lasso Select"), N_("Zoom in"), N_("Zoom out")),
    *(N_("Autoscale"), N_("Reset axes"), N_("Orbital rotation"), N_("Turntable rotation")),
    *(N_("Reset camera to default"), N_("Reset camera to last save"), N_("Show closest data on hover")),
    *(N_("Compare data on hover"), N_("Toggle Spike Lines"), N_("Taking snapshot - this may take a few seconds")),
)
"""What Plotly says, in its own words."""


def _plotly_words() -> dict[str, Any]:
    """Plotly's own words in the reader's language."""
    dictionary = {word: said for word in _ON_BUTTONS if (said := _(word)) != word}
    return {"locale": spoken(), "locales": {spoken(): {"dictionary": dictionary}}} if dictionary else {}


def figure_graph(identity: str, figure: Any, label: str, *, kind: str, encircles: bool = False) -> Component:
    """A Plotly figure under a text label, perhaps with a lasso; its buttons never send anything to an outside service."""
    lasso = [] if encircles else ["select2d", "lasso2d"]
    config: Any = {
        **_plotly_words(),
        "displaylogo": False,
        "showSendToCloud": False,
        "scrollZoom": True,
        "displayModeBar": True if encircles else "hover",
        "modeBarButtonsToRemove": [*lasso, "autoScale2d", "hoverClosest3d", "tableRotation"],
        "toImageButtonOptions": {"format": "svg", "filename": f"ntdemo-{kind}"},
    }
    return html.Figure(
        dcc.Graph(id=identity, figure=figure, responsive=True, className="graph", config=config),
        className=f"figure {kind}",
        role="group",
        **aria(label=label),
    )
