"""The pipeline publishes a run that is whole, and numbers that depend on the data alone."""

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession
from tests.support.reader import whole_runs
from tests.support.replacing import write_replaceable
from tests.support.reports import SteppingReport
from tests.support.seed_json import seed_json

from contracts.kinds import Objective
from contracts.store import Store
from contracts.tables import TABLES
from prediction.predictor import Expectation, Predictor
from published import form
from trainer.data.offences import InvalidData
from trainer.data.sources import DataNotFound
from trainer.device import DeviceUnavailable
from trainer.pipelines.factors import Trained, train
from trainer.runs.spec import Engine, FactorsSpec
from trainer.settings import Settings
from trainer.store import tables
from trainer.store.lock import Held, hold
from trainer.store.publications import publications, registry

BUILT_IN = FactorsSpec(kind="factors", sources=("built-in",))


def _rows(state: Path, trained: Trained, name: str) -> list[dict[str, Any]]:
    store = Store.under(state)
    publication = next(each for each in publications(store) if each.run == trained.run)
    partition = trained.data if TABLES[name].partition == "data" else trained.run
    rows: list[dict[str, Any]] = tables.read(store, name, publication.tables[name], partition).to_pylist()
    return rows


def _mapped(state: Path, run: str) -> dict[str, list[float]]:
    """Where fragments lie on the map of a run, by name."""
    told = json.loads((Store.under(state).artifact("factors", run) / form.MAP).read_bytes())
    assert told["run"] == run
    return dict(zip(told["fragments"], told["positions"], strict=True))


@pytest.mark.spark
def test_the_built_in_data_give_the_similarities_their_users_know(spark: SparkSession, tmp_path: Path) -> None:
    report = SteppingReport()
    trained = train(BUILT_IN, Settings(state=tmp_path), report, run="factors-mine", spark=spark)
    percents = np.array([row["percents"] for row in _rows(tmp_path, trained, "scores")])
    upper = [percents[a, b] for a, b in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))]
    assert upper == pytest.approx([42, 24, 80, 98, 87, 74], abs=0.5)
    assert np.diag(percents).tolist() == [100.0] * 5
    places = np.array(list(_mapped(tmp_path, "factors-mine").values()))
    assert np.linalg.norm(places, axis=1).max() == pytest.approx(1.0, abs=1e-3)
    assert list(_mapped(tmp_path, "factors-mine")) == ["fA", "fB", "fC", "fD", "fE"]
    assert (trained.run, trained.fragments, trained.shown_fragments, trained.compounds, trained.targets) == (
        "factors-mine",
        5,
        5,
        10,
        10,
    )
    run = _rows(tmp_path, trained, "runs")[0]
    assert (run["source"], run["objective"], run["device"], run["data"]) == ("built-in", "counts", report.device, trained.data)
    assert json.loads(run["spec"]) == BUILT_IN.decided(Objective.COUNTS).model_dump(mode="json")
    metrics = json.loads(run["metrics"])
    assert metrics["mean_squared_error"] == run["curve"][-1]["loss"] == trained.loss
    assert metrics["onnx_difference"] <= 1e-5
    assert run["started"] <= run["finished"]
    assert set(whole_runs(tmp_path)["factors-mine"]) == {*TABLES, "factors"} - {"publications", "replacements", "swaps"}


@pytest.mark.spark
def test_facts_of_the_same_data_are_written_once_and_old_runs_stay(spark: SparkSession, tmp_path: Path) -> None:
    settings = Settings(state=tmp_path)
    first = train(BUILT_IN, settings, SteppingReport(), spark=spark)
    second = train(BUILT_IN.model_copy(update={"rank": 2, "seed": 5}), settings, SteppingReport(), spark=spark)
    assert first.data == second.data
    assert list(whole_runs(tmp_path)) == [first.run, second.run]
    one, two = publications(Store.under(tmp_path))
    for name, table in TABLES.items():
        if table.partition == "data":
            assert one.tables[name] == two.tables[name]
        elif table.partition == "run" and name not in {"replacements", "swaps"}:
            assert two.tables[name] > one.tables[name]


