"""Page "Heat map": similarity of every pair, clustered; for large runs of one fragment and its nearest, or the most studied."""

import asyncio
from typing import Any, Final

from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from viz.answers import Matrix, Run
from viz.figures.heat_map import heat_map
from viz.language import _, around, joined
from viz.ordering import Ordering, cluster
from viz.pages.elements import aria, as_table, figure_graph, fragment_link, number, segments, table
from viz.pages.hover import hover_card, register_hover, with_structures
from viz.pages.regions import answering, chosen_fragment
from viz.palette import PALETTES, Scheme
from viz.scores import Scores
from viz.view import View, named

__all__ = ["PATH", "WHOLE", "layout", "register"]

PATH: Final = "/heat-map"
WHOLE: Final = 120
"""Shown fragments up to which all of them stand in one picture."""
_TABLED: Final = 30


def layout() -> Component:
    """The page's fixed part: regions that callbacks fill."""
    return html.Div(
        [
            html.H1(_("Heat map of similarity")),
            html.Div(
                [
                    html.Section(id="heat-map-view", className="card", **aria(label=_("The figure"))),
                    html.Aside(id="heat-map-side", className="card", **aria(label=_("The chosen fragment"))),
                ],
                className="main-and-side",
            ),
            hover_card("heat-map-graph"),
        ],
        className="page",
    )


def register(dash: Dash, scores: Scores) -> None:
    """Add the page's callbacks."""
    register_hover(dash, "heat-map-graph")

    @dash.callback(
        Output("heat-map-view", "children"),
        Input("address", "search"),
        Input("health", "data"),
        Input("scheme", "data"),
    )
    @answering()
    async def draw_heat_map(search: str, health: dict[str, Any] | None, scheme: Scheme) -> Any:
        if health is None:
            return no_update
        view = View.of(search)
        run = await scores.run(view.run)
        similarity = view.similarity_in(run)
        of_run = await scores.space(run.id)
        names = of_run.names
        tools: list[Component] = []
        if len(names) <= WHOLE:
            about = _("All {count} fragments", count=len(names))
        elif view.fragment is None:
            names = of_run.most_studied(int(view.nearest))
            about = _("The {shown} of {count:,} fragments that are in most compounds", shown=len(names), count=of_run.count)
            hint = html.P(
                around(
                    _("Choose a fragment in the figure, or by {search}, to see it among its nearest."),
                    search=dcc.Link(_("search"), href=f"/fragments{view.search}"),
                ),
                className="quiet",
            )
            tools = [html.Div(segments(_("Fragments shown"), PATH, view, "nearest"), className="toolbar"), hint]
        else:
            neighbours = await scores.neighbours(run.id, view.fragment, similarity, int(view.nearest))
            names = (view.fragment, *(neighbour.name for neighbour in neighbours))
            about = _(
                "{fragment} and its {shown} nearest of {count:,} fragments",
                fragment=view.fragment,
                shown=len(neighbours),
                count=of_run.count,
            )
            tools = [html.Div(segments(_("Nearest shown"), PATH, view, "nearest"), className="toolbar")]
        matrix = await scores.similarities(run.id, names, similarity)
        drawn = any(fragment.smiles is not None for fragment in of_run.fragments)
        return [*tools, *await asyncio.to_thread(_drawn, matrix, about, run, view, scheme, drawn=drawn)]

    @dash.callback(Output("heat-map-side", "children"), Input("address", "search"), Input("health", "data"))
    @answering()
    async def list_nearest_beside(search: str, health: dict[str, Any] | None) -> Any:
        return no_update if health is None else await chosen_fragment(scores, View.of(search), PATH)

    in_browser: Any = dash.clientside_callback  # Dash leaves it untyped; only the browser knows the rows that it shows
    in_browser(
        ClientsideFunction("viz", "chooseRow"),
        Output("address", "search", allow_duplicate=True),
        Input("heat-map-graph", "clickData"),
        State("heat-map-graph", "figure"),
        State("address", "search"),
        prevent_initial_call=True,
    )


def _drawn(matrix: Matrix, about: str, run: Run, view: View, scheme: Scheme, *, drawn: bool) -> list[Component]:
    similarity = view.similarity_in(run)
    ordering = cluster(matrix.percent_FF)
    figure = heat_map(matrix, ordering, PALETTES[scheme], revision=f"{view}", chosen=view.fragment)
    with_structures(figure, run.id, drawn=drawn, rows=[matrix.names[leaf] for leaf in ordering.leaves_F])
    told = {"about": about, "similarity": named(similarity)}
    bluer = _("{about}, {similarity} similarity in percent: the bluer, the more alike.", **told)
    if (matrix.percent_FF < 0).any():
        bluer = _("{about}, {similarity} similarity in percent: the bluer, the more alike; orange is opposite.", **told)
    ordered = _("Ordered by average linkage on 100 − percent; the tree above joins what is alike.")
    label = _("{about}: {similarity} similarity of every pair", **told)
    return [
        figure_graph("heat-map-graph", figure, label, kind="heat-map"),
        html.P(joined(bluer, ordered), className="caption"),
        as_table(PATH, view, lambda: _percent_table(matrix, ordering, view)),
    ]


def _percent_table(matrix: Matrix, ordering: Ordering, view: View) -> Component:
    leaves = ordering.leaves_F.tolist()[:_TABLED]
    head = [(_("Fragment"), "text"), *((matrix.names[leaf], "figure") for leaf in leaves)]
    rows = [
        [fragment_link(matrix.names[row], view, PATH), *(number(matrix.percent_FF[row, column]) for column in leaves)]
        for row in leaves
    ]
    whole = len(matrix.names) <= _TABLED
    caption = _("Similarity in percent")
    if not whole:
        caption = _("Similarity in percent, the first {count} in the order of the figure", count=_TABLED)
    return table(caption, head, rows)
