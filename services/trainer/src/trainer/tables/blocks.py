"""Reading a file as a stream of blocks, whatever its format."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from trainer.tables.block import Block, Flaw
from trainer.tables.files import unreadable
from trainer.tables.json_lines import json_lines
from trainer.tables.rows import Unreadable, row_blocks
from trainer.tables.source import Format, SourceFile
from trainer.tables.text import Utf8, open_text
from trainer.tables.unpacking import Overlarge
from trainer.tables.unquoted import unquoted_blocks

__all__ = ["Wanted", "blocks"]

_BLOCK_BYTES: Final = 4 * 2**20
_BLOCK_ROWS: Final = 16_384
_TOO_LONG: Final = "straddles two block boundaries"
_NOT_UTF_8: Final = "is not UTF-8: save the file as CSV UTF-8"
_NO_TEXT: Final = "is not UTF-8"


@dataclass(frozen=True)
class Wanted:
    """What is to be read of a file."""

    columns: Sequence[str]
    numbers: frozenset[str] = frozenset()
    """Columns that may come as float64, where the file has a type for them; all others come as text."""
    open_fields: bool = False
    """Also the fields of later objects that the first lacks."""
    watched: bool = False
    """Fields that only later objects have and that could change what a value means are flaws."""


def blocks(file: SourceFile, wanted: Wanted) -> Iterator[Block]:
    """Read a file from its beginning to its end, or to where it cannot be read further."""
    try:
        match file.format:
            case Format.CSV if file.dialect.unquoted is not None:
                yield from unquoted_blocks(file, wanted.columns)
            case Format.CSV:
                yield from _csv(file, wanted)
            case Format.PARQUET:
                yield from _parquet(file, wanted)
            case Format.JSON_LINES:
                fields = frozenset(file.columns) if wanted.watched else None
                yield from json_lines(file.path, wanted.columns, open_fields=wanted.open_fields, watched=fields)
            case _:
                yield from row_blocks(file.path, file.format, wanted.columns)
    except (Unreadable, Overlarge) as error:
        yield Block.of_flaws([Flaw(None, None, None, str(error))])
    except (OSError, pa.ArrowException, EOFError, UnicodeError, csv.Error) as error:
        yield Block.of_flaws([_flaw(error)])


def _csv(file: SourceFile, wanted: Wanted) -> Iterator[Block]:
    """Ragged rows are left out; the numbers of all others stay exact, also across quoted line breaks."""
    ragged: list[int] = []
    flaws: list[Flaw] = []

    def skip(row: pa.csv.InvalidRow) -> str:
        number = row.number
        ragged.append(number)
        reason = f"has {row.actual_columns:,} values where there are {row.expected_columns:,} columns"
        flaws.append(Flaw(number, None, row.text, reason))
        return "skip"

    columns = list(wanted.columns)
    if not _has_rows(file):
        return
    with open_text(file.path, file.dialect.encoding) as stream:
        _pass_over(stream, file.dialect.head_bytes)
        text = Utf8(stream)
        reader = pa.csv.open_csv(
            text,
            # The numbers of rows are known to a single thread alone.
            read_options=pa.csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES, column_names=list(file.columns)),
            parse_options=pa.csv.ParseOptions(
                delimiter=file.dialect.delimiter, newlines_in_values=True, invalid_row_handler=skip
            ),
            convert_options=pa.csv.ConvertOptions(
                include_columns=columns, column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
            ),
        )
        whole = 0
        for batch in reader:
            ranks = np.arange(whole, whole + batch.num_rows)
            whole += batch.num_rows
            # Before the j-th ragged row stand `ragged[j] - 1 - j` whole ones.
            before = np.array(ragged, np.int64) - 1 - np.arange(len(ragged))
            rows = ranks + 1 + np.searchsorted(before, ranks, side="right")
            block = Block(rows, dict(zip(columns, batch.columns, strict=True)), flaws[:])
            flaws.clear()
            yield _without_replaced(block, _NOT_UTF_8) if text.replaced else block
    if flaws:
        yield Block.of_flaws(flaws)


def _without_replaced(block: Block, reason: str) -> Block:
    """A block without the rows that hold bytes which are no UTF-8; those are flaws."""
    flaws = list(block.flaws)
    good = np.ones(len(block.rows), np.bool_)
    for name, column in block.columns.items():
        if not pa.types.is_string(column.type):
            continue
        places = np.flatnonzero(np.asarray(pc.match_substring(column, "\ufffd").fill_null(False)) & good)
        flaws += [Flaw(int(block.rows[place]), name, None, reason) for place in places]
        good[places] = False
    kept = pa.array(np.flatnonzero(good))
    return Block(block.rows[good], {name: column.take(kept) for name, column in block.columns.items()}, flaws)


def _has_rows(file: SourceFile) -> bool:
    """Whether anything stands below the header; pyarrow refuses a file where nothing does."""
    with open_text(file.path, file.dialect.encoding) as stream:
        _pass_over(stream, file.dialect.head_bytes)
        while chunk := stream.read(2**16):
            if chunk.strip():
                return True
    return False


def _pass_over(stream: pa.NativeFile, size_bytes: int) -> None:
    while size_bytes and (passed := stream.read(size_bytes)):
        size_bytes -= len(passed)


def _parquet(file: SourceFile, wanted: Wanted) -> Iterator[Block]:
    read = 0
    names = list(wanted.columns)
    with pq.ParquetFile(file.path) as table:
        for batch in table.iter_batches(batch_size=_BLOCK_ROWS, columns=names):
            rows = np.arange(read + 1, read + 1 + batch.num_rows)
            read += batch.num_rows
            columns = {name: _plain(batch.column(name), name in file.numeric & wanted.numbers) for name in names}
            readable = {name: _utf_8(column) for name, column in columns.items()}
            block = Block(rows, readable)
            yield block if all(readable[name] is columns[name] for name in names) else _without_replaced(block, _NO_TEXT)


def _utf_8(column: pa.Array) -> pa.Array:
    """The column where it is UTF-8, which whoever writes Parquet need not check; else with U+FFFD for what is not."""
    if not pa.types.is_string(column.type):
        return column
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        texts = (value if value is None else value.decode("utf-8", "replace") for value in column.cast(pa.binary()).to_pylist())
        return pa.array(texts, pa.string())
    return column


def _plain(column: pa.Array, number: bool) -> pa.Array:  # noqa: FBT001 - what it is to become
    """Numbers as float64, everything else as text; a dictionary by its values."""
    if not number:
        return column.cast(pa.string())
    return column.cast(pa.float64())


def _flaw(error: BaseException) -> Flaw:
    """What a reader of files refuses to read further."""
    if _TOO_LONG in str(error):
        return Flaw(None, None, None, f"has a row of more than {_BLOCK_BYTES:,} bytes, or a quote that is never closed")
    return Flaw(None, None, None, unreadable(error))
