"""HTML that both apps write: a table with a caption, whose first column names the row."""

from collections.abc import Iterable, Sequence

__all__ = ["html_table"]


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
