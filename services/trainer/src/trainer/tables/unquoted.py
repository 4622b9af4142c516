"""Text tables in which InChIs stand unquoted although commas delimit: what a row has too much belongs to its InChI."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from trainer.tables.block import Block, Flaw
from trainer.tables.source import SourceFile
from trainer.tables.text import open_text

__all__ = ["unquoted_blocks"]

_BLOCK_ROWS: Final = 16_384
_INCHI: Final = "InChI="


def unquoted_blocks(file: SourceFile, columns: Sequence[str]) -> Iterator[Block]:
    """Blocks of some columns of a file whose dialect names the column of InChIs."""
    place, width = int(file.dialect.unquoted or 0), len(file.columns)
    numbers: list[int] = []
    rows: list[list[str]] = []
    flaws: list[Flaw] = []
    with open_text(file.path, file.dialect.encoding) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline="")
        text.read(file.dialect.head_characters)
        fields = (row for row in csv.reader(text, delimiter=file.dialect.delimiter) if row)
        for number, row in enumerate(fields, start=1):
            more = len(row) - width
            if more > 0 and row[place].startswith(_INCHI):
                row[place : place + more + 1] = [file.dialect.delimiter.join(row[place : place + more + 1])]
            if len(row) == width:
                numbers.append(number)
                rows.append(row)
            else:
                reason = f"has {len(row):,} values where there are {width:,} columns"
                flaws.append(Flaw(number, None, file.dialect.delimiter.join(row), reason))
            if len(rows) + len(flaws) == _BLOCK_ROWS:
                yield _block(file, columns, numbers, rows, flaws)
                numbers, rows, flaws = [], [], []
    yield _block(file, columns, numbers, rows, flaws)


def _block(
    file: SourceFile, columns: Sequence[str], numbers: Sequence[int], rows: Sequence[Sequence[str]], flaws: Sequence[Flaw]
) -> Block:
    places = {name: file.columns.index(name) for name in columns}
    return Block(
        np.array(numbers, np.int64),
        {name: pa.array([row[at] for row in rows], pa.string()) for name, at in places.items()},
        flaws,
    )
