"""App "/training": the factors as they moved while they were fitted, to play, to halt and to step through."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from bokeh.document import Document
from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, HoverTool, LayoutDOM
from bokeh.models.annotations import LabelSet, Span
from bokeh.models.formatters import BasicTickFormatter
from bokeh.models.tickers import FixedTicker
from bokeh.models.widgets import Button, RadioButtonGroup, Slider

from viz.answers import Curve, Floats, Run, Trajectory
from viz.bokeh_apps.page import Page, block, same_language, sheets, text
from viz.bokeh_apps.style import html_table, styled_figure
from viz.language import N_, _
from viz.scores import Scores
from viz.view import View

__all__ = ["Frames", "PlaybackApp", "ticks"]

_FRAME_MS: Final = 120
_LABELLED: Final = 40
_TRAILED: Final = 400
_TABLED: Final = 100
_TRAIL: Final = 12
_PLANES: Final = ((0, 1), (0, 2), (1, 2))


@dataclass(frozen=True)
class Frames:
    """The trajectory, a frame a recorded step, seen in the plane of two factors."""

    trajectory: Trajectory
    plane: tuple[int, int] = (0, 1)

    @property
    def count(self) -> int:
        """Recorded steps."""
        return len(self.trajectory.steps_S)

    def at(self, frame: int) -> tuple[Floats, Floats]:
        """Positions of all fragments in one frame; a factor the run does not have is 0."""
        across, up = (self._column(factor) for factor in self.plane)
        return across[frame], up[frame]

    def trails(self, frame: int, length: int) -> tuple[list[Floats], list[Floats]]:
        """The way of every fragment through the last `length` frames, this one included."""
        across, up = (self._column(factor) for factor in self.plane)
        span = slice(max(0, frame - length + 1), frame + 1)
        return list(across[span].T), list(up[span].T)

    def limits(self) -> tuple[float, float]:
        """One range for both axes that holds every frame and the origin, so that nothing jumps."""
        both = np.stack([self._column(factor) for factor in self.plane])
        low, high = min(float(both.min(initial=0.0)), 0.0), max(float(both.max(initial=0.0)), 0.0)
        margin = 0.06 * (high - low or 1.0)
        return low - margin, high + margin

    def _column(self, factor: int) -> Floats:
        positions_SFD = self.trajectory.positions_SFD
        if factor < positions_SFD.shape[2]:
            column_SF: Floats = positions_SFD[:, :, factor]
            return column_SF
        return np.zeros(positions_SFD.shape[:2])


def ticks(losses_S: Floats) -> list[float]:
    """At most three values of two digits that divide the range of positive losses evenly on a logarithmic axis."""
    if not losses_S.size:
        return []
    return sorted({float(f"{value:.2g}") for value in np.geomspace(losses_S.max(), losses_S.min(), 3)})


class PlaybackApp:
    """The recorded steps of a run; a sentence when it recorded none."""

    path = "training"
    heading = N_("How the factors moved during training")

    async def load(
        self,
        view: View,  # noqa: ARG002 - the same for each similarity
        run: Run,
        scores: Scores,
        say: Callable[[str], None],  # noqa: ARG002 - it takes no time
    ) -> tuple[Trajectory, Curve]:
        """Positions and losses."""
        return await scores.trajectory(run.id), await scores.curve(run.id)

    def draw(self, doc: Document, page: Page, loaded: tuple[Trajectory, Curve]) -> LayoutDOM:
        """The player."""
        trajectory, curve = loaded
        if len(trajectory.steps_S) == 0 or not trajectory.names:
            return text(_("Run {run} recorded no steps, so there is nothing to play.", run=page.run.id))
        layout: LayoutDOM = _Playback(doc, page, trajectory, curve).layout
        return layout


class _Playback:
    """One session's player: its widgets, and what they do."""

    def __init__(self, doc: Document, page: Page, trajectory: Trajectory, curve: Curve) -> None:
        self._doc = doc
        self._page = page
        self._frames = Frames(trajectory)
        self._beat: Any = None
        count, fragments = self._frames.count, len(trajectory.names)
        self._points = ColumnDataSource({"x": [], "y": [], "name": []})
        self._trails = ColumnDataSource({"xs": [], "ys": []})
        self._now = Span(dimension="height", line_color=page.palette.accent, line_width=2)
        self._play = Button(label=_("Play"), button_type="primary", width=96, name="play", stylesheets=sheets())
        self._slider = Slider(
            start=0, end=max(count - 1, 1), value=0, step=1, title=_("Frame"), name="frame", sizing_mode="stretch_width"
        )
        self._plane = RadioButtonGroup(labels=["1 × 2", "1 × 3", "2 × 3"], active=0, name="plane", stylesheets=sheets())
        self._trail = Slider(
            start=1, end=60, value=_TRAIL, step=1, title=_("Length of trails, frames"), disabled=fragments > _TRAILED
        )
        for slider in (self._slider, self._trail):
            slider.update(stylesheets=sheets(), bar_color=page.palette.point, sizing_mode="stretch_width")
        self._status, self._table = block(name="status"), block(name="positions")
        self._map, loss = self._drawn_map(fragments), self._drawn_loss(curve)
        self._play.on_click(same_language(self._toggle))
        self._slider.on_change("value", same_language(self._moved))
        self._trail.on_change("value", same_language(self._moved))
        self._plane.on_change("active", same_language(self._turn))
        controls = row(self._play, self._slider, sizing_mode="stretch_width", spacing=16)
        planes = column(block(f"<span class='legend'>{_('Factors')}</span>"), self._plane, spacing=4)
        self._show()
        parts = [self._status, controls, self._map, planes, self._trail, loss, self._table]
        self.layout = column(*parts, sizing_mode="stretch_width", spacing=12)

    def _drawn_map(self, fragments: int) -> Any:
        palette = self._page.palette
        low, high = self._frames.limits()
        drawn = styled_figure(
            palette,
            height=480,
            x_range=(low, high),
            y_range=(low, high),
            match_aspect=True,
            tools="pan,wheel_zoom,reset,save",
            x_axis_label=_("factor {number}", number=1),
            y_axis_label=_("factor {number}", number=2),
            html_attributes={
                "role": "img",
                "aria-label": _("Positions of the fragments at the chosen step; the table below gives them"),
            },
        )
        for dimension in ("height", "width"):
            drawn.add_layout(Span(location=0, dimension=dimension, line_color=palette.muted, line_width=1))
        drawn.multi_line(source=self._trails, xs="xs", ys="ys", line_color=palette.point, line_alpha=0.45, line_width=2)
        points = drawn.scatter(
            source=self._points,
            x="x",
            y="y",
            size=10 if fragments <= _LABELLED else 5,
            color=palette.point,
            line_color=palette.surface,
        )
        if fragments <= _LABELLED:
            labels = LabelSet(source=self._points, x="x", y="y", text="name", x_offset=8, y_offset=4)
            labels.update(text_color=palette.text, text_font="sans-serif", text_font_size="13px")
            drawn.add_layout(labels)
        drawn.add_tools(HoverTool(renderers=[points], tooltips=[(_("fragment"), "@name"), (_("at"), "@x{0.000}, @y{0.000}")]))
        return drawn

    def _drawn_loss(self, curve: Curve) -> Any:
        palette = self._page.palette
        shown = curve.losses_S > 0
        drawn = styled_figure(
            palette,
            height=180,
            y_axis_type="log",
            tools="save",
            x_axis_label=_("step"),
            y_axis_label=_("loss"),
            html_attributes={
                "role": "img",
                "aria-label": _("Loss by step on a logarithmic axis, with a mark at the chosen step"),
            },
        )
        drawn.yaxis.update(ticker=FixedTicker(ticks=ticks(curve.losses_S[shown])), formatter=BasicTickFormatter())
        drawn.line(curve.steps_S[shown], curve.losses_S[shown], color=palette.point, line_width=2)
        drawn.add_layout(self._now)
        return drawn

    def _show(self) -> None:
        frame = min(int(self._slider.value), self._frames.count - 1)
        trajectory = self._frames.trajectory
        x, y = self._frames.at(frame)
        self._points.data = {"x": x, "y": y, "name": list(trajectory.names)}
        if len(trajectory.names) <= _TRAILED:
            xs, ys = self._frames.trails(frame, int(self._trail.value))
            self._trails.data = {"xs": xs, "ys": ys}
        step = int(trajectory.steps_S[frame])
        last = int(trajectory.steps_S[-1])
        self._now.location = step
        now = f"<b>{step:,}</b>"
        told = _(
            "Step {step} of {last:,}: {count:,} fragments, balanced factors.",
            step=now,
            last=last,
            count=len(trajectory.names),
        )
        run = _("Run {run}.", run=html.escape(self._page.run.id))
        self._status.text = f'<p>{told} <span class="quiet">{run}</span></p>'
        if self._beat is None:
            self._table.text = self._positions(x, y, step)

    def _moved(self, _attr: str, _old: int, _new: int) -> None:
        self._show()

    def _turn(self, _attr: str, _old: int, new: int) -> None:
        self._frames = Frames(self._frames.trajectory, _PLANES[new])
        low, high = self._frames.limits()
        for axis_range in (self._map.x_range, self._map.y_range):
            axis_range.update(start=low, end=high, reset_start=low, reset_end=high)
        across, up = self._frames.plane
        self._map.xaxis.axis_label, self._map.yaxis.axis_label = (
            _("factor {number}", number=axis + 1) for axis in (across, up)
        )
        self._show()

    def _toggle(self) -> None:
        if self._beat is not None:
            self._halt()
            return
        if self._slider.value >= self._frames.count - 1:
            self._slider.value = 0
        self._play.label = _("Pause")
        self._beat = self._doc.add_periodic_callback(same_language(self._advance), _FRAME_MS)

    def _advance(self) -> None:
        if self._slider.value >= self._frames.count - 1:
            self._halt()
        else:
            self._slider.value += 1

    def _halt(self) -> None:
        if self._beat is not None:
            self._doc.remove_periodic_callback(self._beat)
        self._beat = None
        self._play.label = _("Play")
        self._show()

    def _positions(self, x: Floats, y: Floats, step: int) -> str:
        names = self._frames.trajectory.names
        across, up = self._frames.plane
        told = {"step": step, "shown": _TABLED, "count": len(names)}
        caption = _("Positions at step {step:,}", **told)
        if len(names) > _TABLED:
            caption = _("Positions at step {step:,}, the first {shown} of {count:,} fragments", **told)
        table = html_table(
            _("Positions"),
            caption,
            (_("Fragment"), *(_("factor {number}", number=axis + 1) for axis in (across, up))),
            ((self._page.fragment_link(name), f"{x[at]:.3f}", f"{y[at]:.3f}") for at, name in enumerate(names[:_TABLED])),
            figures=2,
        )
        return f'<details class="alternative"><summary>{_("The same as a table")}</summary>{table}</details>'
