"""Melting: from the blocks of a file to records, with values as pX and everything that is wrong named by row and column."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from chemistry.notation import name_of
from trainer.tables.block import Block, Flaw
from trainer.tables.blocks import Wanted, blocks
from trainer.tables.cells import stated
from trainer.tables.measuring import Measured, measured
from trainer.tables.plan import FilePlan, Measure, Role
from trainer.tables.records import CELL, Kind, batch_of, lists_of
from trainer.tables.targets import Targets

__all__ = ["melt_file", "melt_files"]

_LISTED: Final = 20
_Places = npt.NDArray[np.int64]


def melt_files(plans: Sequence[FilePlan], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The records of the files whose indices stand in the batches' column `file`; for `mapInArrow`."""
    for batch in batches:
        for index in batch.column("file").to_pylist():
            yield from melt_file(plans[index])


def melt_file(plan: FilePlan, *, limit: int | None = None) -> Iterator[pa.RecordBatch]:
    """All records of a file, or of its first blocks up to a `limit` of rows.

    Of what stops the ingestion the first are listed and the others counted; where it is to be skipped, it is all rejects.
    """
    rows = flaws = 0
    wanted = Wanted(
        plan.columns,
        frozenset(plan.columns) - plan.texts,
        open_fields=plan.open_targets,
        watched=plan.role in {Role.LONG, Role.MEASUREMENTS},
    )
    for block in blocks(plan.source, wanted):
        melted = _structures(plan, block) if plan.role is Role.STRUCTURES else _activities(plan, block)
        whole = [*block.flaws, *melted.whole]
        fatal = [flaw for flaw in whole if flaw.row is None or not plan.skip]
        if not plan.skip:
            fatal += melted.cells
        else:
            unread = {flaw.row for flaw in block.flaws if flaw.row is not None}
            rows += len(unread - {int(row) for row in block.rows})
            yield _rejects(plan, [flaw for flaw in whole if flaw.row is not None], melted.cells, melted.used)
        rows += len(block.rows)
        found = sorted(fatal, key=lambda flaw: flaw.row or 0)
        if listed := found[: max(0, _LISTED - flaws)]:
            yield _offences(plan, listed)
        flaws += len(found)
        yield _rejects(plan, melted.silent, (), frozenset())
        yield from melted.batches
        if limit is not None and rows >= limit:
            break
    if flaws > _LISTED:
        yield batch_of(Kind.OFFENCE, plan.index, 1, count=[flaws - _LISTED])
    yield batch_of(Kind.FILE, plan.index, 1, count=[rows])


@dataclass
class _Melted:
    """What a block states."""

    batches: Sequence[pa.RecordBatch] = ()
    whole: Sequence[Flaw] = ()
    """What is wrong with rows of which nothing is used."""
    cells: Sequence[Flaw] = ()
    """What is wrong with cells."""
    silent: Sequence[Flaw] = ()
    """Rows that state nothing: left out and told whatever is asked."""
    used: frozenset[int] = frozenset()
    """Rows of which something is used."""


def _structures(plan: FilePlan, block: Block) -> _Melted:
    if not block.columns:
        return _Melted()
    places = np.arange(len(block.rows))
    named = stated(block.columns[str(plan.compound)])
    flaws = [Flaw(int(block.rows[place]), plan.compound, None, "names no compound") for place in places[~named]]
    kept = places[named] if plan.skip else places
    ones = np.ones(len(kept), np.int64)
    return _Melted([_records(Kind.STRUCTURE, plan, block, kept, ones, ones, None)], flaws)


def _activities(plan: FilePlan, block: Block) -> _Melted:
    """Rows with all that their measures state."""
    if not block.columns:
        return _Melted()
    size = len(block.rows)
    open_rows = np.ones(size, np.bool_)
    whole: list[Flaw] = []
    silent: list[Flaw] = []
    for name, what in ((plan.compound, "compound"),) if plan.role is Role.MEASUREMENTS else ():
        missing = np.flatnonzero(~stated(block.columns[str(name)]))
        whole += [Flaw(int(block.rows[place]), name, None, f"names no {what}") for place in missing]
        open_rows[missing] = False
    targets = Targets.of(plan, block)
    for place in np.flatnonzero(~targets.named):
        whole.append(Flaw(int(block.rows[place]), plan.target, None, "names no target"))
    open_rows &= targets.named
    for place in np.flatnonzero(open_rows & ~targets.asked):
        asked = ", ".join(plan.endpoints)
        silent.append(
            Flaw(int(block.rows[place]), plan.endpoint, targets.endpoint_at(int(place)), f"is another endpoint than {asked}")
        )
    open_rows &= targets.asked
    found: list[tuple[Measured, pa.Array]] = []
    cells: list[Flaw] = []
    tried = np.zeros(size, np.bool_)
    taken: dict[int, npt.NDArray[np.bool_]] = {}
    for measure in _measures(plan, block):
        group = taken.setdefault(measure.group, np.zeros(size, np.bool_))
        one = measured(plan, measure, block, open_rows & ~group)
        group[one.places] = True
        tried |= np.isin(block.rows, np.array([flaw.row for flaw in one.flaws], np.int64))
        cells += one.flaws
        found.append((one, targets.series(measure, one.places)))
    places = np.concatenate([one.places for one, _ in found]) if found else np.empty(0, np.int64)
    stating = np.zeros(size, np.bool_)
    stating[places] = True
    column = plan.measures[0].column if plan.role is not Role.WIDE and plan.measures else None
    reason = "states no activity" if column is None else "states no value"
    silent += [Flaw(int(row), column, None, reason) for row in block.rows[open_rows & ~stating & ~tried]]
    used = frozenset(block.rows[stating].tolist())
    return _Melted([_gathered(plan, block, places, found)], whole, cells, silent, used)


