"""Samples: the beginning of a file, from which the roles of its columns are found."""

from collections.abc import Mapping
from typing import Final

import pyarrow.compute as pc

from trainer.data.offences import InvalidData, Offence
from trainer.tables.blocks import Wanted, blocks
from trainer.tables.profile import Profile
from trainer.tables.source import Format, SourceFile

__all__ = ["profiles_of"]

_ROWS: Final = 2_000
_CELLS: Final = 1_000_000
"""Of very wide tables fewer rows are looked at."""


def profiles_of(file: SourceFile, missing: frozenset[str] = frozenset()) -> Mapping[str, Profile]:
    """The profile of every column, from the first rows of the file.

    Raises:
        InvalidData: Its first rows cannot be read.
    """
    rows = max(200, min(_ROWS, _CELLS // max(1, len(file.columns))))
    comma = file.format is Format.CSV and file.dialect.delimiter != ","
    block = None
    for found_block in blocks(file, Wanted(file.columns)):
        if found_block.columns:
            block = found_block
            break
        if found_block.flaws:
            told = [Offence(file.name, flaw.row, flaw.column, flaw.value, flaw.reason) for flaw in found_block.flaws]
            raise InvalidData(told)
    if block is None:
        raise InvalidData([Offence(file.name, None, None, None, "holds no rows")])
    found = {}
    for name in file.columns:
        cells = pc.utf8_trim_whitespace(pc.fill_null(block.columns[name].slice(0, rows), ""))
        found[name] = Profile(tuple(cells.to_pylist()), comma, missing)
    return found
