"""Melting: from the blocks of a file to records, with values as pX and everything that is wrong named by row and column."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer.spark.ingest import vocabulary
from trainer.spark.ingest.block import Block, Flaw
from trainer.spark.ingest.blocks import blocks
from trainer.spark.ingest.cells import read_numbers, stated
from trainer.spark.ingest.plan import FilePlan, Role
from trainer.spark.ingest.records import CELL, Kind, batch_of, lists_of

__all__ = ["melt_files"]

_LISTED: Final = 20
_Places = npt.NDArray[np.int64]


def melt_files(plans: Sequence[FilePlan], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The records of the files whose indices stand in the batches' column `file`; for `mapInArrow`."""
    for batch in batches:
        for index in batch.column("file").to_pylist():
            yield from _melt(plans[index])


def _melt(plan: FilePlan) -> Iterator[pa.RecordBatch]:
    """All records of a file. Of what stops the ingestion the first are listed and the others counted."""
    rows = flaws = 0
    melted = {Role.WIDE: _wide, Role.STRUCTURES: _structures, Role.LONG: _long, Role.MEASUREMENTS: _long}[plan.role]
    for block in blocks(plan):
        parts = melted(plan, block) if block.columns else _Parts()
        rows += len(block.rows)
        found = sorted([*block.flaws, *parts.flaws], key=lambda flaw: flaw.row or 0)
        if listed := found[: max(0, _LISTED - flaws)]:
            yield _offences(plan, listed)
        flaws += len(found)
        yield from parts.batches
    if flaws > _LISTED:
        yield batch_of(Kind.OFFENCE, plan.index, 1, count=[flaws - _LISTED])
    yield batch_of(Kind.FILE, plan.index, 1, count=[rows])


@dataclass
class _Parts:
    """What a block states."""

    batches: Sequence[pa.RecordBatch] = ()
    flaws: Sequence[Flaw] = ()


def _wide(plan: FilePlan, block: Block) -> _Parts:
    targets = (
        [name for name in block.columns if name not in {plan.smiles, plan.compound}] if plan.open_targets else plan.targets
    )
    flaws: list[Flaw] = []
    places, values, lengths = [], [], []
    for target in targets:
        numbers = read_numbers(block.columns[target], plan.allowed)
        flaws += (Flaw(int(block.rows[place]), target, text, reason) for place, text, reason in numbers.wrong)
        if plan.exponent is not None:
            flaws += _not_positive(block, target, numbers.places, numbers.values)
        places.append(numbers.places)
        values.append(_activity(numbers.values, plan.exponent))
        lengths.append(len(numbers.places))
    place = np.concatenate(places) if places else np.empty(0, np.int64)
    order = np.argsort(place, kind="stable")
    target_of = pa.array(targets, pa.string()).take(pa.array(np.repeat(np.arange(len(targets)), lengths)[order]))
    cells_of_row = np.bincount(place, minlength=len(block.rows))
    used = np.flatnonzero(cells_of_row)
    empty = np.flatnonzero(cells_of_row == 0)
    cells = _cells(target_of, np.concatenate(values)[order] if values else np.empty(0), cells_of_row[used])
    return _Parts(
        [
            _records(Kind.ACTIVITY, plan, block, used, np.ones(len(used), np.int64), cells),
            _rejects(plan, block, empty, None, [None] * len(empty), "states no activity"),
        ],
        flaws,
    )


def _structures(plan: FilePlan, block: Block) -> _Parts:
    places = np.arange(len(block.rows))
    named = stated(block.columns[str(plan.compound)])
    flaws = [Flaw(int(block.rows[place]), plan.compound, None, "names no compound") for place in places[~named]]
    return _Parts([_records(Kind.STRUCTURE, plan, block, places, np.ones(len(places), np.int64), None)], flaws)


def _long(plan: FilePlan, block: Block) -> _Parts:
    flaws: list[Flaw] = []
    batches = []
    kept = np.ones(len(block.rows), np.bool_)
    values = np.ones(len(block.rows))
    exponents = np.full(len(block.rows), np.nan if plan.exponent is None else plan.exponent)
    named = [name for name in (plan.target, plan.compound if plan.role is Role.MEASUREMENTS else None) if name is not None]
    for name in named:
        what = "target" if name == plan.target else "compound"
        missing = np.flatnonzero(~stated(block.columns[name]))
        flaws += (Flaw(int(block.rows[place]), name, None, f"names no {what}") for place in missing)
    if plan.value is not None:
        numbers = read_numbers(block.columns[plan.value], plan.allowed)
        flaws += (Flaw(int(block.rows[place]), plan.value, text, reason) for place, text, reason in numbers.wrong)
        empty = np.flatnonzero(~stated(block.columns[plan.value]))
        batches.append(_rejects(plan, block, empty, plan.value, [None] * len(empty), "states no value"))
        values[numbers.places] = numbers.values
        kept[:] = False
        kept[numbers.places] = True
    if plan.relation is not None:
        bounds, found = _bounds(plan.relation, block, kept)
        flaws += found
        texts = block.columns[plan.relation].take(pa.array(bounds)).to_pylist()
        batches.append(_rejects(plan, block, bounds, plan.relation, texts, "states a bound or a guess, not a value"))
        kept[bounds] = False
    if plan.unit is not None:
        exponents, found = _exponents(plan.unit, block, kept)
        flaws += found
    places = np.flatnonzero(kept)
    concentrations = places[~np.isnan(exponents[places])]
    if len(concentrations):
        flaws += _not_positive(block, str(plan.value), concentrations, values[concentrations])
        values[concentrations] = _activity(values[concentrations], exponents[concentrations])
    batches.append(_grouped(plan, block, places, values))
    return _Parts(batches, flaws)


