"""A screen writes what a run predicts of a library as a whole, or nothing."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from tests.support.molecules import write_assays, write_library
from tests.support.reports import SteppingReport

from contracts.kinds import Objective
from trainer.data.offences import InvalidData
from trainer.data.sources import DataNotFound
from trainer.pipelines.factors import train
from trainer.pipelines.screening import Screened, Screening, screen
from trainer.runs.ingest import OnError
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def state(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory with two published runs."""
    directory = tmp_path_factory.mktemp("screens")
    assays = write_assays(directory / "assays.csv")
    for rank in (1, 2):
        spec = FactorsSpec(kind="factors", sources=(str(assays),), objective=Objective.COUNTS, rank=rank)
        train(spec, Settings(state=directory / "state"), SteppingReport(), run=f"factors-{rank}", spark=spark)
    write_library(directory / "library.csv")
    return directory / "state"


def screened(state: Path, spark: SparkSession, out: Path, **asked: object) -> Screened:
    given = {"data": (state.parent / "library.csv",), "out": out, "on_error": OnError.SKIP, **asked}
    return screen(Screening(**given), Settings(state=state), SteppingReport(), spark=spark)  # type: ignore[arg-type]  # by test


def test_every_molecule_is_scored_on_every_target_by_the_newest_run_or_has_a_reason(
    state: Path, spark: SparkSession, tmp_path: Path
) -> None:
    told = screened(state, spark, tmp_path / "scores.parquet")
    assert told == Screened("factors-2", str(tmp_path / "scores.parquet"), "sum", 23, 1, 2)
    rows = pq.read_table(tmp_path / "scores.parquet").to_pylist()
    assert Counter(row["row"] for row in rows) == {**dict.fromkeys(range(1, 23), 2), 23: 1}
    refused = [(row["compound"], row["smiles"], row["reason"]) for row in rows if row["reason"] is not None]
    assert refused == [("m23", "C(", "not a SMILES")]
    assert [path.name for path in tmp_path.iterdir()] == ["scores.parquet"]


def test_another_run_predicts_something_else(state: Path, spark: SparkSession, tmp_path: Path) -> None:
    predictions = []
    for run in ("factors-1", "factors-2"):
        screened(state, spark, tmp_path / run, run=run)
        table = pq.read_table(tmp_path / run).sort_by([("row", "ascending"), ("target", "ascending")])
        predictions.append(table["prediction"].to_pylist())
    assert predictions[0] != predictions[1]


def test_the_best_of_each_target_are_ranked_and_what_has_no_score_stays(
    state: Path, spark: SparkSession, tmp_path: Path
) -> None:
    screened(state, spark, tmp_path / "all")
    everything = [row for row in pq.read_table(tmp_path / "all").to_pylist() if row["reason"] is None]
    screened(state, spark, tmp_path / "best", best=3)
    rows = pq.read_table(tmp_path / "best").to_pylist()
    for target in ("t1", "t2"):
        highest = sorted(
            (row for row in everything if row["target"] == target), key=lambda row: (-row["prediction"], row["row"])
        )
        mine = sorted((row["rank"], row["row"]) for row in rows if row["target"] == target)
        assert mine == [(rank, row["row"]) for rank, row in enumerate(highest[:3], start=1)]
    assert [(row["target"], row["rank"], row["row"]) for row in rows[-2:]] == [("t2", 3, rows[-2]["row"]), (None, None, 23)]


def test_a_target_may_be_scored_alone(state: Path, spark: SparkSession, tmp_path: Path) -> None:
    assert screened(state, spark, tmp_path / "t2", targets=("t2",)).targets == 1
    assert set(pq.read_table(tmp_path / "t2")["target"].drop_null().to_pylist()) == {"t2"}


def test_a_molecule_that_cannot_be_read_stops_it_and_is_named(state: Path, spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(InvalidData, match=r"library\.csv, row 23, smiles: C\( not a SMILES"):
        screened(state, spark, tmp_path / "scores", on_error=OnError.FAIL)
    assert list(tmp_path.iterdir()) == []


def test_a_broken_file_stops_it_whatever_is_skipped(state: Path, spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "ragged.csv").write_text("smiles,id\nCCO,1\nCCN\n")
    with pytest.raises(InvalidData, match=r"ragged\.csv, row 2: .* has 1 values where there are 2 columns"):
        screened(state, spark, tmp_path / "scores", data=(tmp_path / "ragged.csv",))
    (tmp_path / "empty.csv").write_text("smiles,id\n")
    with pytest.raises(InvalidData, match="states no molecule"):
        screened(state, spark, tmp_path / "scores", data=(tmp_path / "empty.csv",))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"run": "factors-9"}, "factors-9: no run of factors"),
        ({"data": (Path("/no/such/file.csv"),)}, "no such file"),
        ({"targets": ("t1", "t9")}, "t9 is no target of this run"),
        ({"smiles_column": "structure"}, "is unknown: there is no such column"),
    ],
)
def test_what_is_not_there_is_named(
    state: Path, spark: SparkSession, tmp_path: Path, asked: dict[str, object], said: str
) -> None:
    with pytest.raises((DataNotFound, InvalidData), match=said):
        screened(state, spark, tmp_path / "scores", **asked)
    assert list(tmp_path.iterdir()) == []


def test_what_lies_there_already_is_not_touched(state: Path, spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "scores").write_text("mine")
    with pytest.raises(InvalidData, match="scores: exists already"):
        screened(state, spark, tmp_path / "scores")
    assert (tmp_path / "scores").read_text() == "mine"


def commanded(state: Path, out: Path, *options: str) -> str:
    """What `ntdemo-train score` prints to standard output."""
    command = [sys.executable, "-m", "trainer.cli", "score", "--data", str(state.parent / "library.csv"), "--out", str(out)]
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("NTDEMO_", "TRAINER_"))}
    done = subprocess.run(
        [*command, "--target", "t1", "--best", "2", "--on-error", "skip", *options],
        env={**plain, "NTDEMO_STATE": str(state)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_command_says_what_it_wrote(state: Path, tmp_path: Path) -> None:
    told = json.loads(commanded(state, tmp_path / "hits", "--json"))
    assert (told["run"], told["molecules"], told["rejected"], told["targets"]) == ("factors-2", 23, 1, 1)
    assert pq.read_table(tmp_path / "hits").num_rows == 3


@pytest.mark.slow
def test_the_command_says_it_in_words(state: Path, tmp_path: Path) -> None:
    assert commanded(state, tmp_path / "hits").splitlines() == [
        f"{tmp_path / 'hits'}: 22 molecules scored by factors-2 (targets: 1)",
        "1 molecule has no score; its row says why in the column `reason`",
    ]
