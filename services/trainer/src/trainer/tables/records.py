"""Records: what readers of files hand on, such as a molecule's text with all the rows and cells it has in a block."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["CELL", "MOLECULES", "RECORDS", "Kind", "batch_of", "lists_of"]


class Kind(StrEnum):
    """What a record is."""

    ACTIVITY = "activity"
    """A molecule, or a compound whose molecule another file states, with its cells."""
    STRUCTURE = "structure"
    """A compound and its molecule, without cells."""
    REJECT = "reject"
    """A row or a cell that cannot be used, with the reason; `count` is 1 once a row of which nothing is used, else 0."""
    OFFENCE = "offence"
    """Something that stops the ingestion, with the reason; without one, `count` more of them."""
    FILE = "file"
    """A file that was read to its end, and the `count` of its rows."""


CELL: Final = pa.struct(
    [
        pa.field("target", pa.string()),  # `series.Series.text`
        pa.field("value", pa.float64()),
        pa.field("relation", pa.int8()),  # `cells.Relation`; null is exact
        pa.field("row", pa.int64()),  # that states it
    ]
)
RECORDS: Final = pa.schema(
    [
        ("kind", pa.string()),
        ("file", pa.int32()),
        ("first", pa.int64()),  # the least of the rows
        ("rows", pa.list_(pa.int64())),  # 1 is the first data row
        ("compound", pa.string()),
        ("smiles", pa.string()),  # null where another file states the molecule
        ("cells", pa.list_(CELL)),
        ("column", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("count", pa.int64()),
    ]
)
"""Columns that a kind of record does not use are null."""
MOLECULES: Final = pa.schema(
    [
        *RECORDS,
        ("parent", pa.string()),  # null where the molecule cannot be used
        ("scaffold", pa.string()),
        ("fragments", pa.list_(pa.string())),
    ]
)
"""Records whose molecules were standardised and cut."""


def batch_of(kind: Kind, file: int, length: int, **columns: pa.Array | Sequence[Any]) -> pa.RecordBatch:
    """`length` records of one kind and file with the given columns."""
    given: dict[str, Any] = {"kind": [kind.value] * length, "file": [file] * length, **columns}
    arrays = [
        given[field.name]
        if isinstance(given.get(field.name), pa.Array)
        else pa.array(given.get(field.name, [None] * length), field.type)
        for field in RECORDS
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=RECORDS)


def lists_of(values: pa.Array, lengths: npt.NDArray[np.int64]) -> pa.Array:
    """Consecutive values as lists of the given lengths."""
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values)
