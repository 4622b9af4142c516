"""melting: rows become cells with exact row numbers, and every flaw is named by row, column and value."""

import bz2
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainer.data.offences import InvalidData
from trainer.runs.ingest import IngestOptions
from trainer.tables import unpacking
from trainer.tables.cells import Relation
from trainer.tables.files import find_files
from trainer.tables.melting import melt_files
from trainer.tables.planning import plan_files
from trainer.tables.records import RECORDS, Kind
from trainer.tables.series import Series

Record = dict[str, Any]
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "zst": lambda data: bytes(pa.compress(data, "zstd", asbytes=True)),
}


def melt(*paths: Path, **options: Any) -> list[Record]:
    plans = plan_files(find_files(paths), IngestOptions(**options))
    tasks = pa.RecordBatch.from_pydict({"file": list(range(len(plans)))})
    batches = list(melt_files(plans, [tasks]))
    assert all(batch.schema.equals(RECORDS) for batch in batches)
    return [record for batch in batches for record in batch.to_pylist()]


def written(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def cells(records: list[Record]) -> dict[tuple[Any, ...], dict[str, float]]:
    """SMILES and rows -> target -> value."""
    return {
        (record["smiles"], *record["rows"]): {
            Series.read(cell["target"]).target: cell["value"] for cell in record["cells"] if cell["relation"] == Relation.EXACT
        }
        for record in records
        if record["kind"] == Kind.ACTIVITY
    }


def flaws(records: list[Record], kind: Kind = Kind.OFFENCE) -> list[tuple[int | None, str | None, str | None, str]]:
    return [
        (record["first"], record["column"], record["value"], record["reason"]) for record in records if record["kind"] == kind
    ]


def rows_read(records: list[Record]) -> int:
    return sum(record["count"] for record in records if record["kind"] == Kind.FILE)


WIDE = "smiles,mol_id,T1,T2\nCC,a,5.5,\nCCC,b,, 6e0 \nCCCC,c,,\n"


def test_empty_cells_of_a_wide_table_were_not_measured(tmp_path: Path) -> None:
    records = melt(written(tmp_path / "a.csv", WIDE))
    assert cells(records) == {("CC", 1): {"T1": 5.5}, ("CCC", 2): {"T2": 6.0}}
    assert flaws(records, Kind.REJECT) == [(3, None, None, "states no activity")]
    assert [record["compound"] for record in records if record["kind"] == Kind.ACTIVITY] == ["a", "b"]
    assert rows_read(records) == 3


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".csv.bz2", ".csv.zst", ".parquet", ".jsonl", ".jsonl.gz"])
def test_every_format_states_the_same(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    objects = [{"smiles": "CC", "T1": 5.5}, {"smiles": "CCC", "T2": 6}, {"smiles": "CCCC", "T1": None}]
    if suffix == ".parquet":
        pq.write_table(pa.table({"smiles": ["CC", "CCC", "CCCC"], "T1": [5.5, None, None], "T2": [None, 6, None]}), path)
    else:
        text = "\n".join(map(json.dumps, objects)) if "json" in suffix else "smiles,T1,T2\nCC,5.5,\nCCC,,6\nCCCC,,\n"
        path.write_bytes(PACKED.get(suffix.rsplit(".", 1)[1], bytes)(text.encode()))
    records = melt(path)
    assert cells(records) == {("CC", 1): {"T1": 5.5}, ("CCC", 2): {"T2": 6.0}}
    assert flaws(records, Kind.REJECT) == [(3, None, None, "states no activity")]
    assert rows_read(records) == 3


def test_rows_keep_their_numbers_across_ragged_rows_quoted_breaks_and_blank_lines(tmp_path: Path) -> None:
    text = 'smiles,name,T1\nC,"two\nlines",1\n\nCC,b\nCCC,c,3,4\nCCCC,"d\n\n",5\nCCCCC,e,x\n'
    records = melt(written(tmp_path / "a.csv", text))
    assert cells(records) == {("C", 1): {"T1": 1.0}, ("CCCC", 4): {"T1": 5.0}}
    assert flaws(records) == [
        (2, None, "CC,b", "has 2 values where there are 3 columns"),
        (3, None, "CCC,c,3,4", "has 4 values where there are 3 columns"),
        (5, "T1", "x", "is not a number"),
    ]


def test_rows_keep_their_numbers_across_blocks(tmp_path: Path) -> None:
    lines = [f"C{'C' * 200},{index + 0.5}" if index % 1000 else f"ragged {index}" for index in range(1, 60_001)]
    records = melt(written(tmp_path / "a.csv", "smiles,T1\n" + "\n".join(lines) + "\n"))
    found = {row: cell for (_, row), cell in cells(records).items()}
    assert len(found) == 60_000 - 60
    assert all(cell["T1"] == row + 0.5 for row, cell in found.items())
    listed = [row for row, _, _, reason in flaws(records) if reason]
    assert listed == [1000 * index for index in range(1, 21)]
    assert [record["count"] for record in records if record["kind"] == Kind.OFFENCE and record["reason"] is None] == [40]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("abc", "is not a number"),
        ("1,5", "is not a number"),
        ("0x10", "is not a number"),
        ("1_000", "is not a number"),
        ("inf", "is not a finite number"),
        ("-Infinity", "is not a finite number"),
        ("1e400", "is not a finite number"),
        ("1e10", "is beyond ±1,000,000,000: no activity is that large"),
        ("true", "is not a number"),
    ],
)
def test_a_cell_that_is_no_number_is_named(tmp_path: Path, text: str, reason: str) -> None:
    records = melt(written(tmp_path / "a.csv", f'smiles,T1,T2\nC,1,2\nCC,1,2\nCCC,1,"{text}"\n'))
    assert flaws(records) == [(3, "T2", text, reason)]


