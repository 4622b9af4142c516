"""Whatever bytes a file holds, it gives rows or a problem: no other exception, and no end of reading that does not come."""

import bz2
import gzip
import io
import random
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trainer.data.offences import InvalidData
from trainer.runs.ingest import IngestOptions, OnError
from trainer.tables.files import find_files
from trainer.tables.melting import melt_file
from trainer.tables.plan import FilePlan
from trainer.tables.planning import plan_files
from trainer.tables.records import Kind

pytestmark = pytest.mark.slow

EXAMPLES: Final = 1_600
TEXT: Final = (
    b"smiles,target,relation,IC50 (nM)\nCCOC(=O)c1ccccc1,EGFR,=,12\n"
    b"CCNC(=O)c1ccccc1,EGFR,>,10000\nCC(=O)Nc1ccc(O)cc1,ABL,=,n.d.\n"
)
SDF: Final = (
    b"a\n  x\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 C   0  0\nM  END\n"
    b"> <pIC50>\n5\n\n$$$$\n"
)
TABLE: Final = pa.table({"smiles": ["CCO", "CCN", "CCCC"], "T1": [5.5, None, 6.5], "T2": [True, False, None]})
PIECES: Final = (
    b'"', b"\n", b"\r", b"\r\n", b",", b";", b"\t", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"#", b"sep=;\n", b"NaN",
    b"1e999", b"-", b">", b"'>'", b"InChI=1S/", b"C" * 300, b"[", b"{", b"}", b"$$$$\n", b"M  END\n", b"> <", b"nM", b"Ki",
    b"RESULT_TYPE", b"\x1f", b"(((", b"9" * 50, "\u00b5\u2265\u2014\U0001f600".encode(), b"true", b"null", b"\\", b"%",
)  # fmt: skip


def _parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(TABLE, out)
    return out.getvalue()


SEEDS: Final[dict[str, bytes]] = {
    "a.csv": TEXT,
    "a.tsv": TEXT.replace(b",", b"\t"),
    "a.txt": TEXT.replace(b",", b";"),
    "b.csv": TEXT.decode().encode("utf-16"),
    "a.csv.gz": gzip.compress(TEXT, 1),
    "a.csv.bz2": bz2.compress(TEXT, 1),
    "a.jsonl": b'{"smiles": "CCO", "EGFR": 5.5, "ABL": null}\n{"smiles": "CCN", "EGFR": ">6"}\n',
    "a.json": b'[{"smiles": "CCO", "EGFR": 5.5}, {"smiles": "CCN", "EGFR": "<4"}]',
    "b.json": b'{"smiles": {"0": "CCO", "1": "CCN"}, "EGFR": {"0": 5.5, "1": 6.5}}',
    "a.sdf": SDF * 2,
    "a.smi": b"CCO ethanol\nCCN |c:1| amine\n",
    "a.parquet": _parquet(),
    "a.xlsx": b"PK\x03\x04" + TEXT,
}


def broken(seed: bytes, by: random.Random) -> bytes:
    """A document with some of its bytes replaced, left out, doubled, or mixed with what readers stumble over."""
    data = bytearray(seed)
    for _ in range(by.randint(1, 6)):
        place = by.randrange(len(data) + 1)
        match by.randrange(5):
            case 0:
                data[place:place] = by.choice(PIECES)
            case 1:
                del data[place : place + by.randint(1, 12)]
            case 2:
                data[place : place + 1] = bytes([by.randrange(256)])
            case 3:
                data[place:place] = data[: by.randint(0, len(data))][-by.randint(1, 60) :]
            case _:
                data = data[:place] if by.random() < 0.3 else data
    return bytes(data)


def planned(path: Path, options: IngestOptions) -> list[FilePlan] | InvalidData:
    """How a file is read, or why it is not."""
    try:
        return plan_files(find_files([path]), options)
    except InvalidData as error:
        return error


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
@example(396)  # Arrow ended the process when asked of a column of a Parquet file whose metadata is damaged
@example(5861)
def test_any_bytes_give_rows_or_a_problem(tmp_path: Path, name: str, seed: int) -> None:
    path = tmp_path / name
    by = random.Random(seed)  # noqa: S311 - of a test
    path.write_bytes(broken(SEEDS[name], by))
    options = IngestOptions(on_error=by.choice(list(OnError)))
    found = planned(path, options)
    if isinstance(found, InvalidData):
        assert found.offences
        assert all(str(offence) and "\0" not in offence.reason for offence in found.offences)
        return
    (plan,) = found
    kinds = [kind for batch in melt_file(plan) for kind in batch.column("kind").to_pylist()]
    assert kinds[-1] == Kind.FILE
    assert len(plan.described) == len(plan.source.columns) or plan.open_targets
