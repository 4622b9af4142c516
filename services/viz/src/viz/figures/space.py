"""The fragments in the space of their factors: a 3-D scatter for small sets, a WebGL plane for large ones."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from viz.answers import Floats
from viz.figures.scale import Scale
from viz.figures.style import apply_style, short
from viz.language import _
from viz.palette import Palette

__all__ = ["LABELLED", "MOST_IN_3D", "Points", "plane", "space"]

MOST_IN_3D: Final = 2000
"""Points up to which a browser without a GPU turns the 3-D view smoothly."""
LABELLED: Final = 40
"""Points up to which every one carries its name and its line from the origin."""
_DIMENSIONS: Final = 3
_LEGEND: Final = 40
_MARGIN: Final = 0.05
"""Of the longest axis, left free at either end of each."""
_LONGEST: Final = 1.2
"""The longest side of the box, in units of the camera's place, from where the whole of it is seen."""


@dataclass(frozen=True)
class Points:
    """What is drawn: F fragments with at least one column, their evidence, and optionally one chosen among them."""

    names: tuple[str, ...]
    support_F: tuple[int, ...]
    positions_FK: Floats
    chosen: int | None = None
    percent_F: Floats | None = None
    """Similarity to the chosen fragment."""

    def columns(self) -> Floats:
        """The first three columns, filled with zeros where the factors have fewer."""
        first_FD: Floats = np.zeros((len(self.names), _DIMENSIONS))
        given = self.positions_FK[:, :_DIMENSIONS]
        first_FD[:, : given.shape[1]] = given
        return first_FD

    def unit(self) -> "Points":
        """The same fragments with vectors of length 1, so that distance on the sphere is the angle alone."""
        first_FD = self.columns()
        length_F = np.linalg.norm(first_FD, axis=1, keepdims=True)
        positions = np.divide(first_FD, length_F, out=np.zeros_like(first_FD), where=length_F > 0)
        return Points(self.names, self.support_F, positions, self.chosen, self.percent_F)


def space(points: Points, palette: Palette, *, revision: str) -> go.Figure:
    """Points in 3-D with equal scales, so that an angle at the origin is the angle whose cosine is the similarity."""
    positions_FD = points.columns()
    few = len(points.names) <= LABELLED
    figure = go.Figure()
    if few:
        figure.add_trace(_lines(points, positions_FD, palette))
    figure.add_trace(
        go.Scatter3d(
            x=positions_FD[:, 0],
            y=positions_FD[:, 1],
            z=positions_FD[:, 2],
            mode="markers+text" if few else "markers",
            text=[short(name) for name in points.names] if few else None,
            textposition="top center",
            textfont={"color": palette.text, "size": 13},
            marker=_marker(points, palette, size=7 if few else 4, ring=few),
            **_hover(points),
        )
    )
    if points.chosen is not None:
        x, y, z = positions_FD[points.chosen]
        figure.add_trace(
            go.Scatter3d(
                x=[x],
                y=[y],
                z=[z],
                mode="markers",
                hoverinfo="skip",
                marker={"size": 11 if few else 9, "color": palette.accent},
            )
        )
    figure.add_trace(
        go.Scatter3d(
            x=[0.0],
            y=[0.0],
            z=[0.0],
            mode="markers",
            hoverinfo="skip",
            marker={"size": 3, "color": palette.muted, "symbol": "cross"},
        )
    )
    ranges_D2, sides_D = _box(positions_FD)
    axis = {
        "showbackground": False,
        "gridcolor": palette.line,
        "zerolinecolor": palette.muted,
        "zerolinewidth": 2,
        "color": palette.muted,
        "tickfont": {"size": 11},
        "showspikes": False,
        "nticks": 5,
    }
    return apply_style(
        figure,
        palette,
        revision=revision,
        above=_LEGEND if points.percent_F is not None else 0,
        scene={
            f"{letter}axis": {**axis, "range": span, "title": {"text": _("factor {number}", number=at), "font": {"size": 13}}}
            for at, (letter, span) in enumerate(zip("xyz", ranges_D2.tolist(), strict=True), start=1)
        }
        | {
            "aspectmode": "manual",
            "aspectratio": dict(zip("xyz", sides_D.tolist(), strict=True)),
            "camera": {"eye": {"x": 1.4, "y": 1.25, "z": 0.8}, "center": {"x": 0.0, "y": 0.0, "z": -0.12}},
            "dragmode": "turntable",
        },
    )


