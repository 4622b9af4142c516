"""The house style for Bokeh pages: figures, and tables in HTML."""

from collections.abc import Iterable, Sequence
from typing import Any

from bokeh.plotting import figure

from viz.palette import Palette

__all__ = ["html_table", "styled_figure"]


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


def html_table(label: str, caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, figures: int) -> str:
    """A table from cells that are HTML already; the last `figures` columns are numbers, set flush right."""
    texts = len(head) - figures

    def kind(at: int) -> str:
        return ' class="figure"' if at >= texts else ""

    heads = "".join(f'<th scope="col"{kind(at)}>{title}</th>' for at, title in enumerate(head))
    body = "".join(
        f'<tr><th scope="row">{first}</th>'
        + "".join(f"<td{kind(at)}>{cell}</td>" for at, cell in enumerate(rest, start=1))
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<div class="table-frame" role="region" tabindex="0" aria-label="{label}"><table><caption>{caption}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )
