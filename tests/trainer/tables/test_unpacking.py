"""Files that unpack to far more than they hold: refused in words, before anything of them is kept."""

import asyncio
import bz2
import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainer.api.looking import Looking
from trainer.data.offences import InvalidData
from trainer.settings import Settings
from trainer.tables.blocks import Wanted, blocks
from trainer.tables.files import find_files

UNPACKED_BYTES = 300 * 2**20
PACKED_BYTES = 2 * 2**20
HEADER = b"smiles,target,pIC50\n"
ROWS = b"CCO,T1,5.0\n" * 100_000


def repeated(path: Path, pack: Callable[[bytes], bytes]) -> None:
    """A table whose beginning is as it should be; packed files may be put behind each other."""
    path.write_bytes(pack(HEADER) + pack(ROWS) * (UNPACKED_BYTES // len(ROWS) + 1))


def gz(path: Path) -> None:
    repeated(path, gzip.compress)


def bz(path: Path) -> None:
    repeated(path, bz2.compress)


def zst(path: Path) -> None:
    repeated(path, lambda data: pa.compress(data, "zstd", asbytes=True))


def workbook(path: Path) -> None:
    """A zip archive with the parts of a workbook; the sheet goes on and on."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        with file.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _ in range(UNPACKED_BYTES // 2**20):
                sheet.write(b"<row/>" * (2**20 // 6 + 1))


def lying(path: Path) -> None:
    """The same, whose directory says that the sheet is small."""
    workbook(path)
    data = path.read_bytes()
    size = (UNPACKED_BYTES // 2**20 * (2**20 // 6 + 1) * 6).to_bytes(4, "little")
    assert size in data
    path.write_bytes(data.replace(size, (1000).to_bytes(4, "little")))


def pages(path: Path) -> None:
    """Parquet whose pages unpack to zeros."""
    rows = pa.table({"pIC50": np.zeros(UNPACKED_BYTES // 8)})
    pq.write_table(rows, path, compression="zstd", use_dictionary=False)


def runs(path: Path) -> None:
    """Parquet of few bytes that stand for hundreds of millions of cells, by their run length."""
    one = pa.chunked_array([pa.array(np.ones(UNPACKED_BYTES // 40, np.int8))])
    pq.write_table(pa.table(dict.fromkeys([f"c{place}" for place in range(40)], one)), path, compression="zstd")


BOMBS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "gz": ("assays.csv.gz", gz),
    "gz by content": ("assays.csv", gz),
    "bz2": ("assays.csv.bz2", bz),
    "zst": ("assays.csv.zst", zst),
    "lines": ("assays.jsonl.gz", gz),
    "structures": ("assays.smi.gz", gz),
    "workbook": ("assays.xlsx", workbook),
    "lying workbook": ("assays.xlsx", lying),
    "pages": ("assays.parquet", pages),
    "runs": ("assays.parquet", runs),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOMBS)
def test_a_table_that_unpacks_to_a_hundred_times_its_size_is_refused_in_words(tmp_path: Path, kind: str) -> None:
    name, make = BOMBS[kind]
    make(tmp_path / name)
    assert (tmp_path / name).stat().st_size < PACKED_BYTES
    with pytest.raises(InvalidData) as told:
        asyncio.run(Looking(Settings(state=tmp_path)).at_upload(tmp_path / name))
    (offence,) = told.value.offences
    assert offence.reason == "unpacks to more than 268,435,456 bytes, which no table of its size does"


def test_a_packing_that_tables_do_not_come_in_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "assays.csv.xz").write_bytes(b"\xfd7zXZ\x00")
    with pytest.raises(InvalidData, match=r"is of no known format: its name ends in none of"):
        find_files([tmp_path / "assays.csv.xz"])


def test_a_packed_file_too_large_to_be_counted_ends_where_it_is_read_too_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gz(tmp_path / "assays.csv.gz")
    monkeypatch.setattr("trainer.tables.unpacking._COUNTED_BYTES", 0)
    (file,) = find_files([tmp_path / "assays.csv.gz"])
    *_, last = blocks(file, Wanted(file.columns))
    assert [flaw.reason for flaw in last.flaws] == ["unpacks to more than 268,435,456 bytes, which no table of its size does"]


@pytest.mark.parametrize("name", ["assays.csv.gz", "assays.csv"])
def test_a_packed_table_of_an_ordinary_size_is_read_as_it_is(tmp_path: Path, name: str) -> None:
    with gzip.open(tmp_path / name, "wb") as file:
        file.write(HEADER + ROWS)
    (table,) = find_files([tmp_path / name])
    assert sum(len(block.rows) for block in blocks(table, Wanted(table.columns))) == 100_000
