"""Drawings as notebooks show them: one structure, or a table whose structures stand in its rows. The scores API draws."""

import base64
import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import narwhals as nw

__all__ = ["Drawing", "DrawnTable", "structures_of"]

_MISSING: Final = frozenset({"NAType", "NaTType"})
"""Kinds of values by which pandas says that there is none, and which are neither equal nor unequal to themselves."""


@dataclass(frozen=True)
class Drawing:
    """A structure as SVG; a notebook shows it where it ends a cell."""

    smiles: str
    svg: str

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<drawing of {self.smiles}>"


@dataclass(frozen=True)
class DrawnTable:
    """The first rows of a table with their structures; a notebook shows it where it ends a cell."""

    rows: Sequence[Mapping[str, Any]]
    drawings: Sequence[Drawing | None]
    """One a row; None where it has no structure, or one that cannot be drawn."""

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{html.escape(str(name))}</th>" for name in ("", *(self.rows[0] if self.rows else ())))
        lines = "".join(map(_line, self.rows, self.drawings))
        return f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"

    def __repr__(self) -> str:
        return f"<{len(self.rows)} rows with {sum(each is not None for each in self.drawings)} drawings>"


def structures_of(table: Any, column: str, limit: int) -> tuple[list[dict[str, Any]], list[str | None]]:
    """The first rows of a table, and the SMILES of each in `column`, None where it is missing.

    Raises:
        KeyError: the table has no such column.
    """
    rows = list(nw.from_native(table, eager_only=True).head(limit).iter_rows(named=True))
    return rows, [row[column] if isinstance(row[column], str) and row[column] else None for row in rows]


def _line(row: Mapping[str, Any], drawing: Drawing | None) -> str:
    cells = [_picture(drawing), *map(_shown, row.values())]
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _picture(drawing: Drawing | None) -> str:
    """As a picture of its own: styles of one drawing then touch nothing else on the page."""
    if drawing is None:
        return ""
    coded = base64.b64encode(drawing.svg.encode()).decode()
    return f'<img alt="{html.escape(drawing.smiles)}" width="160" src="data:image/svg+xml;base64,{coded}">'


def _shown(value: Any) -> str:
    is_missing = value is None or type(value).__name__ in _MISSING or (isinstance(value, float) and math.isnan(value))
    if is_missing:
        return ""
    return html.escape(f"{value:.4g}" if isinstance(value, float) else str(value))
