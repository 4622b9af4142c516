"""Ingesting tables of molecules and activities: from files to an Activity, read, checked and cut into fragments by Spark."""

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf
from pyspark.sql.pandas.types import from_arrow_schema

from chemistry import FRAGMENTATION_VERSION
from contracts.kinds import ActivityKind
from contracts.tables import TABLES
from trainer.data.activity import Activity, data_digest
from trainer.data.offences import InvalidData, Offence
from trainer.runs.ingest import IngestOptions, OnError
from trainer.spark.collection import collect
from trainer.spark.ingest import vocabulary
from trainer.spark.ingest.facts import facts_of
from trainer.spark.ingest.files import SourceFile, find_files
from trainer.spark.ingest.melting import melt_files
from trainer.spark.ingest.molecules import cut, join_structures
from trainer.spark.ingest.plan import FilePlan, Role
from trainer.spark.ingest.planning import plan_files
from trainer.spark.ingest.records import MOLECULES, RECORDS, Kind
from trainer.spark.pieces import pieces

__all__ = ["digest", "ingest"]

_VERSION: Final = b"molecules 1"
"""Changes whenever the same files and options may give other facts."""
_PIECE_ROWS: Final = 1000
"""Whose molecules take a core a second; a task takes a tenth of one for itself."""


def digest(sources: Sequence[Path], options: IngestOptions) -> str:
    """The digest of what `ingest` would give: of names and bytes of files, options and the fragmentation.

    Raises:
        InvalidData: A source is no file of a known format.
        OSError: It cannot be read.
    """
    return _digest(find_files(sources), options)


