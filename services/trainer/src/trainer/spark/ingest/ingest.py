"""Ingesting tables of molecules and activities: from files to an Activity, read, checked and cut into fragments by Spark."""

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf
from pyspark.sql.pandas.types import from_arrow_schema

from chemistry import FRAGMENTATION_VERSION
from trainer.data.activity import Activity, data_digest
from trainer.runs.ingest import IngestOptions
from trainer.spark.collection import collect
from trainer.spark.ingest.assembly import assemble, rows_read
from trainer.spark.ingest.molecules import cut, join_structures
from trainer.spark.pieces import pieces
from trainer.tables.files import find_files
from trainer.tables.melting import melt_files
from trainer.tables.plan import FilePlan, Role
from trainer.tables.records import MOLECULES, RECORDS, Kind
from trainer.tables.source import SourceFile

__all__ = ["digest", "ingest"]

_VERSION: Final = b"molecules 2"
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


def ingest(spark: SparkSession, plans: Sequence[FilePlan], options: IngestOptions, *, source: str) -> Activity:
    """Read the files of `plans` (`trainer.spark.intake.plan`), of molecules and what they do; `source` names them to people.

    Every data row is used, or is in the rejects with a reason: `rows_read = rows_used + rows_rejected`.

    Raises:
        InvalidData: Something in the files is wrong; with `on_error=skip` only what is wrong with a file as a whole.
        OSError: A file cannot be read.
    """
    tasks = spark.range(0, len(plans), 1, len(plans)).select(sf.col("id").cast("int").alias("file"))
    records = tasks.mapInArrow(partial(melt_files, plans), from_arrow_schema(RECORDS)).cache()
    try:
        told = collect(records.filter(sf.col("kind").isin(Kind.OFFENCE, Kind.REJECT, Kind.FILE)))
        rows = rows_read(told, plans)
        found = collect(_molecules(records, plans, pieces(spark, 1 + rows // _PIECE_ROWS)))
    finally:
        records.unpersist()
    named = _digest([plan.source for plan in plans], options)
    return assemble(told, found, plans, options, digest=named, source=source)


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
