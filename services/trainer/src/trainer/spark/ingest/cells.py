"""The cells of a column: which of them state a number, and what is wrong with the others."""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["LIMIT", "Numbers", "read_numbers", "stated"]

LIMIT: Final = 1e9
"""No activity is larger."""
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Numbers:
    """The numbers of a column."""

    places: npt.NDArray[np.int64]
    """Of the cells that state one, ascending."""
    values: npt.NDArray[np.float64]
    """What they state, finite and within the limit."""
    wrong: list[tuple[int, str, str]]
    """Place, text and reason for every cell that is neither empty nor such a number."""


def stated(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Which cells of a column are not empty; blanks count as nothing."""
    if pa.types.is_string(column.type):
        filled = pc.greater(pc.binary_length(pc.utf8_trim_whitespace(column)), 0)
        return np.asarray(filled.fill_null(False))
    return np.asarray(column.is_valid())


def read_numbers(column: pa.Array, allowed: tuple[float, ...] | None = None) -> Numbers:
    """The numbers of a column of text or float64; only the allowed values, where some are given."""
    places = np.flatnonzero(stated(column))
    cells = column.take(pa.array(places))
    values = _values(cells)
    known = np.isfinite(values)
    good = known & (np.abs(np.where(known, values, 0)) <= LIMIT)
    if allowed is not None:
        good &= np.isin(values, allowed)
    wrong = [(int(places[index]), *_reason(cells[index].as_py(), allowed)) for index in np.flatnonzero(~good)]
    return Numbers(places[good], values[good], wrong)


def _values(cells: pa.Array) -> npt.NDArray[np.float64]:
    """The value of each cell; NaN where there is none."""
    if not pa.types.is_string(cells.type):
        return np.asarray(cells, np.float64)
    texts = pc.utf8_trim_whitespace(cells)
    try:
        return np.asarray(texts.cast(pa.float64()), np.float64)
    except pa.ArrowInvalid:
        return np.array([float(text) if _NUMBER.fullmatch(text) else np.nan for text in texts.to_pylist()], np.float64)


def _reason(cell: str | float, allowed: tuple[float, ...] | None) -> tuple[str, str]:
    """A cell as the user wrote it, and what is wrong with it."""
    text = str(cell).strip()
    number = _values(pa.array([text]))[0]
    if np.isnan(number):
        return text, "is not a number" if text.lower() != "nan" else "is not a finite number: leave empty what was not measured"
    if np.isinf(number):
        return text, "is not a finite number"
    if abs(number) > LIMIT:
        return text, f"is beyond ±{LIMIT:,.0f}: no activity is that large"
    return text, f"is none of the values this kind of activity knows: {', '.join(f'{value:g}' for value in allowed or ())}"
