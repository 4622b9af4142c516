"""The seed's data: its built-in five fragments, and the reader of `data.json` files in its format.

A file holds `fragment_comp`, fragment name -> one 0 or 1 a compound, and `comp_target_interaction`, one row of numbers a
compound (a list of rows, or an object compound name -> row). The tables are small and complete, so no Spark is needed.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from contracts.kinds import ActivityKind
from contracts.tables import TABLES
from trainer.data.activity import Activity, data_digest
from trainer.data.offences import InvalidData, Offence

__all__ = ["LIMIT_BYTES", "built_in", "parse", "read"]

LIMIT_BYTES: Final = 64 * 2**20
"""Larger tables belong in CSV or Parquet files, which Spark reads."""

# Facts of the seed, https://github.com/Setogit/ntdemo (MIT, Tetsuo Seto 2019), server/utils.py: ten compounds, ten targets.
_BUILT_IN: Final = """{
  "fragment_comp": {
    "fA": [1, 0, 0, 0, 0, 1, 0, 0, 1, 0],
    "fB": [0, 0, 1, 0, 1, 0, 1, 0, 0, 0],
    "fC": [1, 0, 1, 0, 0, 0, 1, 0, 0, 1],
    "fD": [0, 0, 1, 0, 0, 1, 1, 0, 1, 0],
    "fE": [0, 1, 0, 1, 1, 0, 1, 0, 1, 1]
  },
  "comp_target_interaction": [
    [1, 0, 0, 0, 0, 1, 0, 1, 0, 0],
    [1, 0, 0, 0, 0, 1, 0, 1, 0, 0],
    [1, 0, 1, 0, 1, 0, 0, 1, 1, 0],
    [0, 1, 0, 0, 0, 1, 0, 0, 0, 1],
    [0, 0, 0, 1, 0, 0, 1, 0, 1, 0],
    [1, 0, 0, 0, 0, 0, 0, 1, 1, 0],
    [1, 1, 0, 1, 1, 0, 0, 1, 1, 1],
    [0, 0, 1, 0, 0, 0, 1, 0, 0, 0],
    [0, 1, 0, 0, 0, 0, 1, 1, 1, 0],
    [0, 0, 0, 1, 1, 0, 0, 1, 0, 1]
  ]
}"""
_LIMIT: Final = 10**9  # sums of values this large are still exact to 1e-6
_FIELDS: Final = ("fragment_comp", "comp_target_interaction")


def built_in() -> Activity:
    """The seed's five fragments fA to fE in ten compounds with ten targets."""
    return parse(_BUILT_IN.encode(), name="built-in")


def read(path: Path, *, limit_bytes: int = LIMIT_BYTES) -> Activity:
    """Read a `data.json`.

    Raises InvalidData for anything that is not a complete, finite, rectangular table, with the place of each offence;
    OSError where the file cannot be read.
    """
    size_bytes = path.stat().st_size
    if size_bytes > limit_bytes:
        reason = f"is larger than the {limit_bytes:,} bytes a JSON table may have; give large data as CSV or Parquet"
        raise InvalidData([Offence(path.name, None, None, f"{size_bytes:,} bytes", reason)])
    return parse(path.read_bytes(), name=path.name)


def parse(document: bytes, *, name: str) -> Activity:
    """Read the bytes of a `data.json`; `name` is what offences and the run's record call it."""
    table = _check(_decode(document, name), name)
    digest = data_digest([b"seed-table 1", document])
    return table.activity(digest, name)


class _Members(list[tuple[str, Any]]):
    """An object's members as they stand in the text, so that a name given twice is seen."""