@pytest.mark.spark
def test_data_without_any_signal_can_be_published(spark: SparkSession, tmp_path: Path) -> None:
    data = tmp_path / "zeros.json"
    data.write_bytes(seed_json([[0, 0]], [[0], [0]]))
    trained = train(
        FactorsSpec(kind="factors", sources=(str(data),), rank=512), Settings(state=tmp_path), SteppingReport(), spark=spark
    )
    assert _rows(tmp_path, trained, "scores") == [{"fragment": 0, "percents": [100.0]}]
    assert (trained.loss, trained.fragments) == (0.0, 1)
    assert _mapped(tmp_path, trained.run) == {}


@pytest.mark.spark
def test_molecules_are_trained_by_the_same_pipeline(spark: SparkSession, tmp_path: Path) -> None:
    data = tmp_path / "assays.csv"
    data.write_text("smiles,t1,t2\nCCOc1ccccc1,5.5,\nCCOc1ccccn1,,6.5\nCCNc1ccccc1,7,7.5\nCCNc1ccccn1,4,\nC(,1,1\n")
    spec = FactorsSpec.model_validate({"kind": "factors", "sources": [str(data)], "rank": 2, "ingest": {"on_error": "skip"}})
    trained = train(spec, Settings(state=tmp_path), SteppingReport(), spark=spark)
    assert (trained.compounds, trained.targets, trained.rejected_rows) == (4, 2, 1)
    names = [row["name"] for row in _rows(tmp_path, trained, "fragments")]
    assert any("c1ccccc1" in name for name in names)
    assert len(names) == trained.fragments


@pytest.mark.spark
def test_compounds_are_asked_for_before_the_lock_of_the_store_is_taken(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_while: list[str] = []
    sureness = Predictor.sureness

    def told(predictor: Predictor, expected: Expectation) -> object:
        try:
            with hold(tmp_path / "publication.lock"):
                asked_while.append("free")
        except Held:
            asked_while.append("held")
        return sureness(predictor, expected)

    monkeypatch.setattr(Predictor, "sureness", told)
    data = tmp_path / "assays.csv"
    data.write_text("smiles,t1,t2\nCCOc1ccccc1,5.5,\nCCOc1ccccn1,,6.5\nCCNc1ccccc1,7,7.5\nCCNc1ccccn1,4,\n")
    spec = FactorsSpec(kind="factors", sources=(str(data),), objective=Objective.ACTIVITY, rank=2)
    train(spec, Settings(state=tmp_path), SteppingReport(), spark=spark)
    assert asked_while == ["free"] * 4


@pytest.mark.slow
@pytest.mark.spark
def test_an_activity_run_says_what_replacements_change_and_how_sure_that_is(spark: SparkSession, tmp_path: Path) -> None:
    data = write_replaceable(tmp_path / "table.csv")
    asked = {"kind": "factors", "sources": [str(data)], "objective": "activity", "rank": 4, "holdout": "random"}
    trained = train(FactorsSpec.model_validate(asked), Settings(state=tmp_path), SteppingReport(), spark=spark)
    assert (trained.objective, trained.compounds, trained.rank) == ("activity", 108, 4)
    assert {"rmse", "coverage_90", "rmse_target_mean", "test_cells", "seconds"} <= set(trained.metrics)
    found = json.loads(_rows(tmp_path, trained, "runs")[0]["metrics"])
    assert found["rmse"] == trained.metrics["rmse"]
    assert found["swap_test"] > 0.5
    neighbours = _rows(tmp_path, trained, "neighbours")
    assert {row["ranking"] for row in neighbours} == {"function"}
    fragments = _rows(tmp_path, trained, "fragments")
    mapped = _mapped(tmp_path, trained.run)
    assert {fragments[row["fragment"]]["name"] for row in neighbours} <= mapped.keys()
    assert mapped.keys() <= {row["name"] for row in fragments if row["shown"]}
    assert np.isfinite(list(mapped.values())).all()
    replacements = {(row["first"], row["second"]): row for row in _rows(tmp_path, trained, "replacements")}
    names = [row["name"] for row in _rows(tmp_path, trained, "fragments")]
    for row in neighbours:
        assert row["low"] <= row["function"] <= row["high"]
        assert row["change_low"] <= row["change"] <= row["change_high"]
        pair = tuple(sorted((names[row["fragment"]], names[row["other"]]), key=str.encode))
        assert row["swaps"] == replacements[pair]["measurements"]
    swaps = [row for row in _rows(tmp_path, trained, "swaps") if (row["first"], row["second"]) == ("*C(=O)O", "*Cl")]
    assert np.mean([row["difference"] for row in swaps]) == pytest.approx(1.6, abs=0.1)


@pytest.mark.spark
def test_a_run_by_spark_is_published_in_the_same_form_with_its_engine_on_record(spark: SparkSession, tmp_path: Path) -> None:
    spec = FactorsSpec(kind="factors", sources=("built-in",), engine=Engine.SPARK_ALS)
    trained = train(spec, Settings(state=tmp_path), SteppingReport(), run="factors-als", spark=spark)
    percents = np.array([row["percents"] for row in _rows(tmp_path, trained, "scores")])
    upper = [percents[a, b] for a, b in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))]
    assert upper == pytest.approx([42, 24, 80, 98, 87, 74], abs=2)
    assert set(whole_runs(tmp_path)["factors-als"]) == {*TABLES, "factors"} - {"publications", "replacements", "swaps"}
    run = _rows(tmp_path, trained, "runs")[0]
    assert json.loads(run["spec"])["engine"] == "spark-als"
    metrics = json.loads(run["metrics"])
    assert (metrics["als_iterations"], metrics["als_regularisation"], metrics["stated_counts"]) == (20, 1e-3, 50)
    assert metrics["mean_squared_error"] == run["curve"][-1]["loss"]
    assert metrics["onnx_difference"] <= 1e-5