def _box(positions_FD: Floats) -> tuple[Floats, Floats]:
    """Ranges of the axes, shape (D, 2), and the sides of the box, shape (D,): one scale for all, and the longest in sight."""
    ends_2D = np.stack([positions_FD.min(axis=0, initial=0.0), positions_FD.max(axis=0, initial=0.0)])
    margin = _MARGIN * float((ends_2D[1] - ends_2D[0]).max()) or 1.0
    ranges_D2 = (ends_2D + np.array([[-margin], [margin]])).T
    spans_D = ranges_D2[:, 1] - ranges_D2[:, 0]
    return ranges_D2, _LONGEST * spans_D / spans_D.max()


def plane(points: Points, palette: Palette, *, axes: tuple[int, int], revision: str) -> go.Figure:
    """Points in the plane of two columns (0, 1 or 2), drawn by WebGL: for more fragments than 3-D can turn."""
    positions_FD = points.columns()
    across, up = axes
    figure = go.Figure(
        go.Scattergl(
            x=positions_FD[:, across],
            y=positions_FD[:, up],
            mode="markers",
            marker=_marker(points, palette, size=6, ring=False),
            **_hover(points),
        )
    )
    if points.chosen is not None:
        figure.add_trace(
            go.Scattergl(
                x=[positions_FD[points.chosen, across]],
                y=[positions_FD[points.chosen, up]],
                mode="markers",
                hoverinfo="skip",
                marker={"size": 14, "color": palette.accent, "line": {"width": 2, "color": palette.surface}},
            )
        )
    axis = {
        "gridcolor": palette.line,
        "zerolinecolor": palette.muted,
        "zerolinewidth": 1,
        "tickcolor": palette.line,
        "color": palette.muted,
        "automargin": True,
    }
    return apply_style(
        figure,
        palette,
        revision=f"{revision} {axes}",
        above=_LEGEND if points.percent_F is not None else 0,
        xaxis={**axis, "title": {"text": _("factor {number}", number=across + 1), "font": {"size": 13}}},
        yaxis={**axis, "title": {"text": _("factor {number}", number=up + 1), "font": {"size": 13}}},
        dragmode="pan",
        hovermode="closest",
    )


def _lines(points: Points, positions_FD: Floats, palette: Palette) -> go.Scatter3d:
    """A line from the origin to every point, in one trace with gaps."""
    path: Floats = np.full((3 * len(positions_FD), 3), np.nan)
    path[0::3] = 0.0
    path[1::3] = positions_FD
    colour: list[str] = []
    for row in range(len(positions_FD)):
        colour += [palette.accent if row == points.chosen else palette.muted] * 3
    return go.Scatter3d(
        x=path[:, 0], y=path[:, 1], z=path[:, 2], mode="lines", hoverinfo="skip", line={"color": colour, "width": 3}
    )


def _marker(points: Points, palette: Palette, *, size: int, ring: bool) -> dict[str, Any]:
    marker: dict[str, Any] = {"size": size, "color": palette.point, "opacity": 1.0 if len(points.names) <= LABELLED else 0.8}
    if ring:
        marker["line"] = {"width": 1, "color": palette.muted if points.percent_F is not None else palette.surface}
    if points.percent_F is not None:
        scale = Scale.of(points.percent_F)
        marker |= {
            "color": points.percent_F,
            "cmin": scale.low,
            "cmax": scale.high,
            "colorscale": scale.colours(palette),
            "colorbar": _colour_bar(palette, scale),
        }
    return marker


def _hover(points: Points) -> dict[str, Any]:
    columns: list[Any] = [points.names, points.support_F]
    if points.percent_F is not None:
        columns.append(points.percent_F.tolist())
    return {"customdata": list(zip(*columns, strict=True)), "hoverinfo": "none"}  # the page shows a card


def _colour_bar(palette: Palette, scale: Scale) -> dict[str, Any]:
    """The legend of the colours, in percent, over the figure so that narrow screens keep their width."""
    return {
        "orientation": "h",
        "x": 0.5,
        "y": 1.0,
        "yanchor": "bottom",
        "len": 0.8,
        "thickness": 10,
        **scale.ticks(),
        "tickfont": {"color": palette.muted, "size": 12},
        "outlinewidth": 0,
    }
