"""ingest: from files to an Activity through Spark; nothing is lost silently, and bad input dies at the door."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession
from tests.support.ingesting import ingested
from tests.support.tasks import tasks

from chemistry import fragment
from contracts.kinds import ActivityKind
from trainer.data.activity import Activity
from trainer.data.offences import InvalidData
from trainer.runs.ingest import IngestOptions
from trainer.spark.ingest.ingest import digest

ROWS = [
    ("CCOc1ccccc1", "5.5", ""),
    ("CCOc1ccccc1C", "6.5", "7"),
    ("c1ccccc1C(=O)NC", "", "4"),
    ("CCOc1ccccc1", "6.5", ""),  # the first again
    ("C[C@H](N)C(=O)O.Cl", "4", ""),
    ("C[C@@H](N)C(=O)[O-]", "5", ""),  # the same parent
    ("CC", "", ""),  # nothing measured
]


def a_table(path: Path, rows: list[tuple[str, str, str]] = ROWS) -> Path:
    path.write_text("smiles,T2,T1\n" + "".join(",".join(row) + "\n" for row in rows))
    return path


def adds_up(activity: Activity) -> bool:
    """Whether every row that was read is in a compound or among the rejects."""
    used, rejected = sum(activity.compounds["rows"].to_pylist()), len(activity.rejects) - activity.ingest["cells_rejected"]
    counts = activity.ingest
    return (counts["rows_used"], counts["rows_rejected"], counts["rows_read"]) == (used, rejected, used + rejected)


def failure(spark: SparkSession, *paths: Path, **options: Any) -> InvalidData:
    with pytest.raises(InvalidData) as caught:
        ingested(spark, paths, IngestOptions(**options))
    return caught.value


@pytest.mark.spark
def test_a_wide_table_becomes_an_activity(spark: SparkSession, tmp_path: Path) -> None:
    path = a_table(tmp_path / "assays.csv")
    activity = ingested(spark, [path], IngestOptions())
    assert (activity.source, activity.kind) == ("assays.csv", ActivityKind.REAL)
    assert activity.digest == digest([path], IngestOptions())
    parents = sorted({fragment(smiles).parent for smiles, *_ in ROWS[:-1]})
    assert activity.compounds["smiles"].to_pylist() == parents
    assert activity.targets["name"].to_pylist() == ["T1", "T2"]
    cells = {
        (parents[cell["compound"]], cell["target"]): (cell["value"], cell["weight"]) for cell in activity.cells.to_pylist()
    }
    assert cells[fragment("CCOc1ccccc1").parent, 1] == (6.0, 2)
    assert cells[fragment("CC(N)C(=O)O").parent, 1] == (4.5, 2)
    assert activity.rejects.to_pylist() == [
        {"file": "assays.csv", "row": 7, "column": None, "value": None, "reason": "states no activity"}
    ]
    assert adds_up(activity)
    assert activity.ingest["measurements"] == 7
    assert activity.ingest["targets_without_cells"] == 0
    assert activity.ingest["cells"] == 5


@pytest.mark.spark
def test_counts_are_sums_over_the_compounds_that_contain_a_fragment(spark: SparkSession, tmp_path: Path) -> None:
    activity = ingested(spark, [a_table(tmp_path / "assays.csv")], IngestOptions())
    membership_FC = np.zeros((len(activity.fragments), len(activity.compounds)))
    for row, smiles in enumerate(activity.compounds["smiles"].to_pylist()):
        for name in fragment(smiles).fragments:
            if name in activity.names:
                membership_FC[activity.names.index(name), row] = 1
    values_CT = np.zeros((len(activity.compounds), 2))
    for cell in activity.cells.to_pylist():
        values_CT[cell["compound"], cell["target"]] = cell["value"]
    np.testing.assert_allclose(activity.counts_FT().toarray(), membership_FC @ values_CT)
    assert activity.fragments["support"].to_pylist() == membership_FC.sum(axis=1).tolist()


@pytest.mark.spark
def test_several_files_and_a_directory_state_one_activity(spark: SparkSession, tmp_path: Path) -> None:
    whole = ingested(spark, [a_table(tmp_path / "assays.csv")], IngestOptions())
    parts = tmp_path / "parts"
    parts.mkdir()
    a_table(parts / "a.csv", ROWS[:3])
    (parts / "b.csv.gz").write_bytes(gzip.compress(a_table(tmp_path / "b.csv", ROWS[3:]).read_bytes()))
    (parts / "README.md").write_text("not data")
    split = ingested(spark, [parts], IngestOptions())
    for name in ("fragments", "compounds", "targets", "membership", "cells"):
        assert getattr(split, name).equals(getattr(whole, name)), name
    assert [(reject["file"], reject["row"]) for reject in split.rejects.to_pylist()] == [("b.csv.gz", 4)]
    assert adds_up(split)
    assert split.ingest["files"] == 2
    assert split.digest != whole.digest


@pytest.mark.spark
def test_long_rows_state_what_a_wide_table_states(spark: SparkSession, tmp_path: Path) -> None:
    wide = ingested(spark, [a_table(tmp_path / "assays.csv")], IngestOptions())
    cells = [(smiles, target, value) for smiles, *values in ROWS for target, value in zip(("T2", "T1"), values, strict=True)]
    lines = [",".join(cell) for cell in cells if cell[2]]
    (tmp_path / "long.csv").write_text("smiles,target,pIC50\n" + "\n".join(lines) + "\n")
    long = ingested(spark, [tmp_path / "long.csv"], IngestOptions())
    for name in ("fragments", "membership", "cells"):
        assert getattr(long, name).equals(getattr(wide, name)), name
    assert long.targets.drop(["unit"]).equals(wide.targets.drop(["unit"]))
    assert long.targets["unit"].to_pylist() == ["pIC50", "pIC50"]  # which the header of its one column says
    assert adds_up(long)


@pytest.mark.spark
def test_measurements_are_joined_to_structures_in_another_file(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "chemicals.tsv").write_text("chemical_id\tSMILES\na\tCCOc1ccccc1\nb\tCCOc1ccccc1C\nc\tCC(\nd\tCCO\n")
    (tmp_path / "dti.tsv").write_text("Chem_ID\tGene\na\tG1\nb\tG1\nb\tG2\nc\tG1\nx\tG1\n")
    sources = [tmp_path / "chemicals.tsv", tmp_path / "dti.tsv"]
    activity = ingested(spark, sources, IngestOptions(on_error="skip"))
    assert activity.kind is ActivityKind.POSITIVES
    assert activity.compounds["name"].to_pylist() == ["a", "b"]
    assert activity.targets["name"].to_pylist() == ["G1", "G2"]
    assert len(activity.cells) == 3
    assert [(row["file"], row["row"]) for row in activity.rejects.to_pylist()] == [
        ("chemicals.tsv", 3),
        ("chemicals.tsv", 4),
        ("dti.tsv", 4),
        ("dti.tsv", 5),
    ]
    assert adds_up(activity)
    error = failure(spark, *sources)
    assert str(error).startswith("chemicals.tsv, row 3, SMILES: CC( ")
    assert error.total == 4


@pytest.mark.spark
def test_an_unparsable_molecule_stops_the_ingestion_unless_it_may_be_skipped(spark: SparkSession, tmp_path: Path) -> None:
    path = a_table(tmp_path / "assays.csv", [*ROWS, ("C1CC", "5", ""), ("no molecule", "5", "")])
    error = failure(spark, path)
    assert [(offence.row, offence.column, offence.value) for offence in error.offences] == [
        (8, "smiles", "C1CC"),
        (9, "smiles", "no molecule"),
    ]
    activity = ingested(spark, [path], IngestOptions(on_error="skip"))
    assert activity.ingest["molecules_rejected"] == 2
    assert activity.rejects["row"].to_pylist() == [7, 8, 9]
    assert adds_up(activity)


@pytest.mark.spark
def test_a_cell_that_is_no_number_stops_the_ingestion_unless_it_may_be_skipped(spark: SparkSession, tmp_path: Path) -> None:
    path = a_table(tmp_path / "assays.csv", [*ROWS, ("CCC", "abc", "4"), ("CCO", "x", "NaN"), ("CCN", ">5", "6")])
    error = failure(spark, path)
    assert [(offence.row, offence.column, offence.value) for offence in error.offences] == [(8, "T2", "abc"), (9, "T2", "x")]
    activity = ingested(spark, [path], IngestOptions(on_error="skip"))
    assert activity.rejects["row"].to_pylist() == [7, 8, 9]
    assert (activity.ingest["rows_rejected"], activity.ingest["cells_rejected"], activity.ingest["bounds"]) == (2, 1, 1)
    assert len(activity.tables["activity"]) == len(activity.cells) + 1
    assert adds_up(activity)


@pytest.mark.spark
def test_the_first_20_offences_are_listed_and_all_counted(spark: SparkSession, tmp_path: Path) -> None:
    error = failure(spark, a_table(tmp_path / "assays.csv", [("CCC", "abc", "1.5")] * 50 + [("CCC", "5.5", "1.5")] * 60))
    assert [offence.row for offence in error.offences] == list(range(1, 21))
    assert error.total == 50
    assert str(error) == "assays.csv, row 1, T2: abc is not a number (and 49 more offences)"


@pytest.mark.spark
def test_a_table_without_rows_or_without_anything_to_learn_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    assert str(failure(spark, a_table(tmp_path / "a.csv", []))) == "a.csv: holds no rows"
    alone = failure(spark, a_table(tmp_path / "b.csv", [("CCOc1ccccc1", "5", "")]))
    assert str(alone).startswith("b.csv: leaves nothing to learn from: 0 of 1 rows were rejected, and 0 fragments")


@pytest.mark.spark
def test_the_facts_do_not_depend_on_the_number_of_pieces(
    most_pieces: Callable[[int], None], spark: SparkSession, tmp_path: Path
) -> None:
    structures = [f"c{number},{'C' * (number % 40)}CCOc1ccccc1{'O' * (number % 3 == 0)}" for number in range(1500)]
    measurements = [f"c{number % 1600},t{number % 7},{number % 5 + number / 4}" for number in range(2500)]
    (tmp_path / "chemicals.csv").write_text("\n".join(["compound,smiles", *structures, ""]))
    (tmp_path / "activities.csv").write_text("\n".join(["compound,target,value", *measurements, ""]))
    found = []
    for limit in (1, 3, 200):
        most_pieces(limit)
        found.append(ingested(spark, [tmp_path], IngestOptions(on_error="skip")))
    assert len(found[0].rejects)
    for other in found[1:]:
        assert other.ingest == found[0].ingest
        assert other.tables.keys() == found[0].tables.keys()
        assert all(table.equals(found[0].tables[name]) for name, table in other.tables.items())


@pytest.mark.spark
def test_little_data_are_few_tasks_however_many_a_cluster_would_make(
    most_pieces: Callable[[int], None], spark: SparkSession, tmp_path: Path
) -> None:
    most_pieces(200)
    table = a_table(tmp_path / "assays.csv")
    assert 2 <= tasks(spark, lambda: ingested(spark, [table], IngestOptions())) <= 4


@pytest.mark.spark
def test_units_make_data_real(spark: SparkSession, tmp_path: Path) -> None:
    rows = [(smiles, "100000000" if value else "", "") for smiles, value, _ in ROWS]  # 1 nM is 9, 0.1 M is 1
    activity = ingested(spark, [a_table(tmp_path / "a.csv", rows)], IngestOptions(unit="nM"))
    assert activity.kind is ActivityKind.REAL
    assert set(activity.cells["value"].to_pylist()) == {1.0}


def test_the_digest_is_that_of_names_bytes_and_options(tmp_path: Path) -> None:
    path = a_table(tmp_path / "a.csv")
    first = digest([path], IngestOptions())
    assert first == digest([path], IngestOptions())
    assert first != digest([path], IngestOptions(on_error="skip"))
    assert first != digest([a_table(tmp_path / "b.csv")], IngestOptions())
    assert first != digest([a_table(path, ROWS[:3])], IngestOptions())