@pytest.mark.spark
def test_a_cluster_ranks_many_neighbours_and_the_table_is_the_same(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = train(BUILT_IN, Settings(state=tmp_path / "a"), SteppingReport(), spark=spark)
    monkeypatch.setattr("trainer.pipelines.similar._SHARED_FRAGMENTS", 5)
    settings = Settings(state=tmp_path / "b", spark_master="spark://elsewhere:7077")
    spread = train(BUILT_IN.model_copy(update={"device": "cpu"}), settings, SteppingReport(), spark=spark)
    assert (tmp_path / "b" / "cache" / "trainer").is_dir()  # where the rows were shared
    assert not (tmp_path / "a" / "cache").exists()
    assert _rows(tmp_path / "b", spread, "neighbours") == _rows(tmp_path / "a", alone, "neighbours")


def test_the_rank_of_an_objective_is_its_own_unless_one_is_given() -> None:
    ranks = [
        FactorsSpec.model_validate({"kind": "factors", **asked}).rank
        for asked in ({}, {"objective": "activity"}, {"objective": "activity", "rank": 5}, {"objective": "counts", "rank": 5})
    ]
    assert ranks == [None, 32, 5, 5]
    with pytest.raises(ValidationError, match="predicts no cells"):
        FactorsSpec.model_validate({"kind": "factors", "objective": "counts", "holdout": "random"})


@pytest.mark.parametrize(
    ("asked", "data", "objective", "rank"),
    [
        ({}, Objective.COUNTS, Objective.COUNTS, 3),
        ({}, Objective.ACTIVITY, Objective.ACTIVITY, 32),
        ({"rank": 7}, Objective.ACTIVITY, Objective.ACTIVITY, 7),
        ({"objective": "counts"}, Objective.ACTIVITY, Objective.COUNTS, 3),
        ({"holdout": "random"}, Objective.COUNTS, Objective.ACTIVITY, 32),
        ({"engine": "spark-als"}, Objective.ACTIVITY, Objective.COUNTS, 3),
    ],
)
def test_the_objective_follows_the_data_unless_something_asked_for_has_one(
    asked: dict[str, object], data: Objective, objective: Objective, rank: int
) -> None:
    spec = FactorsSpec.model_validate({"kind": "factors", **asked}).decided(data)
    assert (spec.fitted_objective, spec.fitted_rank) == (objective, rank)
    assert spec.decided(Objective.COUNTS) == spec


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"holdout": "time"}, "name them in `later`"),
        ({"holdout": "random", "later": ["b.csv"]}, "with `holdout` time"),
        ({"holdout": "time", "later": ["a.csv"]}, "named twice"),
        ({"holdout": "time", "sources": ["built-in"], "later": ["b.csv"]}, "cannot be combined"),
    ],
)
def test_later_files_and_the_holdout_by_time_belong_together(asked: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FactorsSpec.model_validate({"kind": "factors", "objective": "activity", "sources": ["a.csv"], **asked})


@pytest.mark.spark
def test_what_acts_is_learned_from_and_judged_by_what_later_files_state(spark: SparkSession, tmp_path: Path) -> None:
    rings, chains = ("c1ccccc1", "c1ccccn1", "c1ccsc1"), ("CCO", "CCN", "CC(=O)O", "ClCC")
    early, late = tmp_path / "early.csv", tmp_path / "late.csv"
    early.write_text("smiles,target\n" + "".join(f"{c}{r},t{rings.index(r)}\n" for r in rings for c in chains))
    late.write_text("smiles,target\n" + "".join(f"{c}{rings[0]},t1\n" for c in chains))
    asked = {"kind": "factors", "sources": [str(early)], "objective": "activity", "rank": 4}
    spec = FactorsSpec.model_validate({**asked, "holdout": "time", "later": [str(late)]})
    trained = train(spec, Settings(state=tmp_path), SteppingReport(), spark=spark)
    assert (trained.metrics["train_cells"], trained.metrics["test_cells"]) == (12, 4)
    assert trained.metrics["recall_at_10"] == 1.0  # of three targets
    assert _rows(tmp_path, trained, "runs")[0]["activity_kind"] == "positives"
    assert trained.cpu_seconds > 0


_NO_SPARK = cast("SparkSession", object())


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (FactorsSpec(kind="factors", sources=("/no/such/file.csv",)), DataNotFound),
        (FactorsSpec(kind="factors", sources=("built-in",), device="cuda:99"), DeviceUnavailable),
    ],
)
def test_what_cannot_be_trained_publishes_nothing(tmp_path: Path, spec: FactorsSpec, expected: type[Exception]) -> None:
    with pytest.raises(expected):
        train(spec, Settings(state=tmp_path), SteppingReport(), spark=_NO_SPARK)
    assert whole_runs(tmp_path) == {}
    assert not (tmp_path / "store").exists()


