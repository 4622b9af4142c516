"""App "/histogram": how similar the fragments of a run are to each other, and which pairs are behind a part of it."""

import asyncio
import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import structlog
from bokeh.document import Document
from bokeh.events import SelectionGeometry
from bokeh.layouts import column
from bokeh.models import BasicTicker, ColumnDataSource, HoverTool, LayoutDOM, NumeralTickFormatter
from bokeh.models.annotations import BoxAnnotation
from bokeh.models.widgets import RadioButtonGroup, RangeSlider
from numpy.typing import NDArray

from viz.answers import Run
from viz.bokeh_apps.page import Page, block, in_background, same_language, sheets
from viz.bokeh_apps.style import html_table, styled_figure
from viz.language import N_, _
from viz.pairs import HUNDREDTHS, Pair, Pairs
from viz.scores import Scores
from viz.view import View, named

__all__ = ["Counted", "HistogramApp", "quartiles"]

_WIDTHS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
_LISTED: Final = 100
_TOLD_AFTER: Final = 50
"""Questions answered before the page says so again."""
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Counted:
    """Every pair, how many of them have each hundredth of a percent, and how many fragments the run shows."""

    pairs: Pairs
    fine: NDArray[np.int64]
    shown: int


class HistogramApp:
    """Bins over all pairs of shown fragments; brush the figure or move the ends of the range to list pairs."""

    path = "histogram"
    heading = N_("How similar the fragments are")

    async def load(self, view: View, run: Run, scores: Scores, say: Callable[[str], None]) -> Counted:
        """Ask for all pairs, and count them off the event loop."""

        def tell(answered: int, questions: int) -> None:
            if answered % _TOLD_AFTER == 0:
                say(_("Asking how similar the fragments are: {percent} %", percent=100 * answered // questions))

        pairs = await scores.pairs(run.id, view.similarity_in(run), on_block=tell)
        return Counted(pairs, await asyncio.to_thread(pairs.counts), run.shown_fragments)

    def draw(self, doc: Document, page: Page, loaded: Counted) -> LayoutDOM:
        """The figure with its controls."""
        layout: LayoutDOM = _Histogram(doc, page, loaded).layout
        return layout


class _Histogram:
    """One session's histogram: its widgets, and what they do."""

    def __init__(self, doc: Document, page: Page, counted: Counted) -> None:
        self._doc = doc
        self._page = page
        self._pairs, self._fine, self._shown = counted.pairs, counted.fine, counted.shown
        self._bins = ColumnDataSource({"left": [], "right": [], "pairs": [], "colour": []})
        self._width = RadioButtonGroup(
            labels=[f"{width:g}" for width in _WIDTHS], active=_WIDTHS.index(5.0), name="width", stylesheets=sheets()
        )
        self._range = RangeSlider(start=-100, end=100, value=(80, 100), step=0.5, title=_("Listed range, %"), name="range")
        self._range.update(stylesheets=sheets(), bar_color=page.palette.point)
        self._range.sizing_mode = "stretch_width"
        accent = page.palette.accent
        self._box = BoxAnnotation(left=80, right=100, fill_color=accent, fill_alpha=0.12, line_color=accent)
        self._summary, self._list = block(name="summary"), block(name="pairs")
        self._figure = self._drawn()
        self._width.on_change("active", same_language(self._width_chosen))
        self._range.on_change("value", self._range_moved)
        self._range.on_change("value_throttled", same_language(self._range_left))
        self._figure.on_event(SelectionGeometry, same_language(self._brushed))
        legend = _("Width of a bin, %")
        widths = column(block(f"<span class='legend'>{legend}</span>"), self._width, spacing=4)
        parts = [self._summary, widths, self._figure, self._range, self._list]
        self.layout = column(*parts, sizing_mode="stretch_width", spacing=12)
        self._bin()
        self._list_pairs()

    def _list_pairs(self) -> None:
        low, high = (float(end) for end in self._range.value)

        async def find() -> tuple[list[Pair], int]:
            return await asyncio.to_thread(self._pairs.within, low, high, _LISTED)

        def show(listed: tuple[list[Pair], int]) -> None:
            self._list.text = self._table(*listed, low, high)

        in_background(self._doc, find, show, self._tell)

    def _tell(self, failure: Exception) -> None:
        _log.error("pairs_not_listed", exc_info=failure)
        told = _("The pairs could not be listed; the log of viz says why.")
        self._list.text = f'<p role="status">{told}</p>'

    def _drawn(self) -> Any:
        palette = self._page.palette
        drawn = styled_figure(
            palette,
            height=360,
            x_range=(-102, 102),
            tools="xbox_select,reset,save",
            active_drag="xbox_select",
            x_axis_label=_("similarity, %"),
            y_axis_label=_("pairs of fragments"),
            html_attributes={"role": "img", "aria-label": _("Histogram of the similarity of all pairs of fragments")},
        )
        drawn.y_range.start = 0
        drawn.yaxis.formatter = NumeralTickFormatter(format="0,0")
        drawn.yaxis.ticker = BasicTicker(min_interval=1)
        drawn.quad(
            source=self._bins,
            left="left",
            right="right",
            bottom=0,
            top="pairs",
            fill_color="colour",
            line_color=palette.surface,
            nonselection_fill_alpha=1,
            nonselection_line_alpha=1,
        )
        reach = _("{low} to {high}", low="@left{0.0}", high="@right{0.0}")
        told = [(_("similarity"), f"{reach} %"), (_("pairs"), "@pairs{0,0}")]
        drawn.add_tools(HoverTool(tooltips=told))
        drawn.add_layout(self._box)
        return drawn

    def _bin(self) -> None:
        width = _WIDTHS[self._width.active or 0]
        pairs = self._fine.reshape(-1, round(width * HUNDREDTHS / 200.0)).sum(axis=1)
        left = np.linspace(-100.0, 100.0 - width, pairs.size)
        palette = self._page.palette
        colour = [palette.point if middle >= 0 else palette.diverging[1] for middle in left + width / 2]
        self._bins.data = {"left": left, "right": left + width, "pairs": pairs, "colour": colour}
        self._summary.text = self._summarised(int(pairs.sum()))

    def _summarised(self, total: int) -> str:
        if total == 0:
            none = _("This run shows fewer than two fragments, so there is no pair to count.")
            return f'<p role="status">{none}</p>'
        low, middle, high = quartiles(self._fine)
        counts = {"count": len(self._pairs.names), "shown": self._shown, "total": total}
        counted = _("{count:,} fragments make {total:,} pairs.", **counts)
        if len(self._pairs.names) < self._shown:
            counted = _("Of {shown:,} fragments the {count:,} with most support make {total:,} pairs.", **counts)
        spread = _(
            "By {similarity} similarity half of them lie between {low} and {high} %, the median is {middle} %.",
            similarity=named(self._page.view.similarity_in(self._page.run)),
            low=_typeset(low),
            high=_typeset(high),
            middle=_typeset(middle),
        )
        hint = _("Run {run}. Brush the figure, or move the range below it, to list pairs.", run=html.escape(self._page.run.id))
        return f'<p role="status">{counted} {spread} <span class="quiet">{hint}</span></p>'

    def _width_chosen(self, _attr: str, _old: int, _new: int) -> None:
        self._bin()

    def _range_left(self, _attr: str, _old: Any, _new: Any) -> None:
        self._list_pairs()

    def _range_moved(self, _name: str, _old: Any, new: tuple[float, float]) -> None:
        self._box.update(left=new[0], right=new[1])

    def _brushed(self, event: SelectionGeometry) -> None:
        brushed: Any = event.geometry
        if not event.final or not brushed or brushed["type"] != "rect":
            return
        low, high = sorted((float(brushed["x0"]), float(brushed["x1"])))
        self._range.value = (round(max(low, -100.0), 1), round(min(high, 100.0), 1))
        self._list_pairs()

    def _table(self, listed: list[Pair], total: int, low: float, high: float) -> str:
        link = self._page.fragment_link
        told = {"total": total, "low": low, "high": high, "listed": len(listed)}
        caption = _("{total:,} pairs from {low:g} to {high:g} %", **told)
        if total > len(listed):
            caption = _("{total:,} pairs from {low:g} to {high:g} %, the {listed} highest of them", **told)
        return html_table(
            _("Pairs of the range"),
            caption,
            (_("Fragment"), _("Fragment"), _("similarity %")),
            ((link(pair.first), link(pair.second), f"{pair.percent:.1f}".replace("-", "−")) for pair in listed),
            figures=1,
        )


def _typeset(percent: float) -> str:
    return f"{round(percent)}".replace("-", "−")


def quartiles(fine: NDArray[np.int64]) -> tuple[float, float, float]:
    """Quartiles in percent, of how many pairs have each hundredth from -100."""
    cumulative = np.cumsum(fine)
    hundredths = np.searchsorted(cumulative, np.array([0.25, 0.5, 0.75]) * cumulative[-1])
    first, second, third = -100.0 + hundredths * 200.0 / HUNDREDTHS
    return float(first), float(second), float(third)
