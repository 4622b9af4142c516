"""Spreadsheets: text that a spreadsheet would take for a formula, made harmless where a table is handed to people."""

from typing import Final, TypeVar

__all__ = ["harmless"]

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_Cell = TypeVar("_Cell")


def harmless(cell: _Cell) -> _Cell | str:
    """The cell itself; a text that begins as formulas do, after an apostrophe, as spreadsheets mark text."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULAS) else cell
