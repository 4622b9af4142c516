"""Spreadsheets: text that a spreadsheet would take for a formula, made harmless where a table is handed to people."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

__all__ = ["as_csv", "harmless"]

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_Cell = TypeVar("_Cell")


def harmless(cell: _Cell) -> _Cell | str:
    """The cell itself; a text that begins as formulas do, after an apostrophe, as spreadsheets mark text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULAS) else cell


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table as CSV (RFC 4180), every cell and heading `harmless`."""
    text = io.StringIO()
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in (head, *rows))
    return text.getvalue()
