"""Samples: the beginning of a file, from which the roles of its columns are found."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from trainer.data.offences import InvalidData, Offence
from trainer.tables.block import Block
from trainer.tables.blocks import Wanted, blocks
from trainer.tables.profile import Profile
from trainer.tables.source import Format, SourceFile

__all__ = ["profiles_of"]

_ROWS: Final = 2_000
_CELLS: Final = 400_000
"""Of very wide tables fewer rows are looked at."""
_BLOCKS: Final = 8
"""That are looked into for columns of which the first rows state nothing."""
_FOUND: Final = 200


def profiles_of(file: SourceFile, missing: frozenset[str] = frozenset()) -> Mapping[str, Profile]:
    """The profile of every column, from the first rows of the file; of a column that they leave empty, from later ones.

    Raises:
        InvalidData: Its first rows cannot be read, or there are none.
    """
    rows = max(_FOUND, min(_ROWS, _CELLS // max(1, len(file.columns))))
    comma = file.format is Format.CSV and file.dialect.delimiter != ","
    stream = blocks(file, Wanted(file.columns))
    first = _first(file, stream)
    texts = {name: _texts(column.slice(0, rows)) for name, column in first.columns.items()}
    empty = {name for name, cells in texts.items() if not any(cells)}
    rest = [{name: first.columns[name].slice(rows) for name in empty}]
    looked = 1
    for block in itertools.chain([None], itertools.islice(stream, _BLOCKS if empty else 0)):
        looked += block is not None
        columns = rest[0] if block is None else block.columns
        for name in sorted(empty & columns.keys()):
            cells = pc.utf8_trim_whitespace(pc.fill_null(columns[name], ""))
            found = cells.filter(pc.greater(pc.binary_length(cells), 0)).slice(0, _FOUND)
            if len(found):
                texts[name] = tuple(found.to_pylist())
                empty.discard(name)
        if not empty:
            break
    partial = looked > _BLOCKS
    return {name: Profile(cells, comma, missing, partial=partial) for name, cells in texts.items()}


def _first(file: SourceFile, stream: Iterator[Block]) -> Block:
    for block in stream:
        if block.columns:
            return block
        if block.flaws:
            raise InvalidData([Offence(file.name, flaw.row, flaw.column, flaw.value, flaw.reason) for flaw in block.flaws])
    raise InvalidData([Offence(file.name, None, None, None, "holds no rows")])


def _texts(column: pa.Array) -> tuple[str, ...]:
    cells: list[str] = pc.utf8_trim_whitespace(pc.fill_null(column, "")).to_pylist()
    return tuple(cells)