@pytest.mark.parametrize("text", ["5", "+5", " 5.0 ", "5.", ".5e1", "5E0", "50e-1"])
def test_numbers_may_be_written_in_many_ways(tmp_path: Path, text: str) -> None:
    assert cells(melt(written(tmp_path / "a.csv", f"smiles,T1\nC,{text}\nCC,x\n")))["C", 1] == {"T1": 5.0}
    assert cells(melt(written(tmp_path / "b.csv", f"smiles,T1\nC,{text}\n")))["C", 1] == {"T1": 5.0}


def test_pandas_writes_nan_for_what_was_not_measured(tmp_path: Path) -> None:
    pq.write_table(pa.table({"smiles": ["C", "CC"], "T1": [1.0, float("nan")]}), tmp_path / "a.parquet")
    records = melt(tmp_path / "a.parquet")
    assert cells(records) == {("C", 1): {"T1": 1.0}}
    assert flaws(records, Kind.REJECT) == [(2, None, None, "states no activity")]


def test_values_that_a_kind_does_not_know_are_named(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "smiles,T1\nC,1\nCC,0.5\n")
    reason = "is none of the values this kind of activity knows: 0, 1"
    assert flaws(melt(path, activity_kind="binary")) == [(2, "T1", "0.5", reason)]


LONG = "smiles,compound,target,relation,value,unit\n"


def test_rows_of_a_long_table_are_gathered_by_molecule(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "smiles,target,pIC50\nC,T1,5\nCC,T1,6\nC,T2,7\n")
    assert cells(melt(path)) == {("C", 1, 3): {"T1": 5.0, "T2": 7.0}, ("CC", 2): {"T1": 6.0}}


def test_concentrations_become_logarithmic_by_their_units(tmp_path: Path) -> None:
    rows = ["C,a,T1,=,1,nM", "C,a,T2,,10,uM", "C,a,T3,=,0.1,mM", "C,a,T4,=,1000,pM", "C,a,T5,=,2e-6,M", "C,a,T6,=,1,µM"]
    (found,) = cells(melt(written(tmp_path / "a.csv", LONG + "\n".join(rows)))).values()
    assert found == pytest.approx({"T1": 9, "T2": 5, "T3": 4, "T4": 9, "T5": 5.69897, "T6": 6})


def test_the_unit_of_all_values_is_applied_to_wide_tables_too(tmp_path: Path) -> None:
    records = melt(written(tmp_path / "a.csv", "smiles,T1,T2\nC,100,\nCC,,1000\n"), unit="nM")
    assert cells(records) == {("C", 1): {"T1": pytest.approx(7)}, ("CC", 2): {"T2": pytest.approx(6)}}


@pytest.mark.parametrize(
    ("relation", "kept"),
    [
        ("<", Relation.ABOVE),
        (">", Relation.BELOW),
        ("'>'", Relation.BELOW),
        (">>", Relation.BELOW),
        ("<=", Relation.ABOVE),
        ("≥", Relation.BELOW),
        ("~", Relation.ABOUT),
    ],
)
def test_a_bound_of_a_concentration_bounds_px_from_the_other_side(tmp_path: Path, relation: str, kept: Relation) -> None:
    records = melt(written(tmp_path / "a.csv", f"{LONG}C,a,T1,=,1,nM\nC,a,T2,{relation},1,nM\n"))
    assert cells(records) == {("C", 1, 2): {"T1": 9.0}}
    stated = {
        Series.read(cell["target"]).target: (cell["value"], cell["relation"])
        for record in records
        for cell in record["cells"] or []
    }
    assert stated["T2"] == (9.0, kept)
    assert flaws(records) == flaws(records, Kind.REJECT) == []