def _decode(document: bytes, name: str) -> Any:
    """The JSON value, with objects as `_Members` and NaN, Infinity as floats."""
    try:
        return json.loads(document.decode("utf-8-sig"), object_pairs_hook=_Members)
    except UnicodeDecodeError as error:
        value = document[error.start : error.end].hex(" ")
        raise InvalidData([Offence(name, None, None, value, f"at byte {error.start} is not UTF-8")]) from None
    except json.JSONDecodeError as error:
        reason = f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        value = error.doc[error.pos : error.pos + 20].split("\n", 1)[0]
        raise InvalidData([Offence(name, error.lineno, None, value, reason)]) from None
    except RecursionError:
        raise InvalidData([Offence(name, None, None, None, "is nested too deeply")]) from None
    except ValueError:  # Python refuses to read an integer of more than 4,300 digits
        raise InvalidData([Offence(name, None, None, None, "holds an integer of thousands of digits")]) from None


@dataclass(frozen=True)
class _Table:
    """A checked file."""

    fragments: list[str]
    compounds: list[str]
    membership: np.ndarray[tuple[int, int], np.dtype[np.float32]]
    """Fragment x compound."""
    values: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    """Compound x target."""

    def activity(self, digest: str, source: str) -> Activity:
        compounds, targets = self.values.shape
        fragment, compound = np.nonzero(self.membership)
        facts: dict[str, dict[str, Any]] = {
            "fragments": {
                "id": np.arange(len(self.fragments), dtype=np.int32),
                "name": self.fragments,
                "smiles": [None] * len(self.fragments),
                "support": np.count_nonzero(self.membership, axis=1).astype(np.int32),
                "scaffolds": [None] * len(self.fragments),
                "shown": [True] * len(self.fragments),
            },
            "compounds": {
                "id": np.arange(compounds, dtype=np.int32),
                "name": self.compounds,
                "smiles": [None] * compounds,
                "scaffold": [None] * compounds,
                "rows": np.ones(compounds, dtype=np.int32),
            },
            "targets": {
                "id": np.arange(targets, dtype=np.int32),
                "name": [f"t{target}" for target in range(targets)],
                "cells": np.full(targets, compounds, dtype=np.int64),
                "title": [None] * targets,
                "unit": [None] * targets,
            },
            "membership": {
                "fragment": fragment.astype(np.int32),
                "compound": compound.astype(np.int32),
                "count": self.membership[fragment, compound],
            },
            "activity": {
                "compound": np.repeat(np.arange(compounds, dtype=np.int32), targets),
                "target": np.tile(np.arange(targets, dtype=np.int32), compounds),
                "value": self.values.ravel(),
                "weight": np.ones(compounds * targets, dtype=np.float32),
                "relation": [None] * (compounds * targets),
            },
        }
        tables = {table: pa.table(columns, schema=TABLES[table].schema) for table, columns in facts.items()}
        return Activity(
            digest=digest,
            source=source,
            kind=ActivityKind.SIGNED,
            fragments=tables["fragments"],
            compounds=tables["compounds"],
            targets=tables["targets"],
            membership=tables["membership"],
            cells=tables["activity"],
            rejects=TABLES["rejects"].schema.empty_table(),
            ingest={"files": 1, "rows_read": compounds, "rows_used": compounds, "rows_rejected": 0},
        )


def _check(document: Any, name: str) -> _Table:
    """The table of a decoded document; raises InvalidData with everything that is wrong with it."""
    if not isinstance(document, _Members):
        raise InvalidData([Offence(name, None, None, _shown(document), f"is no object with {' and '.join(_FIELDS)}")])
    fields = dict(document)
    offences = list(_field_offences(document, name))
    fragments = fields.get("fragment_comp", _Members())
    interactions = fields.get("comp_target_interaction", [])
    if not isinstance(fragments, _Members):
        offences.append(Offence(name, None, "fragment_comp", _shown(fragments), "is no object fragment name -> row"))
        fragments = _Members()
    rows: list[tuple[str, str, Any]] = []  # name, path, values
    if isinstance(interactions, _Members):
        offences += _name_offences(interactions, "comp_target_interaction", "compound", name)
        rows = [(key, f"comp_target_interaction[{_quoted(key)}]", row) for key, row in interactions]
    elif isinstance(interactions, list):
        rows = [(f"c{index}", f"comp_target_interaction[{index}]", row) for index, row in enumerate(interactions)]
    else:
        offences.append(Offence(name, None, "comp_target_interaction", _shown(interactions), "is no list of rows"))
    offences += _name_offences(fragments, "fragment_comp", "fragment", name)
    for key, row in fragments:
        compounds = len(rows) if rows else None
        offences += _row_offences(row, f"fragment_comp[{_quoted(key)}]", compounds, "compounds", name, zero_or_one=True)
    targets = next((len(row) for _, _, row in rows if type(row) is list), None)
    if targets == 0 and rows:
        offences.append(Offence(name, None, rows[0][1], None, "is empty: there are no targets"))
    for _, path, row in rows:
        offences += _row_offences(row, path, targets, "targets", name, zero_or_one=False)
    if offences:
        raise InvalidData(offences)
    return _Table(
        fragments=[key for key, _ in fragments],
        compounds=[key for key, _, _ in rows],
        membership=np.array([row for _, row in fragments], dtype=np.float32),
        values=np.array([row for _, _, row in rows], dtype=np.float64),
    )


