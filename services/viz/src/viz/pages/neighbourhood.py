"""The neighbourhood map on the page of 3-D: the figure, names that follow the zoom, and a table of what is encircled."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.development.base_component import Component

from viz.answers import Floats, Fragment, NeighbourhoodMap, Run, Space
from viz.figures.neighbourhood import LABELS, Mapped, neighbourhood
from viz.language import N_, _, joined
from viz.pages.elements import aria, drawn_name, figure_graph, formal_charge, fragment_link, number, table
from viz.pages.hover import hover_card, register_hover, with_structures
from viz.palette import PALETTES, Scheme
from viz.scores import Scores
from viz.view import View, named

__all__ = ["caption", "drawn", "places", "register"]

_GRAPH: Final = "map-graph"
_LISTED: Final = 100
"""Encircled fragments that the table lists, those with most support."""
_COUNTED: Final = {"support", "scaffolds", "size"}
_COLOURS: Final = {
    "support": N_("Colours tell in how many compounds a fragment is."),
    "scaffolds": N_("Colours tell in how many ring frameworks a fragment is."),
    "size": N_("Colours tell how many heavy atoms a fragment has."),
    "rings": N_("Colours tell how many rings a fragment has."),
    "charge": N_("Colours tell the formal charge of a fragment."),
    "logp": N_("Colours tell the logP of a fragment (Wildman and Crippen), from polar to greasy."),
}


def places() -> list[Component]:
    """What stays on the page beside the figure: the card, what is encircled, and a place for its table."""
    return [
        hover_card(_GRAPH),
        dcc.Store(id="map-circled", data=None),
        html.Section(id="map-table", className="card", hidden=True, **aria(label=_("What is encircled"), live="polite")),
    ]


def register(dash: Dash, path: str, scores: Scores) -> None:
    """Add what the map does."""
    register_hover(dash, _GRAPH)
    in_browser: Any = dash.clientside_callback  # Dash leaves it untyped
    in_browser(
        ClientsideFunction("viz", "nameInView"),
        Output(_GRAPH, "figure"),
        Input(_GRAPH, "relayoutData"),
        State(_GRAPH, "figure"),
    )
    in_browser(ClientsideFunction("viz", "encircled"), Output("map-circled", "data"), Input(_GRAPH, "selectedData"))
    in_browser(
        ClientsideFunction("viz", "choosePoint"),
        Output("address", "search", allow_duplicate=True),
        Input(_GRAPH, "clickData"),
        State("address", "search"),
        prevent_initial_call=True,
    )

    @dash.callback(
        Output("map-table", "children"),
        Output("map-table", "hidden"),
        Input("map-circled", "data"),
        State("address", "search"),
        prevent_initial_call=True,
    )
    async def list_circled(circled: dict[str, Any] | None, search: str) -> Any:
        if circled is None:
            return no_update, True
        view = View.of(search)
        of_run = await scores.space(view.run)
        return _listed(of_run, circled["names"], circled["count"], view, path), False


def drawn(
    run: Run, of_run: Space, mapped: NeighbourhoodMap, percent_F: Floats | None, view: View, scheme: Scheme
) -> list[Component]:
    """The figure."""
    at = {name: place for place, name in enumerate(of_run.names)}
    rows = [at[name] for name in mapped.names]
    fragments = [of_run.fragments[row] for row in rows]
    told_F = None
    if view.colour != "similarity":
        told_F = np.array([_told(each, view) for each in fragments], dtype=np.float64)
    figure = neighbourhood(
        Mapped(
            names=mapped.names,
            support_F=tuple(each.support for each in fragments),
            positions_FD=mapped.positions_FD,
            chosen=mapped.names.index(view.fragment) if view.fragment in mapped.names else None,
            percent_F=None if percent_F is None else percent_F[rows],
            told_F=told_F,
            counted=view.colour in _COUNTED,
        ),
        PALETTES[scheme],
        revision=f"{run.id} map",
    )
    with_structures(figure, run.id, drawn=any(each.smiles is not None for each in fragments))
    figure.update_layout(meta={**figure.layout.meta, "labels": LABELS})
    label = _("Map of {count:,} fragments, those that act alike beside each other", count=len(rows))
    return [figure_graph(_GRAPH, figure, label, kind="space", encircles=True)]


def caption(run: Run, of_run: Space, mapped: NeighbourhoodMap, view: View) -> str:
    """What the map tells and what it does not."""
    count = len(mapped.names)
    laid_out = _("{count:,} fragments laid out by t-SNE when the run was trained.", count=count)
    if count < of_run.count:
        laid_out = _(
            "{count:,} fragments of {all:,}, those of which the run tells most, laid out by t-SNE when the run was trained.",
            count=count,
            all=of_run.count,
        )
    meaning = _("Neighbours act alike; directions, and how far apart groups lie, mean nothing.")
    names = _("Names are those with most support in view. To list fragments, encircle them: choose the lasso above the figure.")
    return joined(laid_out, meaning, _colours(run, of_run, view), names)


def _colours(run: Run, of_run: Space, view: View) -> str:
    """What the colours tell."""
    if view.colour == "similarity":
        if view.fragment is None:
            return ""
        similarity = named(view.similarity_in(run))
        return _("Colours tell the {similarity} similarity to {fragment}.", similarity=similarity, fragment=view.fragment)
    if all(_told(each, view) is None for each in of_run.fragments):
        return _("The run does not tell this of its fragments, so that points have no colours.")
    return _(_COLOURS[view.colour])


def _told(fragment: Fragment, view: View) -> float | None:
    """What gives a fragment its colour in place of similarity."""
    told: float | None = getattr(fragment, "heavy_atoms" if view.colour == "size" else view.colour)
    return told


def _listed(of_run: Space, names: Sequence[str], count: int, view: View, path: str) -> list[Component]:
    wanted = set(names)
    fragments = [each for each in of_run.fragments if each.name in wanted]
    fragments.sort(key=lambda each: -each.support)
    rows = [
        [
            drawn_name(each.smiles, fragment_link(each.name, view, path)),
            f"{each.support:,}",
            *("–" if count is None else f"{count:,}" for count in (each.scaffolds, each.heavy_atoms, each.rings)),
            formal_charge(each.charge),
            "–" if each.logp is None else number(each.logp, 1),
        ]
        for each in fragments[:_LISTED]
    ]
    told = _("{count:,} encircled", count=count)
    if count > len(rows):
        told = _("The {shown} with most support of {count:,} encircled", shown=len(rows), count=count)
    figures = (_("Support"), _("Scaffolds"), _("Heavy atoms"), _("Rings"), _("Charge"), _("logP"))
    head = [(_("Fragment"), "text"), *((each, "figure") for each in figures)]
    return [html.H2(_("Encircled")), table(told, head, rows)]
