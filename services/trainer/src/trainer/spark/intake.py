"""Intake: one door for every kind of data, small complete tables and tables of molecules alike."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.kinds import Objective
from trainer.data import seed_table
from trainer.data.activity import Activity
from trainer.runs.ingest import IngestOptions
from trainer.tables import files
from trainer.tables.plan import FilePlan
from trainer.tables.planning import plan_files

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["check", "digest", "is_seed_table", "objective_of", "plan", "read"]


def is_seed_table(paths: Sequence[Path]) -> bool:
    """Are these the built-in data (no path) or a table in the seed's format, which need no Spark to be read?"""
    return not paths or (len(paths) == 1 and files.is_seed_table(paths[0]))


def objective_of(paths: Sequence[Path]) -> Objective:
    """What is fitted to these data where nobody says: activity to tables of molecules, counts to the seed's."""
    return Objective.COUNTS if is_seed_table(paths) else Objective.ACTIVITY


def plan(paths: Sequence[Path], options: IngestOptions) -> list[FilePlan]:
    """How the files will be read; none where they are in the seed's format, which leaves no choice.

    Raises:
        InvalidData: What a column states is a question, or something that is needed is not there.
        OSError: A file cannot be read.
    """
    return [] if is_seed_table(paths) else plan_files(files.find_files(paths), options)


def read(
    paths: Sequence[Path],
    options: IngestOptions,
    spark: Callable[[], "SparkSession"],
    plans: Sequence[FilePlan] | None = None,
) -> Activity:
    """What the data state, by their `plan` if it was made; `spark` is asked for its session only for molecules.

    Raises:
        InvalidData: They cannot be used.
    """
    if is_seed_table(paths):
        return seed_table.read(paths[0]) if paths else seed_table.built_in()
    plans = plan(paths, options) if plans is None else plans
    session = spark()
    from trainer.spark.ingest.ingest import ingest  # noqa: PLC0415 - loads pyspark

    return ingest(session, plans, options, source=", ".join(path.name for path in paths))


def digest(paths: Sequence[Path], options: IngestOptions) -> str:
    """The digest that the facts of these data have or will have.

    Raises:
        InvalidData: A table in the seed's format cannot be used.
    """
    if is_seed_table(paths):
        return (seed_table.read(paths[0]) if paths else seed_table.built_in()).digest
    from trainer.spark.ingest import ingest  # noqa: PLC0415 - loads pyspark

    return ingest.digest(paths, options)


def check(paths: Sequence[Path], options: IngestOptions | None) -> None:
    """Refuse data that can be seen to be of no use without Spark: tables in the seed's format are read, others looked into.

    Without `options`, which are chosen later, columns are not asked for.

    Raises:
        InvalidData: They cannot be used.
        OSError: A file cannot be read.
    """
    if is_seed_table(paths):
        for path in paths:
            seed_table.read(path)
    else:
        found = files.find_files(paths)
        if options is not None:
            plan_files(found, options)
