"""ingest on real assay tables: the numbers their authors state come out."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.support.ingesting import ingested

from contracts.kinds import ActivityKind
from trainer.data.offences import InvalidData
from trainer.runs.ingest import IngestOptions

pytestmark = [pytest.mark.spark, pytest.mark.data]


@pytest.mark.slow
def test_tox21_is_binary_and_its_unusable_molecules_are_listed(spark: SparkSession, shared_data: Path) -> None:
    source = [shared_data / "activity" / "tox21" / "tox21.csv.gz"]
    with pytest.raises(InvalidData, match=r"tox21.csv.gz, row \d+, smiles: "):
        ingested(spark, source, IngestOptions())
    activity = ingested(spark, source, IngestOptions(on_error="skip"))
    assert activity.kind is ActivityKind.BINARY
    assert len(activity.targets) == 12
    counts = activity.ingest
    assert counts["rows_read"] == 8014
    assert counts["rows_used"] + counts["rows_rejected"] == 8014
    assert counts["rows_rejected"] == counts["molecules_rejected"]
    assert counts["rows_rejected"] + counts["cells_rejected"] == len(activity.rejects)
    contradicted = [reason for reason in activity.rejects["reason"].to_pylist() if reason.startswith("is contradicted")]
    assert len(contradicted) == counts["cells_rejected"] > 0, "assays run twice that disagree leave the cell out, and only that"
    assert counts["rows_used"] == sum(activity.compounds["rows"].to_pylist())


@pytest.mark.slow
def test_zinc_is_positives_joined_from_two_files(spark: SparkSession, shared_data: Path) -> None:
    activity = ingested(spark, [shared_data / "activity" / "zinc_dti"], IngestOptions(on_error="skip"))
    assert activity.kind is ActivityKind.POSITIVES
    assert set(activity.cells["value"].to_pylist()) == {1.0}
    counts = activity.ingest
    assert counts["rows_read"] == 12_422 + 31_735
    assert counts["rows_used"] + counts["rows_rejected"] == counts["rows_read"]
    assert len(activity.targets) > 2_600