def test_a_row_without_a_value_is_left_out_and_told(tmp_path: Path) -> None:
    records = melt(written(tmp_path / "a.csv", f"{LONG}C,a,T1,=,1,nM\nC,a,T2,=,,\n"))
    assert flaws(records, Kind.REJECT) == [(2, "value", None, "states no value")]
    assert flaws(records) == []


@pytest.mark.parametrize(
    ("row", "flaw"),
    [
        ("C,a,T1,?,1,nM", ("relation", "?", "is no relation that is known")),
        ("C,a,T1,=,1,", ("unit", None, "states no unit")),
        ("C,a,T1,=,0,nM", ("value", "0", "is no concentration")),
        ("C,a,T1,=,-3,nM", ("value", "-3", "is no concentration")),
        ("C,a,,=,3,nM", ("target", None, "names no target")),
        ("C,a,T1,=,x,nM", ("value", "x", "is not a number")),
    ],
)
def test_what_is_wrong_in_a_long_row_is_named(tmp_path: Path, row: str, flaw: tuple[str, str | None, str]) -> None:
    records = melt(written(tmp_path / "a.csv", f"{LONG}C,a,T1,=,1,nM\n{row}\n"))
    assert flaws(records) == [(2, *flaw)]


def test_an_unknown_unit_is_named_with_the_known_ones(tmp_path: Path) -> None:
    ((row, column, value, reason),) = flaws(melt(written(tmp_path / "a.csv", f"{LONG}C,a,T1,=,1,ug/mL\n")))
    assert (row, column, value) == (1, "unit", "ug/mL")
    assert reason == "is no unit of concentration: known are M, mM, uM, nM, pM, fM and pX"


def test_rows_of_compounds_are_handed_on_for_their_structures(tmp_path: Path) -> None:
    structures = written(tmp_path / "s.tsv", "chemical_id\tSMILES\nz1\tCC\nz2\t\n")
    measurements = written(tmp_path / "m.tsv", "Chem_ID\tGene_name\nz1\tG1\nz1\tG2\n")
    records = melt(structures, measurements)
    assert [(record["kind"], record["compound"], record["smiles"], record["rows"]) for record in records if record["rows"]] == [
        (Kind.STRUCTURE, "z1", "CC", [1]),
        (Kind.STRUCTURE, "z2", "", [2]),
        (Kind.ACTIVITY, "z1", None, [1, 2]),
    ]
    assert cells(records) == {(None, 1, 2): {"G1": 1.0, "G2": 1.0}}
    assert rows_read(records) == 4


def test_a_measurement_of_no_compound_is_named(tmp_path: Path) -> None:
    structures = written(tmp_path / "s.tsv", "id\tSMILES\nz1\tCC\n\tC\n")
    measurements = written(tmp_path / "m.tsv", "id\ttarget\n\tG1\n")
    assert flaws(melt(structures, measurements)) == [
        (2, "id", None, "names no compound"),
        (1, "id", None, "names no compound"),
    ]


@pytest.mark.parametrize(
    ("line", "flaw"),
    [
        ('{"smiles": "C", "T1": 1', (2, None, "", "is not JSON: Expecting ',' delimiter at column 24")),
        ('["C", 1]', (2, None, '["C", 1]', "is no JSON object")),
        ('{"smiles": "C", "T1": 1, "T1": 2}', (2, "T1", None, "stands there twice: a field has one value")),
        ('{"smiles": "C", "T1": [1]}', (2, "T1", '["1"]', "is neither a text nor a number")),
        ('{"smiles": "C", "T1": "x"}', (2, "T1", "x", "is not a number")),
    ],
)
def test_what_is_wrong_in_a_json_line_is_named(tmp_path: Path, line: str, flaw: tuple[Any, ...]) -> None:
    assert flaws(melt(written(tmp_path / "a.jsonl", f'{{"smiles": "CC", "T1": 1}}\n{line}\n'))) == [flaw]


def test_a_relation_that_the_first_object_lacks_is_not_overlooked(tmp_path: Path) -> None:
    lines = '{"smiles": "C", "target": "T", "pIC50": 5}\n{"smiles": "C", "target": "T", "pIC50": 5, "relation": ">"}\n'
    assert flaws(melt(written(tmp_path / "a.jsonl", lines))) == [
        (2, "relation", None, "is a field that the first object lacks: name it with an option")
    ]


