"""The training curve: loss by step on a logarithmic axis."""

from typing import Final

import numpy as np
import plotly.graph_objects as go

from viz.answers import Curve
from viz.figures.style import apply_style
from viz.language import _
from viz.palette import Palette

__all__ = ["training_curve"]

_DECADES: Final = 1.5
"""From here on only powers of ten are named."""


def training_curve(curve: Curve, palette: Palette, *, revision: str, beside: Curve | None = None) -> go.Figure:
    """Loss by step, perhaps with another run's; a loss of exactly 0 has no place on a logarithmic axis and is left out."""
    shown = curve.losses_S > 0
    loss = np.where(shown, curve.losses_S, np.nan)
    figure = go.Figure(
        go.Scatter(
            x=curve.steps_S,
            y=loss,
            mode="lines+markers",
            line={"color": palette.point, "width": 2},
            marker={"size": 6, "color": palette.point},
            hovertemplate=_("step {step}<br>loss {loss}", step="%{x}", loss="%{y:.4g}") + "<extra></extra>",
        )
    )
    if beside is not None:
        figure.add_trace(
            go.Scatter(
                x=beside.steps_S,
                y=np.where(beside.losses_S > 0, beside.losses_S, np.nan),
                mode="lines",
                line={"color": palette.accent, "width": 2, "dash": "dot"},
                hovertemplate=_("the other: step {step}<br>loss {loss}", step="%{x}", loss="%{y:.4g}") + "<extra></extra>",
            )
        )
    positive = curve.losses_S[shown]
    decades = float(np.log10(positive.max() / positive.min())) if positive.size else 0.0
    axis = {
        "gridcolor": palette.line,
        "linecolor": palette.line,
        "tickcolor": palette.line,
        "color": palette.muted,
        "zeroline": False,
        "automargin": True,
    }
    return apply_style(
        figure,
        palette,
        revision=revision,
        xaxis={**axis, "title": {"text": _("step"), "font": {"size": 13}}, "rangemode": "tozero"},
        yaxis={
            **axis,
            "title": {"text": _("loss (mean squared error)"), "font": {"size": 13}},
            "type": "log",
            "exponentformat": "none",
            "separatethousands": True,
            "dtick": None if decades < _DECADES else max(1, round(decades / 6)),
        },
        hovermode="closest",
    )
