"""files: which files a source names, and what their beginnings tell."""

import bz2
import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.tables import cells, read

from trainer.data.offences import InvalidData
from trainer.tables.files import find_files
from trainer.tables.source import Format


def written(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def reason_of(*paths: Path) -> str:
    with pytest.raises(InvalidData) as caught:
        find_files(paths)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "form", "delimiter"),
    [
        ("a.csv", b"smiles,t1\nC,1\n", Format.CSV, ","),
        ("a.csv", b"smiles;t1\nC;1\n", Format.CSV, ";"),
        ("a.CSV.gz", gzip.compress(b"smiles,t1\nC,1\n", mtime=0), Format.CSV, ","),
        ("a.csv.bz2", bz2.compress(b"smiles,t1\nC,1\n"), Format.CSV, ","),
        ("a.csv.zst", pa.compress(b"smiles,t1\nC,1\n", "zstd", asbytes=True), Format.CSV, ","),
        ("a.tsv", b"smiles\tt1\nC\t1\n", Format.CSV, "\t"),
        ("a.tab", b"smiles\tt1,t2\nC\t1\n", Format.CSV, "\t"),
        ("a.txt", b"smiles|t1\nC|1\n", Format.CSV, "|"),
        ("a.csv", b"\xef\xbb\xbfsmiles,t1\n", Format.CSV, ","),
        ("a.jsonl", b'\n{"smiles": "C", "t1": 1}\n', Format.JSON_LINES, ""),
        ("a.ndjson.gz", gzip.compress(b'{"smiles": "C", "t1": 1}', mtime=0), Format.JSON_LINES, ""),
    ],
)
def test_a_file_is_known_by_its_name_and_its_first_line(
    tmp_path: Path, name: str, content: bytes, form: Format, delimiter: str
) -> None:
    (file,) = find_files([written(tmp_path / name, content)])
    assert (file.name, file.format, file.delimiter, file.columns[0]) == (name, form, delimiter, "smiles")


def test_quoted_names_of_columns_are_read_whole(tmp_path: Path) -> None:
    (file,) = find_files([written(tmp_path / "a.csv", b'smiles,"IC50, nM","two\nlines"\nC,1,2\n')])
    assert file.columns == ("smiles", "IC50, nM", "two\nlines")


def test_parquet_columns_have_types(tmp_path: Path) -> None:
    pq.write_table(pa.table({"smiles": ["C"], "t1": [1.5], "t2": [True]}), tmp_path / "a.parquet")
    (file,) = find_files([tmp_path / "a.parquet"])
    assert file.columns == ("smiles", "t1", "t2")
    assert file.numeric == {"t1", "t2"}


def test_a_directory_stands_for_its_files_of_known_formats_in_order(tmp_path: Path) -> None:
    for name in ("b.csv", "deep/a.tsv", "README.md", ".hidden/a.csv", "_tmp.csv", "_delta/x.csv"):
        written(tmp_path / name, b"smiles\tt1\n")
    assert [file.path for file in find_files([tmp_path])] == [str(tmp_path / "b.csv"), str(tmp_path / "deep" / "a.tsv")]


def test_files_of_the_same_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    paths = [written(tmp_path / part / "a.csv", b"smiles,t1\n") for part in ("one", "two")]
    assert [file.name for file in find_files(paths)] == [str(path) for path in paths]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.xlsx", b"PK", "a.xlsx: is a workbook that cannot be read: save the sheet as CSV"),
        ("a.pdf", b"%PDF", "a.pdf: is of no known format: its name ends in none of .csv, .tsv"),
        ("a.csv", b"PK\x03\x04...", "a.csv: is a workbook or a zip archive, not what its name says"),
        ("a.parquet.gz", b"PK", "is of no known format"),
        ("a.gz", b"PK", "is of no known format"),
        ("a.csv", b"", "a.csv: is empty"),
        ("a.csv", b"\n\n", "a.csv: is empty"),
        ("a.csv", b"smiles,\x81\n", "is not UTF-8"),
        ("a.csv", b"x" * 5_000_000, "has a first line of more than 4,194,304 bytes"),
        ("a.csv.gz", b"no gzip at all", "a.csv.gz: cannot be read: "),
        ("a.parquet", b"no parquet at all", "a.parquet: cannot be read: "),
        ("a.jsonl", b"smiles,t1\n", "a.jsonl, row 1: smiles,t1 is no JSON object: Expecting value"),
        ("a.jsonl", b"[1]\n", "a.jsonl, row 1: [1] is no JSON object"),
    ],
)
def test_a_file_that_does_not_begin_as_its_format_demands_is_refused(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    assert reason in reason_of(written(tmp_path / name, content))


def test_a_nested_column_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"smiles": ["C"], "t1": [[1.5]]}), tmp_path / "a.parquet")
    assert reason_of(tmp_path / "a.parquet") == "a.parquet, t1: is a nested column: a table holds texts and numbers"


def test_a_directory_without_data_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "README.md", b"")
    assert f"{tmp_path.name}: holds no file whose name ends in .csv" in reason_of(tmp_path)


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        find_files([tmp_path / "missing.csv"])


def test_an_inchi_that_commas_would_tear_apart_is_read_whole(tmp_path: Path) -> None:
    inchi = "InChI=1S/C9H10O2/c1-2-11-9(10)8-6-4-3-5-7-8/h3-7H,2H2,1H3"
    other = "InChI=1S/C9H11NO/c1-2-10-9(11)8-6-4-3-5-7-8/h3-7H,2H2,1H3,(H,10,11)"
    path = written(tmp_path / "a.csv", f"id,InChI,pIC50\na,{inchi},5.5\nb,{other},6.5\nc,x\n".encode())
    found = read(path, on_error="skip")
    assert cells(found) == {("CCOC(=O)c1ccccc1", "pIC50"): 5.5, ("CCNC(=O)c1ccccc1", "pIC50"): 6.5}
    assert found.rejects["row"].to_pylist() == [3]
