"""Reading JSON Lines: one object a line. Numbers keep their text, so that they are read as those of other formats are."""

import io
import json
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa

from trainer.spark.ingest import vocabulary
from trainer.spark.ingest.block import Block, Flaw
from trainer.spark.ingest.files import open_lines
from trainer.spark.ingest.plan import FilePlan, Role

__all__ = ["json_lines"]

_BLOCK_ROWS: Final = 16_384


class _Members(list[tuple[str, Any]]):
    """An object's members as they stand in the text, so that a name given twice is seen."""


def json_lines(plan: FilePlan) -> Iterator[Block]:
    """Blocks of a file; fields that an object lacks are empty."""
    flaws: list[Flaw] = []
    numbers: list[int] = []
    objects: list[dict[str, str]] = []
    with open_lines(plan.source.path) as stream:
        lines = (line for line in io.BufferedReader(stream) if line.strip())
        for row, line in enumerate(lines, start=1):
            members = _members(line, row, flaws)
            if members is not None and _is_plain(members, row, plan, flaws):
                numbers.append(row)
                objects.append({name: "" if value is None else value for name, value in members})
            if len(objects) == _BLOCK_ROWS or len(flaws) == _BLOCK_ROWS:
                yield _block(plan, numbers, objects, flaws)
                flaws, numbers, objects = [], [], []
    yield _block(plan, numbers, objects, flaws)


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


def _is_plain(members: _Members, row: int, plan: FilePlan, flaws: list[Flaw]) -> bool:
    """Whether every field is there once and is a text, a number or null, and none is missing in the plan that matters."""
    before = len(flaws)
    seen: set[str] = set()
    for name, value in members:
        if name in seen:
            flaws.append(Flaw(row, name, None, "stands there twice: a field has one value"))
        seen.add(name)
        if isinstance(value, bool | list):
            flaws.append(Flaw(row, name, json.dumps(value), "is neither a text nor a number"))
        elif plan.role in {Role.LONG, Role.MEASUREMENTS} and name not in plan.source.columns and _matters(name):
            flaws.append(Flaw(row, name, None, "is a field that the first object lacks: name it with an option"))
    return len(flaws) == before


def _matters(name: str) -> bool:
    """Whether a field may change what a value means."""
    return vocabulary.normal(name) in {*vocabulary.RELATION, *vocabulary.UNIT}


def _block(plan: FilePlan, numbers: list[int], objects: list[dict[str, str]], flaws: list[Flaw]) -> Block:
    names = dict.fromkeys(plan.columns)
    if plan.open_targets:
        names |= dict.fromkeys(name for found in objects for name in found if not vocabulary.is_descriptor(name))
    columns = {name: pa.array([found.get(name, "") for found in objects], pa.string()) for name in names}
    return Block(np.array(numbers, np.int64), columns, flaws)
