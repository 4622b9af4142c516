"""The neighbourhood map: fragments in a plane where those that act alike lie together, drawn by WebGL."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from viz.answers import Floats
from viz.figures.scale import Scale
from viz.figures.style import apply_style
from viz.palette import Palette

__all__ = ["LABELS", "Mapped", "neighbourhood"]

LABELS: Final = 30
"""Fragments in view that carry their names: the browser chooses them anew when it zooms."""
_LEGEND: Final = 40
_DENSE: Final = 300
"""Fragments from which it is hinted at how densely they lie."""
_REACH: Final = 1.08
_FEW_DECADES: Final = 2.0
_STEPS: Final = 5
"""Numbers on the legend of one sign, about."""


@dataclass(frozen=True)
class Mapped:
    """What is drawn: F fragments, their places, their evidence, and what colours them."""

    names: tuple[str, ...]
    support_F: tuple[int, ...]
    positions_FD: Floats
    chosen: int | None = None
    percent_F: Floats | None = None
    """Similarity to the chosen fragment."""
    told_F: Floats | None = None
    """What colours the points in place of similarity; NaN where the run does not tell it."""
    counted: bool = False
    """Whether these are counts, from 1 to many, which a logarithmic scale shows."""

    @property
    def tells(self) -> bool:
        """Whether any point has a colour of its own in place of similarity."""
        return self.told_F is not None and bool(np.isfinite(self.told_F).any())


def neighbourhood(mapped: Mapped, palette: Palette, *, revision: str) -> go.Figure:
    """Points without axes, since the directions of such a map mean nothing; the second trace is for names."""
    x, y = (mapped.positions_FD[:, axis].tolist() for axis in (0, 1))
    figure = go.Figure()
    figure.add_trace(
        go.Scattergl(
            x=x,
            y=y,
            mode="markers",
            marker=_marker(mapped, palette),
            customdata=_told(mapped),
            hoverinfo="none",  # the page shows a card
            selected={"marker": {"opacity": 1.0}},
            unselected={"marker": {"opacity": 0.15}},
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[],
            y=[],
            text=[],
            mode="text",
            textposition="top center",
            textfont={"color": palette.text, "size": 12, "shadow": ", ".join([f"0 0 3px {palette.surface}"] * 6)},
            hoverinfo="skip",
            cliponaxis=True,
        )
    )
    if len(x) >= _DENSE:
        figure.add_trace(_density(x, y, palette))
    if mapped.chosen is not None:
        figure.add_trace(
            go.Scattergl(
                x=[x[mapped.chosen]],
                y=[y[mapped.chosen]],
                mode="markers",
                hoverinfo="skip",
                marker={"size": 14, "color": palette.accent, "line": {"width": 2, "color": palette.surface}},
            )
        )
    axis = {"visible": False, "range": [-_REACH, _REACH]}
    has_legend = mapped.percent_F is not None or mapped.tells
    return apply_style(
        figure,
        palette,
        revision=revision,
        above=_LEGEND if has_legend else 0,
        xaxis=axis,
        yaxis={**axis, "scaleanchor": "x"},
        dragmode="pan",
        hovermode="closest",
    )


def _density(x: list[float], y: list[float], palette: Palette) -> go.Histogram2dContour:
    """Lines around where many lie, below the points."""
    return go.Histogram2dContour(
        x=x,
        y=y,
        nbinsx=40,
        nbinsy=40,
        ncontours=6,
        contours={"coloring": "none"},
        line={"color": palette.muted, "width": 1, "smoothing": 1.2},
        hoverinfo="skip",
        showscale=False,
    )


def _told(mapped: Mapped) -> list[tuple[Any, ...]]:
    columns: list[Any] = [mapped.names, mapped.support_F]
    if mapped.percent_F is not None:
        columns.append(mapped.percent_F.tolist())
    return list(zip(*columns, strict=True))


def _marker(mapped: Mapped, palette: Palette) -> dict[str, Any]:
    marker: dict[str, Any] = {"size": 6, "color": palette.point, "opacity": 0.85}
    if mapped.told_F is not None and mapped.tells:
        return marker | (_counts if mapped.counted else _values)(mapped.told_F, palette)
    if mapped.percent_F is not None:
        scale = Scale.of(mapped.percent_F)
        return marker | {
            "color": mapped.percent_F.tolist(),
            "cmin": scale.low,
            "cmax": scale.high,
            "colorscale": scale.colours(palette),
            "colorbar": _legend(palette) | scale.ticks(),
        }
    return marker


def _counts(told_F: Floats, palette: Palette) -> dict[str, Any]:
    """From neutral to blue over decades; with less than two of them, the legend has more numbers."""
    log_F = np.log10(np.maximum(told_F, 1.0))
    top = max(float(np.nanmax(log_F)), 1.0)
    steps = (1, 2, 5) if top < _FEW_DECADES else (1,)
    ticks = [step * 10**power for power in range(int(top) + 1) for step in steps if np.log10(step) + power <= top]
    legend = _legend(palette) | {"tickvals": np.log10(ticks).tolist(), "ticktext": [f"{tick:,}" for tick in ticks]}
    stops = palette.diverging[len(palette.diverging) // 2 + 1 :]
    return {"color": log_F.tolist(), "cmin": 0.0, "cmax": top, "colorscale": _even(stops), "colorbar": legend}


def _values(told_F: Floats, palette: Palette) -> dict[str, Any]:
    """From orange through neutral at 0 to blue where there are negative values, else from neutral to blue."""
    low, high = float(np.floor(np.nanmin(told_F))), float(np.ceil(np.nanmax(told_F)))
    is_signed = low < 0
    end = max(-low, high, 1.0)
    stops = palette.diverging if is_signed else palette.diverging[len(palette.diverging) // 2 :]
    step = max(1, int(np.ceil(end / _STEPS)))
    return {
        "color": told_F.tolist(),
        "cmin": -end if is_signed else 0.0,
        "cmax": end,
        "colorscale": _even(stops),
        "colorbar": _legend(palette) | {"tick0": 0, "dtick": step},
        "line": {"width": 0.5, "color": palette.muted},  # what is neutral has nearly the colour of the page
    }


def _even(stops: Sequence[str]) -> list[tuple[float, str]]:
    return [(at / (len(stops) - 1), colour) for at, colour in enumerate(stops)]


def _legend(palette: Palette) -> dict[str, Any]:
    """The legend of the colours, over the figure so that narrow screens keep their width."""
    return {
        "orientation": "h",
        "x": 0.5,
        "y": 1.0,
        "yanchor": "bottom",
        "len": 0.8,
        "thickness": 10,
        "tickfont": {"color": palette.muted, "size": 12},
        "outlinewidth": 0,
    }
