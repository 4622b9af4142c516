"""The one Spark session that all tests of the trainer share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from trainer.lake.session import Session


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A quick local session; tests that take it carry the marker `spark`."""
    cache: Path = tmp_path_factory.mktemp("cache")
    with Session(cache, master="local[2]") as session:
        yield session.spark()
