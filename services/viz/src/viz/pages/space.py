"""Page "3-D": the fragments in the space of their factors, and the neighbours of the chosen one."""

import asyncio
from typing import Any, Final

import numpy as np
from dash import Dash, Input, Output, State, html, no_update
from dash.development.base_component import Component

from contracts.kinds import Objective, SimilarityKind
from viz.answers import Floats, Run, Space
from viz.failures import NotTold
from viz.figures.space import LABELLED, MOST_IN_3D, Points, plane, space
from viz.language import _, joined, ngettext
from viz.pages import neighbourhood
from viz.pages.elements import aria, as_table, figure_graph, fragment_link, notice, number, segments, table
from viz.pages.hover import hover_card, register_hover, with_structures
from viz.pages.regions import answering, chosen_fragment
from viz.palette import PALETTES, Scheme
from viz.scores import Scores
from viz.view import View, named

__all__ = ["PATH", "layout", "register"]

PATH: Final = "/"
_TABLED: Final = 100
_DIMENSIONS: Final = 3


def layout() -> Component:
    """The page's fixed part: regions that callbacks fill."""
    return html.Div(
        [
            html.H1(_("Fragments in the space of their factors")),
            html.Div(
                [
                    html.Section(id="space-view", className="card", **aria(label=_("The figure"))),
                    html.Aside(id="space-side", className="card", **aria(label=_("The chosen fragment"))),
                ],
                className="main-and-side",
            ),
            hover_card("space-graph"),
            *neighbourhood.places(),
        ],
        className="page",
    )


