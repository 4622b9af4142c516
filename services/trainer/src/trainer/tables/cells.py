"""The cells of a column: which of them state a number or a bound, and what is wrong with the others."""

import math
import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer.tables.units import PX, scale_of
from trainer.tables.vocabulary import MISSING

__all__ = ["INCONCLUSIVE", "LIMIT", "RELATIONS", "TRUTHS", "Numbers", "Relation", "cell_of", "read_numbers", "stated"]

LIMIT: Final = 1e9
"""No activity is larger, in whatever unit."""
TRUTHS: Final = {
    **dict.fromkeys(("true", "t", "yes", "y", "active", "positive", "pos", "toxic", "binder", "hit", "a"), 1.0),
    **dict.fromkeys(("false", "f", "no", "n", "inactive", "negative", "neg", "nontoxic", "non-toxic", "nonbinder", "non-binder",
                     "not active", "non-active", "nonactive", "i"), 0.0),
}  # fmt: skip
"""Words of binary columns."""
INCONCLUSIVE: Final = frozenset({"inconclusive", "unspecified", "ambiguous", "equivocal", "marginal", "indeterminate"})
"""Words of binary columns that state nothing."""


class Relation(IntEnum):
    """How a cell's number limits what was measured."""

    BELOW = -1
    EXACT = 0
    ABOVE = 1
    ABOUT = 2


RELATIONS: Final = {
    **dict.fromkeys(("", "=", "=="), Relation.EXACT),
    **dict.fromkeys((">", ">=", "=>", ">>", "≥", "⩾", "ge", "gt"), Relation.ABOVE),
    **dict.fromkeys(("<", "<=", "=<", "<<", "≤", "⩽", "le", "lt"), Relation.BELOW),
    **dict.fromkeys(("~", "≈", "∼", "≃", "~=", "≅", "ca", "ca.", "circa", "approx", "approx.", "about"), Relation.ABOUT),
}
_FLOAT: Final = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_PLAIN: Final = f"^{_FLOAT}$"
_CELL: Final = re.compile(
    rf"(?P<relation>>>|<<|>=|=>|<=|=<|~=|==|[<>=≥≤⩾⩽~≈∼≃≅]|ca\.?|circa|approx\.?|about)?\s*"
    rf"(?P<number>{_FLOAT})\s*(?P<spread>(?:±|\+/-|\+-)\s*{_FLOAT})?\s*(?P<repeats>\(\s*n\s*=\s*\d+\s*\))?\s*(?P<unit>[^\d\s(][^\d]{{0,20}})?",
    re.IGNORECASE,
)

_GROUPED: Final = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})+(?![\d,])")
"""12,500 and 1,234,567: thousands set apart by commas."""
_GROUPED_BY_POINTS: Final = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:\.\d{3})+(?=,\d)")
"""1.234,5: the same where the comma is the decimal sign."""


@dataclass(frozen=True)
class Numbers:
    """The numbers of a column."""

    places: npt.NDArray[np.int64]
    """Of the cells that state one, ascending."""
    values: npt.NDArray[np.float64]
    """What they state, finite and within the limit."""
    relations: npt.NDArray[np.int8]
    """`Relation` of each."""
    exponents: npt.NDArray[np.float64]
    """Of the unit that stands in the cell itself; NaN where none does."""
    wrong: list[tuple[int, str, str]]
    """Place, text and reason for every cell that is neither a number nor says that nothing was measured."""
    unmeasured: int = 0
    """Cells with a word for "not measured"."""
    noted: int = 0
    """Numbers with a spread, a count of repeats or several of them in one cell."""


@dataclass(frozen=True)
class Cell:
    """A cell's text, taken apart."""

    value: float
    relation: Relation = Relation.EXACT
    exponent: int | None = None
    noted: bool = False


