"""The clustered heat map: similarity of every pair of a small set, alike fragments beside each other."""

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from viz.answers import Matrix
from viz.figures.scale import Scale
from viz.figures.style import apply_style, short
from viz.ordering import Ordering
from viz.palette import Palette

__all__ = ["heat_map"]

_NUMBERED: Final = 16
"""Rows up to which every cell states its number."""
_WITH_DECIMAL: Final = 8
"""Rows up to which there is room for a decimal."""
_NAMED: Final = 80
"""Rows up to which every row is named on the axis."""
_GAPPED: Final = 40
_TREE_TOP: Final = 0.9


def heat_map(matrix: Matrix, ordering: Ordering, palette: Palette, *, revision: str, chosen: str | None = None) -> go.Figure:
    """Rows and columns in the tree's order, the first row at the top, the tree above; colours that fit the values."""
    leaves = ordering.leaves_F
    names = [matrix.names[leaf] for leaf in leaves]
    percent_FF = matrix.percent_FF[np.ix_(leaves, leaves)]
    count = len(names)
    scale = Scale.of(matrix.percent_FF)
    figure = go.Figure(
        go.Heatmap(
            z=percent_FF,
            zmin=scale.low,
            zmax=scale.high,
            colorscale=scale.colours(palette),
            colorbar={
                **scale.ticks(),
                "tickfont": {"color": palette.muted, "size": 12},
                "thickness": 12,
                "outlinewidth": 0,
                "len": 0.6,
            },
            xgap=1 if count <= _GAPPED else 0,
            ygap=1 if count <= _GAPPED else 0,
            texttemplate=_number_format(count),
            textfont={"size": 13},
            hoverinfo="none",  # the page shows a card
        )
    )
    for x, y in zip(ordering.bracket_x, ordering.bracket_y, strict=True):
        figure.add_trace(
            go.Scatter(x=x, y=y, yaxis="y2", mode="lines", hoverinfo="skip", line={"color": palette.muted, "width": 1.2})
        )
    named = count <= _NAMED
    bold = [f"<b>{short(name)}</b>" if name == chosen else short(name) for name in names]
    axis: dict[str, Any] = {
        "tickvals": list(range(count)) if named else [],
        "ticktext": bold if named else [],
        "tickfont": {"size": 13 if count <= _NUMBERED else 10, "color": palette.text},
        "showgrid": False,
        "zeroline": False,
        "ticks": "",
        "automargin": True,
    }
    return apply_style(
        figure,
        palette,
        revision=revision,
        xaxis={**axis, "range": [-0.5, count - 0.5], "tickangle": -90 if count > _NUMBERED else 0, "side": "bottom"},
        yaxis={**axis, "range": [count - 0.5, -0.5], "domain": [0.0, _TREE_TOP]},
        yaxis2={
            "domain": [_TREE_TOP + 0.005, 1.0],
            "anchor": "x",
            "visible": False,
            "fixedrange": True,
            "range": [0, 1.05 * max((max(bracket) for bracket in ordering.bracket_y), default=1.0) or 1.0],
        },
    )


def _number_format(count: int) -> str | None:
    if count > _NUMBERED:
        return None
    return "%{z:.1f}" if count <= _WITH_DECIMAL else "%{z:.0f}"
