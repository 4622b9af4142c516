"""A standalone cluster of processes of this machine finds what this machine finds alone."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from pyspark.sql import SparkSession
from tests.support.cluster import cluster
from tests.support.molecules import write_assays, write_library
from tests.support.on_cluster import LIMIT, als_spec, made_rows
from tests.support.reader import whole_runs
from tests.support.reports import SteppingReport

from contracts.predictions import ARTIFACT, FILE
from contracts.store import Store
from trainer.data.library import LIBRARY
from trainer.factorization.nearest import nearest
from trainer.factorization.onnx.scoring import Scorer
from trainer.pipelines.factors import train
from trainer.settings import Settings
from trainer.similarity.factors import Factors
from trainer.store import tables
from trainer.store.publications import publications

pytestmark = [pytest.mark.spark, pytest.mark.timeout(2400)]

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory in which a cluster of two workers has done everything."""
    directory = tmp_path_factory.mktemp("cluster")
    write_assays(directory / "assays.csv")
    write_library(directory / "library.csv")
    logs = directory / "logs"
    logs.mkdir()
    with cluster(logs) as master:
        command = [sys.executable, "-m", "tests.support.on_cluster", master, str(directory)]
        driver = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1800, check=False)
    assert driver.returncode == 0, driver.stderr[-4000:]
    return directory


def _factors(state: Path, run: str) -> Factors:
    store = Store.under(state)
    version = next(each for each in publications(store) if each.run == run).tables["factors"]
    rows: list[dict[str, Any]] = tables.read(store, "factors", version, run).to_pylist()
    sides = {
        side: np.array([row["vector"] for row in sorted(rows, key=lambda row: row["id"]) if row["side"] == side])
        for side in ("fragments", "targets")
    }
    return Factors(sides["fragments"], sides["targets"], np.linalg.norm(sides["fragments"], axis=0))


def test_both_workers_took_part(done: Path) -> None:
    for number in range(2):
        assert "Asked to launch executor" in (done / "logs" / f"worker-{number}.log").read_text()


def test_neighbours_are_those_of_one_machine(done: Path) -> None:
    unit_FK, shown_F = made_rows()
    np.testing.assert_array_equal(
        np.load(done / "nearest.npy"), nearest(torch.from_numpy(unit_FK), shown_F, limit=LIMIT).numpy()
    )


def test_an_als_run_is_whole_and_near_the_same_fit_on_one_machine(done: Path, spark: SparkSession, tmp_path: Path) -> None:
    whole = whole_runs(done / "state")["factors-1"]
    train(als_spec(done / "assays.csv"), Settings(state=tmp_path), SteppingReport(), run="factors-2", spark=spark)
    assert whole.keys() == whole_runs(tmp_path)["factors-2"].keys()
    there, here = _factors(done / "state", "factors-1"), _factors(tmp_path, "factors-2")
    np.testing.assert_allclose(there.profiles_FT, here.profiles_FT, rtol=1e-3, atol=1e-3 * np.abs(here.profiles_FT).max())


def test_scores_are_those_of_one_process(done: Path) -> None:
    lines = (done / "library.csv").read_text().splitlines()[1:]
    rows = [
        {"file": "library.csv", "row": row, "compound": line.split(",")[0], "smiles": line.split(",")[1]}
        for row, line in enumerate(lines, start=1)
    ]
    graph = Store.under(done / "state").artifact(ARTIFACT, "factors-1") / FILE
    alone = pa.Table.from_batches(Scorer(graph)([pa.RecordBatch.from_pylist(rows, schema=LIBRARY)]))
    order = [("row", "ascending"), ("target", "ascending")]
    expected, found = (table.sort_by(order) for table in (alone, pq.read_table(done / "scores")))
    assert found.drop(["prediction"]).equals(expected.drop(["prediction"]))
    np.testing.assert_allclose(found["prediction"].to_numpy(), expected["prediction"].to_numpy(), rtol=1e-5)
    assert found.num_rows == 2 * (len(rows) - 1) + 1
