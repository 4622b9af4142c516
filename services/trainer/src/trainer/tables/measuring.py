"""Measuring: from the cells of one column to values as pX, with their relations, by the units of column, cell or row."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer.tables.block import Block, Flaw
from trainer.tables.cells import RELATIONS, Numbers, Relation, read_numbers
from trainer.tables.plan import FilePlan, Measure
from trainer.tables.units import PX, UNITS, scale_of

__all__ = ["Measured", "measured"]

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """What a measure states in a block."""

    places: npt.NDArray[np.int64]
    """Rows of the block, ascending."""
    values: _Floats
    relations: npt.NDArray[np.int8]
    flaws: list[Flaw]


def measured(plan: FilePlan, measure: Measure, block: Block, wanted: npt.NDArray[np.bool_]) -> Measured:
    """What a measure states in the wanted rows."""
    if measure.column is None:
        places = np.flatnonzero(wanted)
        return Measured(places, np.ones(len(places)), np.zeros(len(places), np.int8), [])
    rows = np.flatnonzero(wanted)
    column = block.columns[measure.column]
    if len(rows) < len(column):
        column = column.take(pa.array(rows))
    numbers = read_numbers(
        column,
        plan.allowed,
        truths=measure.truths,
        decimal_comma=measure.decimal_comma,
        geometric=measure.scale not in {None, PX} or measure.unit is not None or measure.in_cells,
        missing=plan.missing,
    )
    places = rows[numbers.places]
    flaws = [Flaw(int(block.rows[rows[place]]), measure.column, text, reason) for place, text, reason in numbers.wrong]
    relations, known = _relations(measure, block, places, numbers, flaws)
    exponents, logarithmic, united = _exponents(measure, block, places, numbers, flaws)
    values = numbers.values
    molar = ~np.isnan(exponents)
    positive = ~molar | (values > 0)
    flaws += [
        Flaw(int(block.rows[places[place]]), measure.column, f"{values[place]:g}", "is no concentration")
        for place in np.flatnonzero(known & united & ~positive)
    ]
    px = np.where(molar, exponents - np.log10(np.where(values > 0, values, 1)), values)
    flips = molar | (logarithmic & measure.flipped)
    bound = np.isin(relations, (Relation.BELOW, Relation.ABOVE))
    relations = np.where(flips & bound, -relations, relations).astype(np.int8)
    good = known & united & positive
    return Measured(places[good], px[good], relations[good], flaws)


def _relations(
    measure: Measure, block: Block, places: npt.NDArray[np.int64], numbers: Numbers, flaws: list[Flaw]
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.bool_]]:
    """The relation of each number: that of its cell, else that of its row; and which of them are known."""
    if measure.relation is None:
        return numbers.relations, np.ones(len(places), np.bool_)
    texts = pc.utf8_trim(pc.fill_null(block.columns[measure.relation], ""), "'\" \t").take(pa.array(places))
    encoded = texts.dictionary_encode()
    codes = np.asarray(encoded.indices)
    spelled = [RELATIONS.get(text.casefold()) for text in encoded.dictionary.to_pylist()]
    known = np.array([relation is not None for relation in spelled], np.bool_)[codes] if len(codes) else np.empty(0, np.bool_)
    stated = (
        np.array([0 if relation is None else relation for relation in spelled], np.int8)[codes]
        if len(codes)
        else np.empty(0, np.int8)
    )
    flaws += [
        Flaw(int(block.rows[places[place]]), measure.relation, texts[int(place)].as_py(), "is no relation that is known")
        for place in np.flatnonzero(~known)
    ]
    return np.where(numbers.relations == Relation.EXACT, stated, numbers.relations).astype(np.int8), known


def _exponents(
    measure: Measure, block: Block, places: npt.NDArray[np.int64], numbers: Numbers, flaws: list[Flaw]
) -> tuple[_Floats, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """The exponent of each concentration (NaN of others), which numbers are pX, and which have a unit that is known."""
    size = len(places)
    own = ~np.isnan(numbers.exponents)
    united = np.ones(size, np.bool_)
    if measure.scale == PX:
        flaws += [
            Flaw(int(block.rows[places[place]]), measure.column, None, "states a unit among logarithms")
            for place in np.flatnonzero(own)
        ]
        return np.full(size, np.nan), np.ones(size, np.bool_), ~own
    if measure.in_cells:
        flaws += [
            Flaw(int(block.rows[places[place]]), measure.column, None, "states no unit, where other cells do")
            for place in np.flatnonzero(~own)
        ]
        return numbers.exponents, np.zeros(size, np.bool_), own
    if measure.unit is None:
        exponents = np.full(size, np.nan if measure.scale is None else float(measure.scale))
        return np.where(own, numbers.exponents, exponents), np.zeros(size, np.bool_), united
    units = pc.utf8_trim_whitespace(pc.fill_null(block.columns[measure.unit], "")).take(pa.array(places))
    encoded = units.dictionary_encode()
    codes = np.asarray(encoded.indices)
    scales = [scale_of(text) for text in encoded.dictionary.to_pylist()]
    exponents = (
        np.array([float(scale) if isinstance(scale, int) else np.nan for scale in scales] or [np.nan])[codes]
        if size
        else np.empty(0)
    )
    logarithmic = np.array([scale == PX for scale in scales] or [False])[codes] if size else np.empty(0, np.bool_)
    united = own | ~np.isnan(exponents) | logarithmic
    for place in np.flatnonzero(~united):
        unit = units[int(place)].as_py()
        reason = f"is no unit of concentration: known are {', '.join(UNITS)} and pX" if unit else "states no unit"
        flaws.append(Flaw(int(block.rows[places[place]]), measure.unit, unit or None, reason))
    return np.where(own, numbers.exponents, exponents), logarithmic & ~own, united
