"""The side of a figure: the chosen fragment and what is nearest to it."""

from typing import Final

from dash import dcc, html
from dash.development.base_component import Component

from viz.pages.elements import neighbour_table
from viz.scores import Scores
from viz.view import View

__all__ = ["side"]

_NEAREST: Final = 12


async def side(scores: Scores, view: View, path: str) -> list[Component]:
    """The chosen fragment's nearest, or how to choose one."""
    if view.fragment is None:
        return [
            html.H2("Nothing chosen yet"),
            html.P(
                [
                    "Choose a fragment in the figure, in its table, or by ",
                    dcc.Link("search", href=f"/fragments{view.search}"),
                    ".",
                ],
                className="quiet",
            ),
        ]
    fragment = await scores.fragment(view.run, view.fragment)
    neighbours = await scores.neighbours(view.run, view.fragment, view.similarity, _NEAREST)
    return [
        html.Div(
            [html.H2(fragment.name), dcc.Link("Clear", href=f"{path}{view.choosing(None).search}")],
            className="heading",
        ),
        html.P(f"in {fragment.support:,} compounds", className="quiet"),
        neighbour_table(neighbours, view, path, full=False),
        html.P(dcc.Link("All about this fragment", href=f"/fragments{view.search}")),
    ]
