"""Files of molecules, planned and read in one."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.data.activity import Activity
from trainer.runs.ingest import IngestOptions
from trainer.spark import intake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["ingested"]


def ingested(spark: "SparkSession", paths: Sequence[Path], options: IngestOptions) -> Activity:
    """What the files state."""
    return intake.read(paths, options, lambda: spark)