def _measures(plan: FilePlan, block: Block) -> list[Measure]:
    """The measures of a plan, and in an open table also those of fields that came later."""
    if not plan.open_targets:
        return list(plan.measures)
    known = {*plan.source.columns, *plan.columns}
    later = [name for name in block.columns if name not in known]
    return [*plan.measures, *(Measure(name, name, group=1_000_000 + place) for place, name in enumerate(later))]


def _gathered(plan: FilePlan, block: Block, place: _Places, found: Sequence[tuple[Measured, pa.Array]]) -> pa.RecordBatch:
    """One record for each molecule text (and compound), with the cells of all its rows in their order."""
    order = np.argsort(place, kind="stable")
    values = np.concatenate([one.values for one, _ in found])[order] if found else np.empty(0)
    relations = np.concatenate([one.relations for one, _ in found])[order] if found else np.empty(0, np.int8)
    texts = (
        pa.chunked_array([series for _, series in found], pa.string()).combine_chunks() if found else pa.array([], pa.string())
    )
    place = place[order]
    rows, cell_of_row = np.unique(place, return_inverse=True)
    codes = np.zeros(len(rows), np.int64) if plan.role is not Role.WIDE else np.arange(len(rows))
    for key in (
        block.columns[name] for name in (plan.smiles, plan.compound) if name is not None and plan.role is not Role.WIDE
    ):
        encoded = pc.fill_null(key, "").take(pa.array(rows)).dictionary_encode()
        codes = codes * (len(encoded.dictionary) + 1) + np.asarray(encoded.indices)
    row_order = np.argsort(codes, kind="stable")
    _, firsts, lengths = np.unique(codes[row_order], return_index=True, return_counts=True)
    del firsts
    rank = np.empty(len(rows), np.int64)
    rank[row_order] = np.arange(len(rows))
    cell_order = np.argsort(rank[cell_of_row], kind="stable")
    cells_of = np.bincount(rank[cell_of_row], minlength=len(rows))
    starts = np.cumsum(lengths) - lengths
    cell_lengths = np.add.reduceat(cells_of, starts) if len(starts) else np.empty(0, np.int64)
    structs = pa.StructArray.from_arrays(
        [
            texts.take(pa.array(order[cell_order])),
            pa.array(values[cell_order], pa.float64()),
            pa.array(relations[cell_order], pa.int8()),
            pa.array(block.rows[place[cell_order]], pa.int64()),
        ],
        fields=list(CELL),
    )
    return _records(Kind.ACTIVITY, plan, block, rows[row_order], lengths, cell_lengths, structs)


def _records(
    kind: Kind,
    plan: FilePlan,
    block: Block,
    places: _Places,
    lengths: npt.NDArray[np.int64],
    cell_lengths: npt.NDArray[np.int64],
    cells: pa.Array | None,
) -> pa.RecordBatch:
    """One record for each run of `lengths` places, which share molecule and compound."""
    rows = block.rows[places]
    starts = np.cumsum(lengths) - lengths
    firsts = pa.array(places[starts])
    columns: dict[str, pa.Array] = {"first": pa.array(rows[starts]), "rows": lists_of(pa.array(rows), lengths)}
    if cells is not None:
        columns["cells"] = lists_of(cells, cell_lengths)
    for field, name in (("smiles", plan.smiles), ("compound", plan.compound)):
        if name is not None:
            columns[field] = pc.utf8_trim_whitespace(pc.fill_null(block.columns[name].take(firsts), ""))
    if plan.smiles is not None and plan.compound is None and len(lengths):
        columns["compound"] = _names(columns["smiles"])
    return batch_of(kind, plan.index, len(lengths), **columns)


def _names(molecules: pa.Array) -> pa.Array:
    """Names that stand behind the SMILES, where a table has no other."""
    if not pc.any(pc.match_substring_regex(molecules, r"\s")).as_py():
        return pa.array([""] * len(molecules), pa.string())
    return pa.array([name_of(text) for text in molecules.to_pylist()], pa.string())


def _rejects(plan: FilePlan, whole: Sequence[Flaw], cells: Sequence[Flaw], used: frozenset[int]) -> pa.RecordBatch:
    """Flaws as rejects; each row of which nothing is used is counted once."""
    counted: set[int] = set(used)
    flaws, counts = [], []
    for flaw in sorted([*whole, *cells], key=lambda flaw: flaw.row or 0):
        row = flaw.row or 0
        flaws.append(flaw)
        counts.append(int(row not in counted))
        counted.add(row)
    rows = pa.array([flaw.row for flaw in flaws], pa.int64())
    return batch_of(
        Kind.REJECT,
        plan.index,
        len(flaws),
        first=rows,
        rows=lists_of(rows, np.ones(len(flaws), np.int64)),
        column=[flaw.column for flaw in flaws],
        value=[flaw.value for flaw in flaws],
        reason=[flaw.reason for flaw in flaws],
        count=counts,
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
