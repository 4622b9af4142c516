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
            _optional("unit", pa.string()),  # of its values: pIC50, ..., pX, %; null where nothing says
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
            _optional("change_unit", pa.string()),  # contracts.kinds.ChangeUnit; null where the run tells no changes
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
            _optional("function", pa.float32()),  # percent: how often activity is kept; in runs of counts a cosine
            _optional("low", pa.float32()),  # 90 % interval of function, where the run has measured replacements
            _optional("high", pa.float32()),
            _optional("balanced", pa.float32()),  # percent, in runs of counts
            _optional("structure", pa.float32()),
            _optional("coassay", pa.float32()),
            # By how much activity is expected to change when the other takes the fragment's place, in the run's change_unit,
            # its 90 % interval, and how many pairs of compounds were measured.
            _optional("change", pa.float32()),
            _optional("change_low", pa.float32()),
            _optional("change_high", pa.float32()),
            _optional("swaps", pa.int32()),
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
        ),
        _table(
            "replacements",
            "run",
            ("first", "second"),
            _required("first", pa.string()),  # names of groups: of fragments, and of what single cuts take off, hydrogen too
            _required("second", pa.string()),
            _required("measurements", pa.int32()),  # pairs of compounds that differ by this replacement
            # Of their absolute differences; null where there are none. Changes are in the run's change_unit.
            _optional("mean_change", pa.float64()),
            _optional("mean_difference", pa.float64()),  # of value(second) - value(first)
            _required("expected", pa.float64()),  # absolute change, with its 90 % interval
            _required("low", pa.float64()),
            _required("high", pa.float64()),
            _required("percent", pa.float64()),  # how often activity is kept
            _required("basis", pa.string()),  # replacement.evidence.Basis
        ),
        _table(
            "swaps",
            "run",
            ("first", "second", "target"),
            _required("first", pa.string()),
            _required("second", pa.string()),
            _required("target", pa.int32()),
            _required("first_compound", pa.int32()),
            _required("second_compound", pa.int32()),
            _required("difference", pa.float64()),  # value of the second compound - value of the first
        ),
        _table(
            "scores",
            "run",
            ("fragment",),
            _required("fragment", pa.int32()),
            # A row in order of fragment id, of at most 2,000 shown fragments: balanced, or function of measured replacements.
            _required("percents", _VECTOR),
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