def ingest(spark: SparkSession, sources: Sequence[Path], options: IngestOptions) -> Activity:
    """Read files, or the files of directories, of molecules and what they do.

    Every data row is used, or is in the rejects with a reason: `rows_read = rows_used + rows_rejected`.

    Raises:
        InvalidData: Something in the files is wrong; with `on_error=fail` also a molecule that cannot be used.
        OSError: A file cannot be read.
    """
    files = find_files(sources)
    plans = plan_files(files, options)
    tasks = spark.range(0, len(plans), 1, len(plans)).select(sf.col("id").cast("int").alias("file"))
    records = tasks.mapInArrow(partial(melt_files, plans), from_arrow_schema(RECORDS)).cache()
    try:
        told = collect(records.filter(sf.col("kind").isin(Kind.OFFENCE, Kind.REJECT, Kind.FILE)))
        rows_read = _check(told, plans)
        found = collect(_molecules(records, plans, pieces(spark, 1 + rows_read // _PIECE_ROWS)))
    finally:
        records.unpersist()
    spoiled = _rejects(found, plans)
    if spoiled and options.on_error is OnError.FAIL:
        raise InvalidData(spoiled)
    rejects = [*_rejects(told, plans), *spoiled]
    molecules = found.filter(pc.equal(found["kind"], Kind.ACTIVITY))
    facts = facts_of(molecules, options.activity_kind or _stated_kind(plans))
    if not len(facts.fragments) or not len(facts.cells):
        reason = f"leaves nothing to learn from: {len(rejects):,} of {rows_read:,} rows were rejected, "
        reason += f"and {len(facts.fragments):,} fragments are in two compounds or more"
        raise InvalidData([Offence(_named(sources), None, None, None, reason), *rejects])
    declared = {name for plan in plans for name in plan.targets}
    rows_used = pc.sum(pc.list_value_length(molecules["rows"])).as_py()
    if rows_used + len(rejects) != rows_read:
        raise RuntimeError(f"{rows_read} rows were read, but {rows_used} used and {len(rejects)} rejected.")
    return Activity(
        digest=_digest(files, options),
        source=_named(sources),
        kind=facts.kind,
        fragments=facts.fragments,
        compounds=facts.compounds,
        targets=facts.targets,
        membership=facts.membership,
        cells=facts.cells,
        rejects=_rejects_table(rejects),
        ingest={
            "files": len(files),
            "rows_read": rows_read,
            "rows_used": rows_used,
            "rows_rejected": len(rejects),
            "molecules_rejected": len(spoiled),
            "measurements": facts.measurements,
            "cells": len(facts.cells),
            "compounds": len(facts.compounds),
            "targets": len(facts.targets),
            "targets_without_cells": len(declared - {*facts.targets["name"].to_pylist()}),
            "fragments_found": facts.found,
            "fragments": len(facts.fragments),
            "fragments_shown": pc.sum(facts.fragments["shown"]).as_py() or 0,
        },
    )


def _digest(files: Sequence[SourceFile], options: IngestOptions) -> str:
    parts = [_VERSION, FRAGMENTATION_VERSION.encode(), options.model_dump_json().encode()]
    for file in files:
        with Path(file.path).open("rb") as content:
            parts += [file.name.encode("utf-8", "surrogateescape"), hashlib.file_digest(content, "sha256").digest()]
    return data_digest(parts)


def _molecules(records: DataFrame, plans: Sequence[FilePlan], number: int) -> DataFrame:
    """The records that state something, with their molecules; spread so that each SMILES is cut once and all cores work."""
    schema = from_arrow_schema(MOLECULES)
    stating = records.filter(sf.col("kind").isin(Kind.ACTIVITY, Kind.STRUCTURE))
    spread = stating.repartition(number, sf.coalesce("smiles", "compound"))
    molecules = spread.mapInArrow(partial(cut, plans), schema)
    if all(plan.role is not Role.STRUCTURES for plan in plans):
        return molecules
    return molecules.repartition(number, "compound").mapInArrow(partial(join_structures, plans), schema)


def _check(told: pa.Table, plans: Sequence[FilePlan]) -> int:
    """How many rows were read; raises InvalidData where something stops the ingestion."""
    offences, more, rows = [], 0, 0
    for record in told.sort_by([("file", "ascending"), ("first", "ascending")]).to_pylist():
        name = plans[record["file"]].source.name
        if record["kind"] == Kind.OFFENCE and record["reason"] is not None:
            offences.append(Offence(name, record["first"], record["column"], record["value"], record["reason"]))
        elif record["kind"] == Kind.OFFENCE:
            more += record["count"]
        elif record["kind"] == Kind.FILE:
            rows += record["count"]
            if not record["count"]:
                offences.append(Offence(name, None, None, None, "holds no rows"))
    if offences:
        raise InvalidData(offences, len(offences) + more)
    return rows


def _rejects(records: pa.Table, plans: Sequence[FilePlan]) -> list[Offence]:
    """The rejected rows, those of structures first: they are why measurements are rejected."""
    columns = ["file", "first", "column", "value", "reason"]
    rejected = records.filter(pc.equal(records["kind"], Kind.REJECT)).select(columns).to_pylist()
    rejected.sort(key=lambda row: (plans[row["file"]].role is not Role.STRUCTURES, row["file"], row["first"]))
    return [Offence(plans[row["file"]].source.name, *(row[column] for column in columns[1:])) for row in rejected]


def _rejects_table(rejects: Sequence[Offence]) -> pa.Table:
    rows = [
        {"file": one.file, "row": one.row, "column": one.column, "value": one.value, "reason": one.reason} for one in rejects
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["rejects"].schema)


def _stated_kind(plans: Sequence[FilePlan]) -> ActivityKind | None:
    """Real where a file says that it holds pX or concentrations; otherwise the values tell."""
    for plan in plans:
        logarithmic = plan.value is not None and vocabulary.normal(plan.value) in vocabulary.LOGARITHMIC
        if logarithmic or plan.unit is not None or plan.exponent is not None:
            return ActivityKind.REAL
    return None


def _named(sources: Sequence[Path]) -> str:
    return ", ".join(source.name for source in sources)
