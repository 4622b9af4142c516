"""molecules: each SMILES is cut once, and what cannot be used is rejected row by row with the reason."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from chemistry import fragment
from trainer.spark.ingest.molecules import cut, join_structures
from trainer.tables.plan import FilePlan, Role
from trainer.tables.records import MOLECULES, RECORDS, Kind
from trainer.tables.source import Format, SourceFile

Record = dict[str, Any]

STRUCTURES = FilePlan(0, SourceFile("s.csv", "s.csv", Format.CSV, ("id", "smiles")), Role.STRUCTURES)
PLANS = [
    FilePlan(0, STRUCTURES.source, Role.STRUCTURES, smiles="smiles", compound="id"),
    FilePlan(1, SourceFile("m.csv", "m.csv", Format.CSV, ("id", "t")), Role.MEASUREMENTS, compound="id"),
]


def structure(row: int, compound: str, smiles: str) -> Record:
    return {"kind": Kind.STRUCTURE, "file": 0, "first": row, "rows": [row], "compound": compound, "smiles": smiles}


def measurement(row: int, compound: str, target: str = "T") -> Record:
    cells = [{"target": target, "value": 1.0}]
    return {"kind": Kind.ACTIVITY, "file": 1, "first": row, "rows": [row], "compound": compound, "cells": cells}


def molecule(row: int, smiles: str) -> Record:
    cells = [{"target": "T", "value": 1.0}]
    return {"kind": Kind.ACTIVITY, "file": 0, "first": row, "rows": [row, row + 1], "smiles": smiles, "cells": cells}


def run(records: list[Record], *, joined: bool = True) -> list[Record]:
    batches: Iterable[pa.RecordBatch] = cut(PLANS, [pa.RecordBatch.from_pylist(records, schema=RECORDS)])
    if joined:
        batches = join_structures(PLANS, batches)
    out = list(batches)
    assert all(batch.schema.equals(MOLECULES) for batch in out)
    return [record for batch in out for record in batch.to_pylist()]


def rejects(records: list[Record]) -> list[tuple[int, int, str, str, str]]:
    return [
        (record["file"], record["first"], record["column"], record["value"], record["reason"])
        for record in records
        if record["kind"] == Kind.REJECT
    ]


def test_a_molecule_is_standardised_and_cut() -> None:
    (record,) = run([molecule(1, "OC(=O)c1ccccc1.[Na+]")], joined=False)
    expected = fragment("OC(=O)c1ccccc1.[Na+]")
    assert (record["parent"], record["scaffold"]) == (expected.parent, expected.scaffold)
    assert record["fragments"] == list(expected.fragments)
    assert record["rows"] == [1, 2]


def test_each_row_of_a_molecule_that_cannot_be_parsed_is_rejected() -> None:
    found = run([molecule(1, "C1CC"), molecule(3, "CCO")], joined=False)
    assert [(row, column, value) for _, row, column, value, _ in rejects(found)] == [
        (1, "smiles", "C1CC"),
        (2, "smiles", "C1CC"),
    ]
    assert [record["parent"] for record in found if record["kind"] == Kind.ACTIVITY] == ["CCO"]


def test_measurements_find_the_structure_of_their_compound() -> None:
    found = run([measurement(1, "a"), structure(1, "a", "CCO"), measurement(2, "a", "U")])
    assert rejects(found) == []
    assert {(record["file"], record["first"], record["parent"]) for record in found} == {
        (0, 1, "CCO"),
        (1, 1, "CCO"),
        (1, 2, "CCO"),
    }
    assert all(record["fragments"] == list(fragment("CCO").fragments) for record in found)


def test_a_compound_without_structure_is_rejected_with_its_measurements() -> None:
    assert rejects(run([measurement(7, "ghost")])) == [(1, 7, "id", "ghost", "has no structure in any file")]


def test_measurements_of_a_compound_whose_structure_is_broken_are_rejected_too() -> None:
    found = rejects(run([structure(1, "a", "C1CC"), measurement(2, "a")]))
    assert [(file, row) for file, row, *_ in found] == [(0, 1), (1, 2)]
    assert found[1][-1] == "has no structure that can be used"


def test_a_structure_that_nothing_was_measured_for_is_rejected() -> None:
    assert rejects(run([structure(1, "a", "CCO")])) == [(0, 1, "id", "a", "has no activity in any file")]


def test_another_structure_of_the_same_compound_is_rejected_unless_it_is_the_same_molecule() -> None:
    found = run([structure(3, "a", "CCN"), structure(2, "a", "C(O)C"), structure(1, "a", "CCO"), measurement(1, "a")])
    assert rejects(found) == [(0, 3, "smiles", "CCN", "is another molecule than row 1 of s.csv states for its compound")]
    assert {record["parent"] for record in found if record["kind"] == Kind.ACTIVITY} == {"CCO"}
    assert sum(len(record["rows"]) for record in found) == 4