def _grouped(plan: FilePlan, block: Block, places: _Places, values: npt.NDArray[np.float64]) -> pa.RecordBatch:
    """One record for each molecule text (and compound) among the rows at `places`."""
    keys = [block.columns[name] for name in (plan.smiles, plan.compound) if name is not None]
    codes = np.zeros(len(places), np.int64)
    for key in keys:
        encoded = pc.fill_null(key, "").take(pa.array(places)).dictionary_encode()
        codes = codes * (len(encoded.dictionary) + 1) + np.asarray(encoded.indices)
    order = np.argsort(codes, kind="stable")
    _, lengths = np.unique(codes[order], return_counts=True)
    ordered = places[order]
    targets = block.columns[str(plan.target)].take(pa.array(ordered))
    cells = _cells(pc.utf8_trim_whitespace(targets), values[ordered], lengths)
    return _records(Kind.ACTIVITY, plan, block, ordered, lengths, cells)


def _records(
    kind: Kind, plan: FilePlan, block: Block, places: _Places, lengths: npt.NDArray[np.int64], cells: pa.Array | None
) -> pa.RecordBatch:
    """One record for each run of `lengths` places, which share molecule and compound."""
    rows = block.rows[places]
    starts = np.cumsum(lengths) - lengths
    firsts = pa.array(places[starts])
    columns: dict[str, pa.Array] = {"first": pa.array(rows[starts]), "rows": lists_of(pa.array(rows), lengths)}
    if cells is not None:
        columns["cells"] = cells
    for field, name in (("smiles", plan.smiles), ("compound", plan.compound)):
        if name is not None:
            columns[field] = pc.utf8_trim_whitespace(pc.fill_null(block.columns[name].take(firsts), ""))
    return batch_of(kind, plan.index, len(lengths), **columns)


def _cells(targets: pa.Array, values: npt.NDArray[np.float64], lengths: npt.NDArray[np.int64]) -> pa.Array:
    structs = pa.StructArray.from_arrays([targets, pa.array(values, pa.float64())], fields=list(CELL))
    return lists_of(structs, lengths)


def _rejects(
    plan: FilePlan, block: Block, places: _Places, column: str | None, values: Sequence[str | None], reason: str
) -> pa.RecordBatch:
    rows = block.rows[places]
    many = len(rows)
    lists = lists_of(pa.array(rows), np.ones(many, np.int64))
    return batch_of(
        Kind.REJECT,
        plan.index,
        many,
        first=pa.array(rows),
        rows=lists,
        column=[column] * many,
        value=values,
        reason=[reason] * many,
    )


def _offences(plan: FilePlan, flaws: Sequence[Flaw]) -> pa.RecordBatch:
    return batch_of(
        Kind.OFFENCE,
        plan.index,
        len(flaws),
        first=[flaw.row for flaw in flaws],
        column=[flaw.column for flaw in flaws],
        value=[flaw.value for flaw in flaws],
        reason=[flaw.reason for flaw in flaws],
    )


def _bounds(column: str, block: Block, kept: npt.NDArray[np.bool_]) -> tuple[_Places, list[Flaw]]:
    """Places of rows whose relation is a bound, and relations that are unknown."""
    relations = pc.utf8_trim_whitespace(pc.fill_null(block.columns[column], ""))
    exact = np.asarray(pc.is_in(relations, pa.array(vocabulary.EXACT)))
    bound = np.asarray(pc.is_in(relations, pa.array(vocabulary.BOUNDS)))
    unknown = np.flatnonzero(kept & ~exact & ~bound)
    flaws = [
        Flaw(int(block.rows[place]), column, relations[place].as_py(), "is no relation that is known") for place in unknown
    ]
    return np.flatnonzero(kept & bound), flaws


def _exponents(column: str, block: Block, kept: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.float64], list[Flaw]]:
    """Of each row's unit, NaN where the row is left out; and units that are unknown."""
    units = pc.utf8_trim_whitespace(pc.fill_null(block.columns[column], ""))
    found = pc.index_in(units, pa.array(list(vocabulary.EXPONENTS)))
    known = np.asarray(found.is_valid())
    exponents = np.full(len(units), np.nan)
    exponents[known] = np.array(list(vocabulary.EXPONENTS.values()))[np.asarray(found.drop_null())]
    flaws = []
    for place in np.flatnonzero(kept & ~known):
        unit = units[place].as_py()
        reason = f"is no unit of concentration: known are {', '.join(vocabulary.EXPONENTS)}" if unit else "states no unit"
        flaws.append(Flaw(int(block.rows[place]), column, unit or None, reason))
    return exponents, flaws


def _not_positive(block: Block, column: str, places: _Places, values: npt.NDArray[np.float64]) -> Iterator[Flaw]:
    for place, value in zip(places[values <= 0], values[values <= 0], strict=True):
        yield Flaw(int(block.rows[place]), column, f"{value:g}", "is no concentration")


def _activity(values: npt.NDArray[np.float64], exponents: npt.NDArray[np.float64] | int | None) -> npt.NDArray[np.float64]:
    """PX of concentrations; values that are pX already stay."""
    if exponents is None:
        return values
    return exponents - np.log10(np.where(values > 0, values, 1))
