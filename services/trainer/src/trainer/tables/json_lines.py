"""Reading JSON Lines: one object a line. Numbers keep their text, so that they are read as those of other formats are."""

import io
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from trainer.tables import vocabulary
from trainer.tables.block import Block, Flaw
from trainer.tables.rows import text_of
from trainer.tables.text import open_text

__all__ = ["json_lines"]

_BLOCK_ROWS: Final = 16_384


class _Members(list[tuple[str, Any]]):
    """An object's members as they stand in the text, so that a name given twice is seen."""


def json_lines(
    path: str, columns: Sequence[str], *, open_fields: bool = False, watched: frozenset[str] | None = None
) -> Iterator[Block]:
    """Blocks of a file; fields that an object lacks are empty.

    With `open_fields` also fields that are not among `columns`; where fields are `watched`, others that change what values mean
    are flaws.
    """
    flaws: list[Flaw] = []
    numbers: list[int] = []
    objects: list[dict[str, str]] = []
    read = None if open_fields else frozenset(columns)
    with open_text(path) as stream:
        lines = (line for line in io.BufferedReader(stream) if line.strip())
        for row, line in enumerate(lines, start=1):
            members = _members(line, row, flaws)
            if members is not None and _is_plain(members, row, read, flaws, watched=watched):
                numbers.append(row)
                objects.append({name: text_of(value) for name, value in members})
            if len(objects) == _BLOCK_ROWS or len(flaws) == _BLOCK_ROWS:
                yield _block(columns, numbers, objects, flaws, open_fields=open_fields)
                flaws, numbers, objects = [], [], []
    yield _block(columns, numbers, objects, flaws, open_fields=open_fields)


def _members(line: bytes, row: int, flaws: list[Flaw]) -> _Members | None:
    """The members of the object on a line; what is wrong with another line is added to `flaws`."""
    try:
        text = line.decode("utf-8-sig" if row == 1 else "utf-8").strip()
        value = json.loads(text, object_pairs_hook=_Members, parse_int=str, parse_float=str, parse_constant=str)
    except UnicodeDecodeError:
        flaws.append(Flaw(row, None, None, "is not UTF-8"))
    except json.JSONDecodeError as error:
        flaws.append(Flaw(row, None, text[error.pos : error.pos + 20], f"is not JSON: {error.msg} at column {error.colno}"))
    except RecursionError:
        flaws.append(Flaw(row, None, None, "is nested too deeply"))
    else:
        if isinstance(value, _Members):
            return value
        flaws.append(Flaw(row, None, text, "is no JSON object"))
    return None


def _is_plain(
    members: _Members, row: int, read: frozenset[str] | None, flaws: list[Flaw], *, watched: frozenset[str] | None
) -> bool:
    """Whether every field is there once, all that are read are plain, and none is overlooked."""
    before = len(flaws)
    seen: set[str] = set()
    for name, value in members:
        if name in seen:
            flaws.append(Flaw(row, name, None, "stands there twice: a field has one value"))
        seen.add(name)
        if isinstance(value, list) and (read is None or name in read):
            flaws.append(Flaw(row, name, json.dumps(value), "is neither a text nor a number"))
        elif watched is not None and name not in watched and _matters(name):
            flaws.append(Flaw(row, name, None, "is a field that the first object lacks: name it with an option"))
    return len(flaws) == before


def _matters(name: str) -> bool:
    """Whether a field may change what a value means."""
    return vocabulary.normal(name) in {*vocabulary.RELATION, *vocabulary.UNIT}


def _block(
    columns: Sequence[str], numbers: list[int], objects: list[dict[str, str]], flaws: list[Flaw], *, open_fields: bool
) -> Block:
    names = dict.fromkeys(columns)
    if open_fields:
        names |= dict.fromkeys(name for found in objects for name in found)
    found = {name: pa.array([each.get(name, "") for each in objects], pa.string()) for name in names}
    return Block(np.array(numbers, np.int64), found, flaws)
