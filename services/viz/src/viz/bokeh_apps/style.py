"""The house style for Bokeh figures."""

from typing import Any

from bokeh.plotting import figure

from viz.palette import Palette

__all__ = ["styled_figure"]


def styled_figure(palette: Palette, **options: Any) -> Any:
    """A figure whose page shows through, with quiet axes and grid."""
    drawn = figure(
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        sizing_mode="stretch_width",
        toolbar_location="above",
        **options,
    )
    drawn.toolbar.logo = None
    for axis in drawn.axis:
        axis.update(
            axis_line_color=palette.line,
            major_tick_line_color=palette.line,
            minor_tick_line_color=None,
            major_label_text_color=palette.muted,
            axis_label_text_color=palette.muted,
            axis_label_text_font_style="normal",
            axis_label_text_font="sans-serif",
            major_label_text_font="sans-serif",
            axis_label_text_font_size="13px",
            major_label_text_font_size="12px",
        )
    for grid in drawn.grid:
        grid.update(grid_line_color=palette.line)
    return drawn
