"""The structure editor: a button, and a panel that it opens below the field that the structure is written into."""

from typing import Final

from dash import html
from dash.development.base_component import Component

from viz.language import N_, _
from viz.pages.elements import aria

__all__ = ["draw_button", "editor_panel"]

_LABEL: Final = N_("Structure editor; typing into the field does the same")


def draw_button(field: str) -> Component:
    """Opens and closes the editor of a field."""
    return html.Button(
        _("Draw"),
        type="button",
        **aria(expanded="false", controls=f"{field}-editor") | {"data-draws": field},
    )


def editor_panel(field: str) -> Component:
    """Where the editor is once it is opened."""
    return html.Div(
        [
            html.P(className="quiet editor-told", role="status"),
            html.Div(className="editor-place", role="application", **aria(label=_(_LABEL))),
        ],
        id=f"{field}-editor",
        className="editor",
        hidden=True,
    )
