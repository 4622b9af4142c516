"""Reading a file as a stream of blocks, whatever its format."""

import re
from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from trainer.spark.ingest.block import Block, Flaw
from trainer.spark.ingest.files import Format, open_lines, unreadable
from trainer.spark.ingest.json_lines import json_lines
from trainer.spark.ingest.plan import FilePlan

__all__ = ["blocks"]

_BLOCK_BYTES: Final = 4 * 2**20
_BLOCK_ROWS: Final = 16_384
_TOO_LONG: Final = "straddles two block boundaries"
_NOT_TEXT: Final = re.compile(r"CSV column #(\d+): Row #(\d+): .*invalid UTF8")


def blocks(plan: FilePlan) -> Iterator[Block]:
    """Read a file from its beginning to its end, or to where it cannot be read further."""
    readers = {Format.CSV: _csv, Format.PARQUET: _parquet, Format.JSON_LINES: json_lines}
    try:
        yield from readers[plan.source.format](plan)
    except (OSError, pa.ArrowException, EOFError) as error:
        yield Block.of_flaws([_flaw(plan, error)])


def _csv(plan: FilePlan) -> Iterator[Block]:
    """Ragged rows are left out; the numbers of all others stay exact, also across quoted line breaks."""
    ragged: list[int] = []
    flaws: list[Flaw] = []

    def skip(row: pa.csv.InvalidRow) -> str:
        number = row.number - 1  # the header is 1
        ragged.append(number)
        reason = f"has {row.actual_columns:,} values where there are {row.expected_columns:,} columns"
        flaws.append(Flaw(number, None, row.text, reason))
        return "skip"

    with open_lines(plan.source.path) as stream:
        reader = pa.csv.open_csv(
            stream,
            # The numbers of rows are known to a single thread alone.
            read_options=pa.csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
            parse_options=pa.csv.ParseOptions(
                delimiter=plan.source.delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=pa.csv.ConvertOptions(
                include_columns=plan.columns,
                column_types=dict.fromkeys(plan.columns, pa.string()),
                strings_can_be_null=False,
            ),
        )
        whole = 0
        for batch in reader:
            ranks = np.arange(whole, whole + batch.num_rows)
            whole += batch.num_rows
            # Before the j-th ragged row stand `ragged[j] - 1 - j` whole ones.
            before = np.array(ragged, np.int64) - 1 - np.arange(len(ragged))
            rows = ranks + 1 + np.searchsorted(before, ranks, side="right")
            yield Block(rows, dict(zip(plan.columns, batch.columns, strict=True)), flaws[:])
            flaws.clear()
    if flaws:
        yield Block.of_flaws(flaws)


def _parquet(plan: FilePlan) -> Iterator[Block]:
    read = 0
    with pq.ParquetFile(plan.source.path) as file:
        for batch in file.iter_batches(batch_size=_BLOCK_ROWS, columns=plan.columns):
            rows = np.arange(read + 1, read + 1 + batch.num_rows)
            read += batch.num_rows
            columns = {name: batch.column(name) for name in plan.columns}
            yield Block(rows, {name: _plain(plan, name, column) for name, column in columns.items()})


def _plain(plan: FilePlan, name: str, column: pa.Array) -> pa.Array:
    """Numbers as float64, everything else as text; a dictionary by its values."""
    return column.cast(pa.float64() if name in plan.source.numeric and name in {*plan.targets, plan.value} else pa.string())


def _flaw(plan: FilePlan, error: BaseException) -> Flaw:
    """What a reader of files refuses to read further."""
    if match := _NOT_TEXT.search(str(error)):
        column = int(match[1])
        name = plan.source.columns[column] if column < len(plan.source.columns) else None
        return Flaw(int(match[2]) - 1, name, None, "is not UTF-8")
    if _TOO_LONG in str(error):
        return Flaw(None, None, None, f"has a row of more than {_BLOCK_BYTES:,} bytes, or a quote that is never closed")
    return Flaw(None, None, None, unreadable(error))
