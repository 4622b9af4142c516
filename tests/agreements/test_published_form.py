"""What services read of a run is what Spark wrote of it, number by number."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession
from tests.support.reports import SteppingReport

from contracts.kinds import RANKINGS, SimilarityKind
from contracts.store import Store
from contracts.tables import TABLES
from published import form
from published.form import NEIGHBOUR
from published.publications import commits
from scores_api.models.factors import FactorSide
from scores_api.open_runs import open_run
from trainer.pipelines.factors import train
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings
from trainer.store import tables

pytestmark = pytest.mark.spark

MOLECULES = """smiles,T1,T2
CC(=O)Nc1ccc(Cl)cc1,6.1,5.0
CC(=O)Nc1ccc(OC)cc1,5.9,
CC(=O)Nc1ccc(C)cc1,6.4,5.2
O=C(c1ccc(Cl)cc1)N1CCOCC1,7.0,4.8
O=C(c1ccc(OC)cc1)N1CCOCC1,7.2,5.5
O=C(c1ccc(C)cc1)N1CCCCC1,6.6,5.1
O=C(c1ccc(C)cc1)N1CCOCC1,,5.9
CS(=O)(=O)Nc1ccc(Cl)cc1,5.5,6.1
CS(=O)(=O)Nc1ccc(C)cc1,5.2,6.3
not-a-molecule,5.0,5.0
"""


@pytest.mark.parametrize("source", ["built-in", "molecules"])
def test_the_form_holds_what_the_tables_hold(spark: SparkSession, tmp_path: Path, source: str) -> None:
    data = tmp_path / "molecules.csv"
    data.write_text(MOLECULES)
    asked: dict[str, Any] = {"kind": "factors", "sources": ("built-in" if source == "built-in" else str(data),), "rank": 2}
    if source == "molecules":
        asked["ingest"] = {"on_error": "skip"}
    train(FactorsSpec(**asked), Settings(state=tmp_path / "state"), SteppingReport(), spark=spark)
    store = Store.under(tmp_path / "state")
    (commit,) = commits(store)
    publication = commit.publication
    assert publication is not None
    run = open_run(store, publication, release="test").published

    def rows(name: str) -> pa.Table:
        partition = publication.data if TABLES[name].partition == "data" else publication.run
        return tables.read(store, name, publication.tables[name], partition)

    fragments = rows("fragments")
    assert [list(column) for column in (run.fragments.names, run.fragments.smiles, run.fragments.shown)] == [
        fragments[name].to_pylist() for name in ("name", "smiles", "shown")
    ]
    assert list(run.factors[FactorSide.TARGETS].names) == rows("targets")["name"].to_pylist()
    for side in FactorSide:
        stated = [row for row in rows("factors").to_pylist() if row["side"] == side.value]
        np.testing.assert_array_equal(run.factors[side].vector_NK.astype(np.float32), [row["vector"] for row in stated])
        np.testing.assert_array_equal(run.factors[side].balanced_NK.astype(np.float32), [row["balanced"] for row in stated])
        shortest = [[float(str(np.float32(number))) for number in row["vector"]] for row in stated]
        np.testing.assert_array_equal(run.factors[side].vector_NK, shortest)
    neighbours = rows("neighbours").to_pylist()
    assert bool(neighbours) is (source == "built-in")  # so few molecules offer none
    for ranking in (kind for kind in RANKINGS if kind in run.neighbours):
        for place in range(len(fragments)):
            listed = [row for row in neighbours if (row["ranking"], row["fragment"]) == (ranking.value, place)]
            read = run.neighbours[ranking].of(place, 100)
            for name in NEIGHBOUR.names or ():
                expected = [np.nan if row[name] is None else row[name] for row in listed]
                np.testing.assert_array_equal(read[name], np.array(expected, dtype=NEIGHBOUR[name]))
    scores = json.loads(bytes(run.body(form.SCORES)))
    names = run.fragments.names
    assert scores["names"] == [names[place] for place in rows("scores")["fragment"].to_pylist()]
    if scores["names"]:
        stated_FF = np.array(rows("scores")["percents"].to_pylist(), dtype=np.float64)
        np.testing.assert_array_equal(np.array(scores["scores"]), stated_FF.round(2) + 0.0)
    trajectory = json.loads(bytes(run.body(form.TRAJECTORY)))
    flat = [position for step in trajectory["positions"] for position in step]
    positions = np.array(rows("trajectory")["vector"].to_pylist(), np.float32)
    np.testing.assert_array_equal(np.array(flat, np.float32), positions)
    row = rows("runs").to_pylist()[0]
    assert run.record.metrics == json.loads(row["metrics"])
    assert [(row["data"], row["started"]), row["device"]] == [(run.record.data, run.record.started), run.record.device]
    assert json.loads(bytes(run.body(form.CURVE)))["losses"] == [point["loss"] for point in row["curve"]]
    assert (run.record.compounds, run.record.rank) == (len(rows("compounds")), 2)
    assert run.rejects == (1 if source == "molecules" else 0)
    if source == "molecules":
        assert set(run.similarities) == set(run.record.similarities)
        sets = rows("likeness")["environments"].to_pylist()
        first, second = set(sets[0]), set(sets[1])
        percent = run.similarities[SimilarityKind.STRUCTURE].with_all(0)[1]
        assert percent == pytest.approx(100 * len(first & second) / len(first | second))
