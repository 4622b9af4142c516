"""Screening: a library of molecules is read, scored and written as Parquet by Spark's workers, a row a molecule and target."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as sf
from pyspark.sql.pandas.types import from_arrow_schema

from trainer.data.library import LIBRARY, SCORES
from trainer.data.offences import SHOWN_OFFENCES, InvalidData, Offence
from trainer.spark.collection import collect
from trainer.tables import vocabulary
from trainer.tables.blocks import Wanted, blocks
from trainer.tables.plan import FilePlan, Role
from trainer.tables.source import SourceFile

__all__ = ["Score", "plan_library", "read_library", "rejects", "write_best", "write_scores"]

Score = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]
_RANK: Final = "rank"
_PIECE_BYTES: Final = 2**17
"""Of a library's files: some thousand molecules, which take a core seconds."""
_PIECES: Final = 4096


def plan_library(files: Sequence[SourceFile], *, smiles_column: str | None, compound_column: str | None) -> list[FilePlan]:
    """How files of molecules are read: by the columns that are named, else by those whose names say what they are.

    Raises:
        InvalidData: A column that is needed or was named is not there.
    """
    offences: list[Offence] = []
    plans = []
    for index, file in enumerate(files):
        named = [column for column in (smiles_column, compound_column) if column is not None]
        unknown = [column for column in named if column not in file.columns]
        offences += [Offence(file.name, None, column, None, "is unknown: there is no such column") for column in unknown]
        words = (*vocabulary.SMILES, *vocabulary.INCHI)
        smiles = smiles_column or vocabulary.find(words, file.columns)
        others = [column for column in file.columns if column != smiles]
        if smiles is None:
            offences.append(Offence(file.name, None, None, None, f"has no SMILES column among {', '.join(others[:8])}"))
        compound = compound_column or vocabulary.find(vocabulary.COMPOUND, others)
        plans.append(FilePlan(index, file, Role.STRUCTURES, smiles=smiles, compound=compound))
    if offences:
        raise InvalidData(offences)
    return plans


def read_library(spark: SparkSession, plans: Sequence[FilePlan]) -> DataFrame:
    """The molecules of the files, spread over the workers; call `unpersist` when they are no longer needed.

    Raises:
        InvalidData: A file cannot be read to its end, or rows of it are ragged.
    """
    tasks = spark.range(0, len(plans), 1, len(plans))
    pieces = min(1 + sum(Path(plan.source.path).stat().st_size for plan in plans) // _PIECE_BYTES, _PIECES)
    library = tasks.mapInArrow(partial(_read, plans), from_arrow_schema(LIBRARY)).repartition(pieces).persist()
    try:
        _refuse(library, plans)
    except InvalidData:
        library.unpersist()
        raise
    return library


def write_scores(library: DataFrame, score: Score, directory: Path) -> None:
    """Let the workers score the molecules and write what they find into a directory that does not exist yet."""
    library.mapInArrow(score, from_arrow_schema(SCORES)).write.parquet(f"file://{directory}")


def write_best(spark: SparkSession, scores: Path, directory: Path, *, best: int) -> None:
    """Of written scores, the `best` highest of each target with their `rank`, and the molecules that have none."""
    found = spark.read.parquet(f"file://{scores}")
    order = Window.partitionBy("target").orderBy(sf.desc("prediction"), "file", "row")
    ranked = found.filter("reason is null").withColumn(_RANK, sf.row_number().over(order)).filter(sf.col(_RANK) <= best)
    refused = found.filter("reason is not null").withColumn(_RANK, sf.lit(None).cast("int"))
    whole = ranked.union(refused).coalesce(1).sort(sf.asc_nulls_last("target"), _RANK, "file", "row")
    whole.write.parquet(f"file://{directory}")


def rejects(spark: SparkSession, scores: Path, plans: Sequence[FilePlan]) -> tuple[list[Offence], int]:
    """The first molecules that could not be scored, and how many there are."""
    columns = {plan.source.name: plan.smiles for plan in plans}
    refused = spark.read.parquet(f"file://{scores}").filter("reason is not null")
    listed = collect(refused.orderBy("file", "row").limit(SHOWN_OFFENCES)).to_pylist()
    offences = [Offence(row["file"], row["row"], columns[row["file"]], row["smiles"], row["reason"]) for row in listed]
    return offences, refused.count()


def _refuse(library: DataFrame, plans: Sequence[FilePlan]) -> None:
    """Raise InvalidData where something is wrong with a file itself."""
    wrong = library.filter("reason is not null")
    listed = collect(wrong.orderBy("file", "row").limit(SHOWN_OFFENCES)).to_pylist()
    if listed:
        offences = [Offence(row["file"], row["row"], None, row["smiles"], row["reason"]) for row in listed]
        raise InvalidData(offences, wrong.count())
    if not library.count():
        raise InvalidData([Offence(", ".join(plan.source.name for plan in plans), None, None, None, "states no molecule")])


def _read(plans: Sequence[FilePlan], batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows of the files whose numbers come in, for `mapInArrow`; flaws are rows with a reason."""
    for batch in batches:
        for index in batch.column(0).to_pylist():
            plan = plans[index]
            for block in blocks(plan.source, Wanted(plan.columns)):
                flaws = [
                    {"file": plan.source.name, "row": flaw.row, "smiles": flaw.value, "reason": flaw.reason}
                    for flaw in block.flaws
                ]
                yield pa.RecordBatch.from_pylist(flaws, schema=LIBRARY)
                if block.columns:
                    yield _molecules(plan, block.columns, block.rows)


def _molecules(plan: FilePlan, columns: dict[str, pa.Array], rows: npt.NDArray[np.int64]) -> pa.RecordBatch:
    smiles = columns[str(plan.smiles)]
    found = {
        "file": pa.repeat(plan.source.name, len(smiles)),
        "row": pa.array(rows, pa.int64()),
        "compound": columns[plan.compound] if plan.compound is not None else pa.nulls(len(smiles), pa.string()),
        "smiles": smiles.fill_null(""),
        "reason": pa.nulls(len(smiles), pa.string()),
    }
    return pa.RecordBatch.from_arrays([found[name] for name in LIBRARY.names], schema=LIBRARY)