def register(dash: Dash, scores: Scores) -> None:
    """Add the page's callbacks."""
    register_hover(dash, "space-graph")
    neighbourhood.register(dash, PATH, scores)

    @dash.callback(
        Output("space-view", "children"),
        Input("address", "search"),
        Input("health", "data"),
        Input("scheme", "data"),
    )
    @answering()
    async def draw_space(search: str, health: dict[str, Any] | None, scheme: Scheme) -> Any:
        if health is None:
            return no_update
        view = View.of(search)
        run = await scores.run(view.run)
        of_run = await scores.space(run.id)
        percent_F = None
        if view.fragment in of_run.names:
            percent_F = await scores.with_all(run.id, view.fragment, view.similarity_in(run))
        tools = [segments(_("Drawn"), PATH, view, "drawn")]
        if view.drawn == "map" or (view.drawn == "automatic" and of_run.count > MOST_IN_3D):
            try:
                mapped = await scores.neighbourhood_map(run.id)
            except NotTold as failure:
                if view.drawn == "map":
                    return [html.Div(tools, className="toolbar"), notice(str(failure), "")]
                tools.append(html.Span(str(failure), className="quiet"))
            else:
                tools.append(segments(_("Colour"), PATH, view, "colour"))
                shown = await asyncio.to_thread(neighbourhood.drawn, run, of_run, mapped, percent_F, view, scheme)
                told = html.P(neighbourhood.caption(run, of_run, mapped, view), className="caption")
                return [html.Div(tools, className="toolbar"), *shown, told]
        return await asyncio.to_thread(_drawn, run, of_run, percent_F, view, scheme, tools)

    @dash.callback(Output("space-side", "children"), Input("address", "search"), Input("health", "data"))
    @answering()
    async def list_nearest(search: str, health: dict[str, Any] | None) -> Any:
        return no_update if health is None else await chosen_fragment(scores, View.of(search), PATH)

    @dash.callback(
        Output("address", "search", allow_duplicate=True),
        Input("space-graph", "clickData"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    async def choose_point(click: dict[str, Any] | None, search: str) -> Any:
        details = ((click or {}).get("points") or [{}])[0].get("customdata")
        return View.of(search).choosing(details[0]).search if details else no_update


def _drawn(  # what is seen, and by whom
    run: Run, of_run: Space, percent_F: Floats | None, view: View, scheme: Scheme, tools: list[Component]
) -> list[Component]:
    similarity = view.similarity_in(run)
    vectors_FK = of_run.vectors(similarity)
    chosen = of_run.names.index(view.fragment) if view.fragment is not None and percent_F is not None else None
    points = Points(
        names=of_run.names,
        support_F=tuple(fragment.support for fragment in of_run.fragments),
        positions_FK=vectors_FK,
        chosen=chosen,
        percent_F=percent_F,
    )
    points = points.unit() if view.vectors == "unit" else points
    palette = PALETTES[scheme]
    revision = f"{of_run.run} {similarity} {view.vectors}"
    count, rank = vectors_FK.shape
    tools = [*tools, segments(_("Vectors"), PATH, view, "vectors")]
    if count > MOST_IN_3D:
        tools.append(segments(_("Factors"), PATH, view, "plane"))
        across, up = (int(digit) - 1 for digit in view.plane)
        figure = plane(points, palette, axes=(across, up), revision=revision)
    else:
        figure = space(points, palette, revision=revision)
    with_structures(figure, run.id, drawn=any(fragment.smiles is not None for fragment in of_run.fragments))
    label = _("{count:,} fragments by their first factors", count=count)
    if chosen is not None:
        told = {"count": count, "fragment": view.fragment}
        label = _("{count:,} fragments by their first factors, coloured by similarity to {fragment}", **told)
    return [
        html.Div(tools, className="toolbar"),
        figure_graph("space-graph", figure, label, kind="space"),
        html.P(_caption(count, rank, run, view), className="caption"),
        as_table(PATH, view, lambda: _position_table(of_run, points, view)),
    ]


def _caption(count: int, rank: int, run: Run, view: View) -> str:
    similarity = view.similarity_in(run)
    canonical = similarity is SimilarityKind.FUNCTION
    if canonical and run.objective != Objective.COUNTS:
        vectors = _("places: the farther apart two lie, the more a replacement is expected to change")
    else:
        vectors = _("canonical vectors (rows of US)") if canonical else _("balanced vectors (rows of U√S)")
    by_angle = _by_angle(run, similarity)
    sentences = [_("{count:,} fragments as {vectors}.", count=count, vectors=vectors)]
    if rank <= _DIMENSIONS and count <= MOST_IN_3D:
        whole = ngettext(
            "The model has {rank} factor: this view is its whole space.",
            "The model has {rank} factors: this view is its whole space.",
            rank,
            rank=rank,
        )
        sentences.append(whole)
        if count <= LABELLED and by_angle:
            sentences.append(_("The cosine of the angle between two lines is their similarity."))
    else:
        projection = _("A projection: the model has {rank} factors.", rank=rank)
        if by_angle:
            projection = _(
                "A projection: the model has {rank} factors, and similarity is the cosine over all of them.", rank=rank
            )
        sentences.append(projection)
    if not by_angle:
        told = _("The {similarity} similarity, which colours them, is not told by these vectors.", similarity=named(similarity))
        if canonical:
            told = _(
                "The {similarity} similarity, which colours them, is told by the distances of all of them, and by what was "
                "measured.",
                similarity=named(similarity),
            )
        sentences.append(told)
    if count > MOST_IN_3D:
        sentences.append(_("More than {most:,} points stand in a plane, which every browser draws fast.", most=MOST_IN_3D))
    return joined(*sentences)


def _by_angle(run: Run, similarity: SimilarityKind) -> bool:
    """Whether a similarity is the cosine of the vectors that are drawn."""
    return similarity is SimilarityKind.BALANCED or (
        similarity is SimilarityKind.FUNCTION and run.objective == Objective.COUNTS
    )


def _position_table(of_run: Space, points: Points, view: View) -> Component:
    order = np.argsort([-fragment.support for fragment in of_run.fragments], kind="stable")[:_TABLED]
    columns_FD = points.columns()
    head = [
        (_("Fragment"), "text"),
        (_("Support"), "figure"),
        *((_("factor {number}", number=at), "figure") for at in (1, 2, 3)),
    ]
    if points.percent_F is not None:
        head.append((_("% like {fragment}", fragment=view.fragment), "figure"))
    rows = [
        [
            fragment_link(points.names[at], view, PATH),
            f"{points.support_F[at]:,}",
            *(number(value, 3) for value in columns_FD[at]),
            *([number(points.percent_F[at])] if points.percent_F is not None else []),
        ]
        for at in order.tolist()
    ]
    count = len(points.names)
    caption = _("All {count} fragments", count=count)
    if count > _TABLED:
        caption = _("The {shown} of {count:,} fragments with most support", shown=_TABLED, count=count)
    return table(caption, head, rows)