def test_text_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"smiles,T1\nC,1\nCC\x81,2\n")
    assert flaws(melt(tmp_path / "a.csv")) == [(2, "smiles", None, "is not UTF-8: save the file as CSV UTF-8")]
    skipped = melt(tmp_path / "a.csv", on_error="skip")
    assert cells(skipped) == {("C", 1): {"T1": 1.0}}
    assert rows_read(skipped) == 2
    (tmp_path / "a.jsonl").write_bytes(b'{"smiles": "C", "T1": 1}\n{"smiles": "C\xff", "T1": 1}\n')
    assert flaws(melt(tmp_path / "a.jsonl")) == [(2, None, None, "is not UTF-8")]
    latin = pa.array([b"C", b"C\xb5", None], pa.binary())
    smiles = pa.Array.from_buffers(pa.string(), len(latin), latin.buffers())
    pq.write_table(pa.table({"smiles": smiles, "T1": [1.0, 2.0, 3.0]}), tmp_path / "a.parquet")
    assert flaws(melt(tmp_path / "a.parquet"))[0] == (2, "smiles", None, "is not UTF-8")
    assert cells(melt(tmp_path / "a.parquet", on_error="skip")) == {("C", 1): {"T1": 1.0}, ("", 3): {"T1": 3.0}}


def test_what_excel_writes_on_windows_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("SMILES;Name;IC50 (µM) Kinase\nCCO;naïve “ligand”;0,5\nCCN;x;5,0\n".encode("cp1252"))
    told = melt(tmp_path / "a.csv")
    assert cells(told) == {("CCO", 1): {"Kinase": pytest.approx(6.30103)}, ("CCN", 2): {"Kinase": pytest.approx(5.30103)}}


@pytest.mark.parametrize("damaged", [b"smiles,T1\nC,1\nC\xc2\xb5\xb5,2.5\n", b"smiles,T1\nC,1\nC\x90\x81,2.5\n"])
def test_damaged_text_is_not_taken_for_another_encoding(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(damaged)
    assert [reason for _, _, _, reason in flaws(melt(tmp_path / "a.csv"))] == ["is not UTF-8: save the file as CSV UTF-8"]


def test_thousands_may_be_set_apart(tmp_path: Path) -> None:
    text = 'smiles,target,IC50 (nM)\nC,T,"12,500"\nCC,T,">1,000,000.0"\nCCC,T,350\n'
    told = melt(written(tmp_path / "a.csv", text))
    assert cells(told)["C", 1] == {"T": pytest.approx(4.90309)}
    assert cells(told)["CCC", 3] == {"T": pytest.approx(6.455932)}
    continental = "smiles;target;IC50 (nM)\nC;T;12.500,0\nCCC;T;350,5\n"
    assert cells(melt(written(tmp_path / "b.csv", continental)))["C", 1] == {"T": pytest.approx(4.90309)}
    no_group = 'smiles,target,IC50 (nM)\nC,T,"12,50"\nCC,T,7\n'
    assert flaws(melt(written(tmp_path / "c.csv", no_group))) == [(1, "IC50 (nM)", "12,50", "is not a number")]


@pytest.mark.slow
def test_a_file_that_breaks_off_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"C,{index * index % 99991}\n" for index in range(100_000))
    whole = gzip.compress(("smiles,T1\n" + 25 * rows).encode(), 1)
    (tmp_path / "a.csv.gz").write_bytes(whole[:-1000])
    with pytest.raises(InvalidData, match="cannot be read: Truncated compressed stream"):
        find_files([tmp_path / "a.csv.gz"])
    monkeypatch.setattr(unpacking, "_COUNTED_BYTES", 0)  # a larger one is read to its end once, and told then
    ((row, column, value, reason),) = flaws(melt(tmp_path / "a.csv.gz"))
    assert (row, column, value) == (None, None, None)
    assert reason == "cannot be read: Truncated compressed stream"


def test_a_row_that_does_not_end_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'smiles,T1\nC,1\n"CC,2\n' + "CCC,3\n" * 1_500_000)
    assert flaws(melt(path)) == [(None, None, None, "has a row of more than 4,194,304 bytes, or a quote that is never closed")]


def test_a_file_that_is_gone_is_told_without_its_place(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", WIDE)
    plans = plan_files(find_files([path]), IngestOptions())
    path.unlink()
    batches = melt_files(plans, [pa.RecordBatch.from_pydict({"file": [0]})])
    records = [record for batch in batches for record in batch.to_pylist()]
    assert flaws(records) == [(None, None, None, "cannot be read: No such file or directory")]


def test_a_quote_that_is_never_closed_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'smiles,T1\nC,1\n"CC,2\nCCC,3\n')
    assert flaws(melt(path)) == [(2, None, '"CC,2\nCCC,3', "has 1 values where there are 2 columns")]
