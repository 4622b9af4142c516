"""Intake: one door for every kind of data, small complete tables and tables of molecules alike."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trainer.data import seed_table
from trainer.data.activity import Activity
from trainer.runs.ingest import IngestOptions
from trainer.tables.files import find_files
from trainer.tables.planning import plan_files

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["check", "digest", "is_seed_table", "read"]

_SEED_SUFFIX: Final = ".json"


def is_seed_table(paths: Sequence[Path]) -> bool:
    """Are these the built-in data (no path) or a table in the seed's format, which need no Spark to be read?"""
    return not paths or (len(paths) == 1 and paths[0].suffix == _SEED_SUFFIX)


def read(paths: Sequence[Path], options: IngestOptions, spark: Callable[[], "SparkSession"]) -> Activity:
    """What the data state; `spark` is asked for its session only where molecules are to be read.

    Raises:
        InvalidData: They cannot be used.
    """
    if is_seed_table(paths):
        return seed_table.read(paths[0]) if paths else seed_table.built_in()
    session = spark()
    from trainer.spark.ingest.ingest import ingest  # noqa: PLC0415 - loads pyspark

    return ingest(session, paths, options)


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
        files = find_files(paths)
        if options is not None:
            plan_files(files, options)
