"""Molecules: each SMILES is standardised and cut into fragments once, and compounds find the structure another file states."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import pyarrow as pa

from chemistry import Molecule, Unfragmentable, fragment
from trainer.tables.plan import FilePlan
from trainer.tables.records import MOLECULES, Kind

__all__ = ["cut", "join_structures"]

_Record = dict[str, Any]
_BATCH: Final = 2048


def cut(plans: Sequence[FilePlan], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Records with their molecules, for `mapInArrow`. The rows of a molecule that cannot be used become rejects.

    A structure that cannot be used stays as well, without a parent, so that its compound's measurements can say why they
    are rejected. Records with the same SMILES should be in one partition: a worker cuts each once.
    """
    known: dict[str, Molecule | str] = {}
    for batch in batches:
        yield from _batches(_cut(plans, batch.to_pylist(), known))


def join_structures(plans: Sequence[FilePlan], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Measurements with the molecules of their compounds, for `mapInArrow`; all records of a compound in one partition."""
    compounds: dict[str, list[_Record]] = defaultdict(list)
    for batch in batches:
        alone = []
        for record in batch.to_pylist():
            if record["kind"] == Kind.STRUCTURE or (record["kind"] == Kind.ACTIVITY and record["parent"] is None):
                compounds[record["compound"]].append(record)
            else:
                alone.append(record)
        yield from _batches(alone)
    yield from _batches(joined for records in compounds.values() for joined in _joined(plans, records))


def _cut(plans: Sequence[FilePlan], records: Sequence[_Record], known: dict[str, Molecule | str]) -> Iterator[_Record]:
    for record in records:
        smiles = record["smiles"]
        if smiles is None:
            yield record
            continue
        molecule = known.get(smiles)
        if molecule is None:
            molecule = known[smiles] = _molecule(smiles)
        if isinstance(molecule, str):
            yield from _rejects(record, plans[record["file"]].smiles, smiles, molecule)
            if record["kind"] == Kind.STRUCTURE:
                yield record
        else:
            yield {**record, "parent": molecule.parent, "scaffold": molecule.scaffold, "fragments": molecule.fragments}


def _molecule(smiles: str) -> Molecule | str:
    """The molecule, or the reason why it has no fragments."""
    try:
        return fragment(smiles)
    except Unfragmentable as error:
        return error.reason


def _joined(plans: Sequence[FilePlan], records: list[_Record]) -> Iterator[_Record]:
    """What becomes of all records of one compound."""
    records.sort(key=lambda record: (record["file"], record["first"]))
    structures = [record for record in records if record["kind"] == Kind.STRUCTURE]
    measurements = [record for record in records if record["kind"] == Kind.ACTIVITY]
    usable = [record for record in structures if record["parent"] is not None]
    chosen = usable[0] if usable else None
    for record in usable:
        plan = plans[record["file"]]
        if chosen is not None and record["parent"] != chosen["parent"]:
            reason = (
                f"is another molecule than row {chosen['first']} of {plans[chosen['file']].source.name} states for its compound"
            )
            yield from _rejects(record, plan.smiles, record["smiles"], reason)
        elif not measurements:
            yield from _rejects(record, plan.compound, record["compound"], "has no activity in any file")
        else:
            yield {**record, "kind": Kind.ACTIVITY, "cells": []}
    for record in measurements:
        if chosen is None:
            reason = "has no structure that can be used" if structures else "has no structure in any file"
            yield from _rejects(record, plans[record["file"]].compound, record["compound"], reason)
        else:
            yield {**record, **{name: chosen[name] for name in ("parent", "scaffold", "fragments")}}


def _rejects(record: _Record, column: str | None, value: str, reason: str) -> Iterator[_Record]:
    """The rows of a record as rejects."""
    for row in record["rows"]:
        yield {
            "kind": Kind.REJECT,
            "file": record["file"],
            "first": row,
            "rows": [row],
            "column": column,
            "value": value,
            "reason": reason,
            "count": 1,
        }


def _batches(records: Iterable[_Record]) -> Iterator[pa.RecordBatch]:
    waiting: list[_Record] = []
    for record in records:
        waiting.append(record)
        if len(waiting) == _BATCH:
            yield pa.RecordBatch.from_pylist(waiting, schema=MOLECULES)
            waiting = []
    if waiting:
        yield pa.RecordBatch.from_pylist(waiting, schema=MOLECULES)
