"""Hover cards: what a figure's point or cell stands for, drawn, beside the pointer."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from dash import ClientsideFunction, Dash, Input, Output, State, dcc
from dash.development.base_component import Component

__all__ = ["hover_card", "register_hover", "with_structures"]


def hover_card(graph: str) -> Component:
    """The card of a figure, to be laid out once beside it."""
    return dcc.Tooltip(
        id=f"{graph}-card",
        direction="bottom",
        background_color="var(--surface)",
        border_color="var(--line)",
        className="hover-card",
        loading_text="",
        zindex=20,
    )


def register_hover(dash: Dash, graph: str) -> None:
    """Show the card while the pointer is over something; drawn in the browser, so that it follows at once."""
    in_browser: Any = dash.clientside_callback  # Dash leaves it untyped
    card = f"{graph}-card"
    in_browser(
        ClientsideFunction("viz", "card"),
        Output(card, "show"),
        Output(card, "bbox"),
        Output(card, "children"),
        Input(graph, "hoverData"),
        State(graph, "figure"),
    )


def with_structures(figure: go.Figure, run: str, *, drawn: bool, rows: Sequence[str] = ()) -> go.Figure:
    """Tell the cards of a figure whose fragments these are, whether they have structures, and of a matrix its rows in order."""
    return figure.update_layout(meta={"run": run, "drawn": drawn, "rows": list(rows)})