def _field_offences(document: _Members, name: str) -> Iterator[Offence]:
    """Fields that are missing, empty, unknown or there twice."""
    keys = [key for key, _ in document]
    for field in _FIELDS:
        if field not in keys:
            yield Offence(name, None, field, None, "is missing")
    for position, (key, value) in enumerate(document):
        if key in keys[:position]:
            yield Offence(name, None, _printable(key), None, "stands there twice")
        elif key not in _FIELDS:
            yield Offence(name, None, _printable(key), None, f"is unknown: a data file has {' and '.join(_FIELDS)}")
        elif isinstance(value, list) and not value:
            yield Offence(name, None, key, None, "is empty")


def _name_offences(members: _Members, field: str, what: str, name: str) -> Iterator[Offence]:
    seen = set()
    for key, _ in members:
        if key in seen:
            yield Offence(name, None, f"{field}[{_quoted(key)}]", None, f"stands there twice: a {what} has one row")
        seen.add(key)
        if not key.strip():
            yield Offence(name, None, f"{field}[{_quoted(key)}]", None, f"is no name for a {what}")
        elif key != _printable(key):
            yield Offence(name, None, f"{field}[{_quoted(key)}]", None, "is no text: it holds half a surrogate pair")


def _row_offences(row: Any, path: str, length: int | None, what: str, name: str, *, zero_or_one: bool) -> Iterator[Offence]:
    """What is wrong with one row: its type, its length where that is known, its values; 0 and 1 are passed quickly."""
    if type(row) is not list:
        yield Offence(name, None, path, _shown(row), "is no list of numbers")
        return
    if length is not None and len(row) != length:
        yield Offence(name, None, path, None, f"has {len(row):,} values where there are {length:,} {what}")
    for index, value in enumerate(row):
        if type(value) is int and -1 <= value <= 1 and not (zero_or_one and value < 0):
            continue
        if reason := _value_offence(value, zero_or_one=zero_or_one):
            yield Offence(name, None, f"{path}[{index}]", _shown(value), reason)


def _value_offence(value: Any, *, zero_or_one: bool) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "is not a number"
    if isinstance(value, float) and not math.isfinite(value):
        return "is not a finite number"
    if abs(value) > _LIMIT:
        return f"is beyond ±{_LIMIT:,}: no activity is that large"
    if zero_or_one and value not in (0, 1):
        return "is neither 1 (the compound contains the fragment) nor 0"
    return None


def _shown(value: Any) -> str:
    """A JSON value as a user wrote it, or what it is when it is long."""
    if isinstance(value, _Members):
        return "{…}" if value else "{}"
    if isinstance(value, list):
        return "[…]" if value else "[]"
    return _quoted(value) if isinstance(value, str) else json.dumps(value)


def _quoted(key: str) -> str:
    return json.dumps(_printable(key), ensure_ascii=False)


def _printable(text: str) -> str:
    """The text with lone surrogates, which no file or answer can hold, replaced."""
    return text.encode("utf-8", "replace").decode()
