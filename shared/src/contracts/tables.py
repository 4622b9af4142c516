"""The store's tables: their Arrow schemas and partitions, declared once for the writer (Spark) and the readers (Arrow).

Facts are partitioned by `data`, the digest of what was ingested; results by `run`. A partition is written once and never
changed. Ids are int32, dense from 0, and mean the same thing in every table of a data digest.
"""

from dataclasses import dataclass
from typing import Final, Literal

import pyarrow as pa

__all__ = ["TABLES", "Table"]

_TIME = pa.timestamp("us", tz="UTC")
_VECTOR = pa.list_(pa.float32())


def _required(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=False)


def _optional(name: str, kind: pa.DataType) -> pa.Field:
    return pa.field(name, kind, nullable=True)


@dataclass(frozen=True)
class Table:
    """A table of the store."""

    name: str
    partition: Literal["data", "run"] | None
    """The string column, not part of `schema`, that says whose rows these are; None for publications."""
    schema: pa.Schema
    """Columns of the Parquet files, in order."""
    sort: tuple[str, ...]
    """Columns the rows are sorted by before they are written."""


def _table(name: str, partition: Literal["data", "run"] | None, sort: tuple[str, ...], *fields: pa.Field) -> Table:
    return Table(name=name, partition=partition, schema=pa.schema(fields), sort=sort)


TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (
        _table(
            "fragments",
            "data",
            ("id",),
            _required("id", pa.int32()),
            _required("name", pa.string()),  # unique within the data; for molecules the fragment's SMILES
            _optional("smiles", pa.string()),
            _required("support", pa.int32()),  # compounds that contain it
            _optional("scaffolds", pa.int32()),  # distinct Murcko scaffolds among them; null without structures
            _required("shown", pa.bool_()),  # enough evidence to be listed by default
        ),
        _table(
            "compounds",
            "data",
            ("id",),
            _required("id", pa.int32()),
            _required("name", pa.string()),
            _optional("smiles", pa.string()),  # standardised parent
            _optional("scaffold", pa.string()),  # Murcko scaffold; empty for acyclic compounds
            _required("rows", pa.int32()),  # input rows merged into this compound
        ),
        _table(
            "targets",
            "data",
            ("id",),
            _required("id", pa.int32()),
            _required("name", pa.string()),
            _required("cells", pa.int64()),  # stated values; bounds are not among them
            _optional("title", pa.string()),  # what the data call a target that they name by its id
        ),
        _table(
            "membership",
            "data",
            ("fragment", "compound"),
            _required("fragment", pa.int32()),
            _required("compound", pa.int32()),
            _required("count", pa.float32()),  # > 0
        ),
        _table(
            "activity",
            "data",
            ("compound", "target", "relation"),
            _required("compound", pa.int32()),
            _required("target", pa.int32()),
            _required("value", pa.float64()),
            _required("weight", pa.float32()),  # measurements merged into the cell
            # How the value limits what was measured: null and "=" equal it, "~" about, "<" what lies below it, ">" above it.
            # A compound and target have one value and one bound from either side at most.
            _optional("relation", pa.string()),
        ),
        _table(
            "rejects",
            "data",
            ("file", "row"),
            _required("file", pa.string()),
            _required("row", pa.int64()),  # 1 is the first data row
            _optional("column", pa.string()),
            _optional("value", pa.string()),
            _required("reason", pa.string()),
        ),
        _table(
            "runs",
            "run",
            (),
            _required("kind", pa.string()),  # contracts.kinds.RunKind
            _required("data", pa.string()),  # digest: the partition of the facts
            _required("source", pa.string()),  # what the user named: "built-in" or a file name
            _required("activity_kind", pa.string()),
            _required("objective", pa.string()),
            _required("spec", pa.string()),  # JSON: parameters as validated
            _required("ingest", pa.string()),  # JSON: counts of rows read, merged, rejected
            _optional("plan", pa.string()),  # JSON: what every column was taken for and why; null where there are no columns
            _required("metrics", pa.string()),  # JSON: name -> number
            _required("code_version", pa.string()),
            _required("device", pa.string()),  # "cpu", "cuda:0 NVIDIA H200", ...
            _required("started", _TIME),
            _required("finished", _TIME),
            _required("seconds", pa.float64()),
            _required(
                "curve",
                pa.list_(pa.struct([_required("step", pa.int32()), _required("loss", pa.float64())])),
            ),
        ),
        _table(
            "factors",
            "run",
            ("side", "id"),
            _required("side", pa.string()),  # "fragments" or "targets"
            _required("id", pa.int32()),
            _required("vector", _VECTOR),  # canonical: rows of U S (fragments) and V (targets)
            _required("balanced", _VECTOR),  # rows of U sqrt(S) and V sqrt(S)
        ),
        _table(
            "trajectory",
            "run",
            ("step", "fragment"),
            _required("step", pa.int32()),
            _required("fragment", pa.int32()),
            _required("vector", _VECTOR),  # balanced, at most 3 columns: what the playable view shows
        ),
        _table(
            "neighbours",
            "run",
            ("ranking", "fragment", "rank"),
            _required("ranking", pa.string()),  # one of contracts.kinds.RANKINGS: what orders the rows
            _required("fragment", pa.int32()),
            _required("rank", pa.int32()),  # 1 is the nearest
            _required("other", pa.int32()),  # a shown fragment
            _required("function", pa.float32()),  # percent
            _optional("low", pa.float32()),  # 90 % interval of function, where the run has draws
            _optional("high", pa.float32()),
            _required("balanced", pa.float32()),  # percent
            _optional("structure", pa.float32()),
            _optional("coassay", pa.float32()),
            _optional("combined", pa.float32()),
        ),
        _table(
            "draws",
            "run",
            ("fragment",),
            _required("fragment", pa.int32()),
            # Posterior draws of the direction of its effects on all targets: draws x (rank + 2) numbers, little-endian float16,
            # each draw of length 1 (0 where it predicts nothing). The mean of their products is the functional similarity.
            _required("directions", pa.binary()),
            _required("draws", pa.int32()),
        ),
        _table(
            "likeness",
            "run",
            ("fragment",),
            _required("fragment", pa.int32()),
            # Atom environments, rising: the same number for the same environment in every fragment of the run. Their Tanimoto
            # similarity is `structure`; null without a structure.
            _optional("environments", pa.list_(pa.int32())),
            # A row of length 1 (or 0) as its entries above 0 and their targets, rising: inner products are `coassay`.
            _required("targets", pa.list_(pa.int32())),
            _required("coassay", _VECTOR),
            # How much less than others activity changes when this fragment is replaced, and what swaps with other fragments
            # (their ids, rising) show beyond that: both in shares of pairs; null where swaps tell nothing.
            _optional("ease", pa.float32()),
            _optional("exchanged", pa.list_(pa.int32())),
            _optional("exchanges", _VECTOR),
        ),
        _table(
            "ranks",
            "run",
            ("similarity",),
            _required("similarity", pa.string()),  # function and structure, where the run has structures; combined
            # The share of pairs of shown fragments that are less alike than each percent, both rising; linear in between.
            _required("percents", _VECTOR),
            _required("shares", _VECTOR),
            # Without a row for it, `combined` is 100 times the mean of both shares. With one, a pair's score is 100 times the
            # sum of both weighted by this, both fragments' `ease` and the pair's entry in `exchanges`; `combined` is then 100
            # times the share of lower scores. Null in that row.
            _optional("weight", pa.float64()),
        ),
        _table(
            "scores",
            "run",
            ("fragment",),
            _required("fragment", pa.int32()),
            _required("percents", _VECTOR),  # the balanced row in order of fragment id; only up to 2,000 shown fragments
        ),
        _table(
            "publications",
            None,
            (),
            _required("run", pa.string()),
            _required("kind", pa.string()),
            _required("data", pa.string()),
            _required("tables", pa.string()),  # JSON: table name -> Delta version that holds the rows
            _required("artifacts", pa.string()),  # JSON: artifact name -> version
            _required("published", _TIME),
        ),
    )
}
"""Every table of the store by name."""