def stated(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Which cells of a column are not empty; blanks, NaN and null count as nothing."""
    if pa.types.is_string(column.type):
        texts = pc.utf8_lower(pc.utf8_trim_whitespace(column))
        filled = pc.and_(
            pc.greater(pc.binary_length(texts), 0),
            pc.invert(pc.is_in(texts, pa.array(["nan", "none", "null", "#n/a", "<na>"]))),
        )
        return np.asarray(filled.fill_null(False))
    valid = np.asarray(column.is_valid())
    return valid & ~np.isnan(np.asarray(column.fill_null(0), np.float64)) if pa.types.is_floating(column.type) else valid


def read_numbers(
    column: pa.Array,
    allowed: tuple[float, ...] | None = None,
    *,
    truths: bool = False,
    decimal_comma: bool = False,
    geometric: bool = False,
    missing: frozenset[str] = frozenset(),
) -> Numbers:
    """The numbers of a column of text or float64.

    Args:
        column: The cells.
        allowed: The only values there may be, where some are given.
        truths: Words such as `active` are 1 and 0.
        decimal_comma: `5,3` is a number.
        geometric: Several numbers in a cell are averaged as logarithms.
        missing: More words, in lower case, that say that nothing was measured.
    """
    if not pa.types.is_string(column.type):
        places = np.flatnonzero(stated(column))
        values = np.asarray(column.take(pa.array(places)), np.float64)
        if missing:
            known = np.array([f"{value:g}" not in missing for value in values], bool)
            places, values = places[known], values[known]
        return _checked(places, values, None, None, [str(value) for value in values], allowed)
    texts = pc.utf8_trim_whitespace(column)
    places = np.flatnonzero(np.asarray(pc.greater(pc.binary_length(texts), 0).fill_null(False)))
    texts = texts.take(pa.array(places))
    if not missing:
        try:
            values = np.asarray(texts.cast(pa.float64()), np.float64)
        except pa.ArrowInvalid:
            pass
        else:
            if np.isfinite(values).all():
                return _checked(places, values, None, None, texts, allowed)
    return _spelled(places, texts, allowed, (truths, decimal_comma, geometric), missing)


def _spelled(
    places: npt.NDArray[np.int64],
    texts: pa.Array,
    allowed: tuple[float, ...] | None,
    how: tuple[bool, bool, bool],
    missing: frozenset[str],
) -> Numbers:
    """Numbers among words: those that are plain are cast, every other text is looked at once."""
    plain = np.asarray(pc.match_substring_regex(texts, _PLAIN), bool)
    if missing:
        plain &= ~np.asarray(pc.is_in(pc.utf8_lower(texts), pa.array(sorted(missing), pa.string())))
    values = np.full(len(texts), np.nan)
    values[plain] = np.asarray(texts.filter(pa.array(plain)).cast(pa.float64()), np.float64)
    relations = np.zeros(len(texts), np.int8)
    exponents = np.full(len(texts), np.nan)
    keep = np.ones(len(texts), bool)
    encoded = texts.filter(pa.array(~plain)).dictionary_encode()
    rest, codes = np.flatnonzero(~plain), np.asarray(encoded.indices)
    different = encoded.dictionary.to_pylist()
    silent = np.array([_is_missing(text, missing, truths=how[0]) for text in different], np.bool_)
    read = [None if none else cell_of(text, *how) for text, none in zip(different, silent, strict=True)]
    noted = 0
    if different:
        keep[rest] = ~silent[codes]
        values[rest] = np.array([np.nan if cell is None else cell.value for cell in read])[codes]
        relations[rest] = np.array([0 if cell is None else cell.relation for cell in read], np.int8)[codes]
        units = [np.nan if cell is None or cell.exponent is None else float(cell.exponent) for cell in read]
        exponents[rest] = np.array(units)[codes]
        noted = int(np.array([cell is not None and cell.noted for cell in read])[codes].sum())
    kept = np.flatnonzero(keep)
    found = _checked(places[kept], values[kept], relations[kept], exponents[kept], texts.take(pa.array(kept)), allowed)
    return Numbers(found.places, found.values, found.relations, found.exponents, found.wrong, len(keep) - len(kept), noted)


def _is_missing(text: str, missing: frozenset[str], *, truths: bool) -> bool:
    folded = text.casefold()
    return folded in MISSING or folded in missing or (truths and folded in INCONCLUSIVE)


@lru_cache(maxsize=65_536)
def cell_of(text: str, truths: bool = False, decimal_comma: bool = False, geometric: bool = False) -> Cell | None:  # noqa: FBT001, FBT002 - remembered by them
    """What a cell's text states; None where it is no number, bound or guess."""
    bare = text.strip().strip("'\"").strip().replace("\u2212", "-").replace("\u00a0", " ")
    if truths and bare.casefold() in TRUTHS:
        return Cell(TRUTHS[bare.casefold()])
    if ";" in bare:
        parts = [cell_of(part, truths, decimal_comma, geometric) for part in bare.split(";") if part.strip()]
        alike = [part for part in parts if part is not None and part.relation is Relation.EXACT and part.exponent is None]
        if not alike or len(alike) < len(parts) or (geometric and min(part.value for part in alike) <= 0):
            return None
        values = [part.value for part in alike]
        mean = math.exp(math.fsum(map(math.log, values)) / len(values)) if geometric else math.fsum(values) / len(values)
        return Cell(mean, noted=True)
    if decimal_comma:
        bare = _without(".", _GROUPED_BY_POINTS, bare)
        bare = bare if "." in bare else bare.replace(",", ".")
    else:
        bare = _without(",", _GROUPED, bare)
    match = _CELL.fullmatch(re.sub(r"^'(>>|<<|[<>]=?|=|~)'", r"\1", bare))
    if match is None:
        return None
    exponent = None
    if match["unit"] is not None:
        scale = scale_of(match["unit"])
        if scale is None or scale == PX:
            return None
        exponent = int(scale)
    relation = RELATIONS[(match["relation"] or "").casefold()]
    return Cell(float(match["number"]), relation, exponent, noted=bool(match["spread"] or match["repeats"]))


def _without(separator: str, grouped: re.Pattern[str], text: str) -> str:
    """A cell's text without what sets thousands apart."""
    return grouped.sub(lambda number: number[0].replace(separator, ""), text)


def _checked(
    places: npt.NDArray[np.int64],
    values: npt.NDArray[np.float64],
    relations: npt.NDArray[np.int8] | None,
    exponents: npt.NDArray[np.float64] | None,
    texts: pa.Array | list[str],
    allowed: tuple[float, ...] | None,
) -> Numbers:
    known = np.isfinite(values)
    good = known & (np.abs(np.where(known, values, 0)) <= LIMIT)
    if allowed is not None:
        good &= np.isin(values, allowed)
    wrong = [
        (int(places[index]), *_reason(str(texts[index]), float(values[index]), allowed)) for index in np.flatnonzero(~good)
    ]
    relations = np.zeros(len(values), np.int8) if relations is None else relations
    exponents = np.full(len(values), np.nan) if exponents is None else exponents
    return Numbers(places[good], values[good], relations[good], exponents[good], wrong)


def _reason(text: str, value: float, allowed: tuple[float, ...] | None) -> tuple[str, str]:
    """A cell as the user wrote it, and what is wrong with it."""
    if np.isnan(value):
        infinite = text.strip("+-").casefold() in {"inf", "infinity"}
        return text, "is not a finite number" if infinite else "is not a number"
    if np.isinf(value):
        return text, "is not a finite number"
    if abs(value) > LIMIT:
        return text, f"is beyond ±{LIMIT:,.0f}: no activity is that large"
    return text, f"is none of the values this kind of activity knows: {', '.join(f'{value:g}' for value in allowed or ())}"
