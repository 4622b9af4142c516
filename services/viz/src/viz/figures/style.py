"""What all figures share: type, colours, margins, and the rule for shortening long names."""

from typing import Any, Final

import plotly.graph_objects as go

from viz.palette import Palette

__all__ = ["FONT", "apply_style", "short"]

FONT: Final = (
    "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, "
    "'Hiragino Sans', 'Yu Gothic UI', 'Yu Gothic', Meiryo, 'Noto Sans CJK JP', 'Noto Sans JP', sans-serif"
)
"""As in `viz.css`: of this machine's own, also for Japanese."""
_LONGEST: Final = 22


def apply_style(figure: go.Figure, palette: Palette, *, revision: str, above: int = 0, **layout: Any) -> go.Figure:
    """Give `figure` the house style; the page shows through, and zoom and camera stay while `revision` does.

    `above` are pixels kept free over the figure, for a legend.
    """
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 13, "color": palette.text},
        hoverlabel={
            "bgcolor": palette.surface,
            "bordercolor": palette.line,
            "font": {"family": FONT, "size": 13, "color": palette.text},
            "align": "left",
        },
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": palette.muted, "activecolor": palette.accent},
        margin={"l": 8, "r": 8, "t": 8 + above, "b": 8},
        showlegend=False,
        uirevision=revision,
        **layout,
    )
    return figure


def short(name: str, longest: int = _LONGEST) -> str:
    """`name`, its middle replaced by an ellipsis when it is longer than `longest`."""
    if len(name) <= longest:
        return name
    head = (longest - 1 + 1) // 2
    return f"{name[:head]}…{name[-(longest - 1 - head) :]}"