def test_data_that_cannot_be_used_publish_nothing(tmp_path: Path) -> None:
    data = tmp_path / "broken.json"
    data.write_text('{"fragment_comp": {}}')
    with pytest.raises(InvalidData, match=r"broken\.json"):
        train(FactorsSpec(kind="factors", sources=(str(data),)), Settings(state=tmp_path), SteppingReport(), spark=_NO_SPARK)
    assert not (tmp_path / "store").exists()


@pytest.mark.spark
def test_a_run_takes_current_by_the_policy_and_says_why_it_does_not(spark: SparkSession, tmp_path: Path) -> None:
    settings, report = Settings(state=tmp_path / "state"), SteppingReport()
    store = Store.under(settings.state)

    def trained(source: str, *, promote: bool | None = None) -> Trained:
        spec = FactorsSpec(kind="factors", sources=(source,), promote=promote)
        return train(spec, settings, report, spark=spark)

    for name, values in (("mine.json", [[1], [0]]), ("others.json", [[0], [1]])):
        (tmp_path / name).write_bytes(seed_json([[1, 0], [1, 1]], values))
    mine, others = str(tmp_path / "mine.json"), str(tmp_path / "others.json")
    first = trained("built-in")
    thrown_away = trained("built-in", promote=False)
    assert (first.promoted, thrown_away.promoted, registry(store).names("current")) == (True, False, first.run)
    own = trained(mine)
    assert (own.promoted, registry(store).names("current")) == (True, own.run), "it takes the place of the built-in data"
    other = trained(others)
    assert other.decision == (
        f"It did not take `current`: {own.run} is of other data, mine.json, and not of others.json. "
        f"`ntdemo-train runs promote {other.run}` makes it so, or `PUT /v1/aliases/current` at the trainer."
    )
    assert registry(store).decisions[other.run] == other.decision
    assert not trained("built-in").promoted
    assert trained(others, promote=True).promoted
    assert trained(others).promoted, "the same data again"
