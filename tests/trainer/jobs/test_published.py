"""The runs of the store finds runs by what they were made from and how."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.support.reader import whole_runs
from tests.support.seed_json import seed_json
from tests.support.store import Publisher, five_fragments

from published import form
from published.changes import CURRENT, Change
from trainer.data.offences import InvalidData
from trainer.jobs.published import StoredRuns
from trainer.pipelines.registry import Runs
from trainer.runs.spec import Engine, FactorsSpec
from trainer.settings import Settings
from trainer.spark import intake

SPEC = FactorsSpec(kind="factors")


def test_an_empty_state_has_no_runs_and_stays_empty(tmp_path: Path) -> None:
    runs = StoredRuns(Settings(state=tmp_path))
    assert runs.run_of(SPEC) is None
    assert not runs.published("factors-r")
    runs.recover()
    assert list(tmp_path.iterdir()) == []


def test_the_newest_run_of_the_same_data_and_numbers_is_found(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    publisher.publish(five_fragments())
    newest = publisher.publish(five_fragments())
    runs = StoredRuns(Settings(state=tmp_path))
    assert runs.run_of(SPEC) == newest
    assert runs.run_of(SPEC.model_copy(update={"seed": 9, "device": "cuda"})) == newest
    assert runs.run_of(SPEC.model_copy(update={"rank": 4})) is None
    assert runs.run_of(SPEC.model_copy(update={"engine": Engine.SPARK_ALS})) is None
    assert runs.published(newest)
    assert not runs.published("factors-other")


def test_data_whose_run_another_release_published_or_that_is_damaged_are_trained_again(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    older, newer = (publisher.publish(five_fragments()) for _ in range(2))
    runs = StoredRuns(Settings(state=tmp_path))
    record = publisher.store.artifact("factors", newer) / form.RUN
    record.write_text(record.read_text().replace(f'"format":{form.FORMAT}', '"format":0'))
    assert runs.run_of(SPEC) == older
    (publisher.store.artifact("factors", older) / form.RUN).unlink()
    assert runs.run_of(SPEC) is None
    assert runs.published(older)


def test_other_data_have_no_run(tmp_path: Path) -> None:
    Publisher(tmp_path / "state").publish(five_fragments())
    data = tmp_path / "data.json"
    data.write_bytes(seed_json([[1, 0]], [[1], [0]]))
    assert StoredRuns(Settings(state=tmp_path / "state", data=data)).run_of(SPEC) is None


def test_broken_data_are_told(tmp_path: Path) -> None:
    Publisher(tmp_path / "state").publish(five_fragments())
    data = tmp_path / "data.json"
    data.write_text("{")
    with pytest.raises(InvalidData):
        StoredRuns(Settings(state=tmp_path / "state", data=data)).run_of(SPEC)


def test_recovery_removes_what_no_publication_names(tmp_path: Path) -> None:
    run = Publisher(tmp_path).publish(five_fragments())
    runs = StoredRuns(Settings(state=tmp_path))
    before = whole_runs(tmp_path)
    left = tmp_path / "store" / "tables" / "runs" / "run=factors-killed" / "part.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"")
    runs.recover()
    assert not left.parent.exists()
    assert whole_runs(tmp_path) == before
    assert runs.run_of(SPEC) == run


@pytest.fixture
def started_with(tmp_path: Path) -> tuple[Publisher, StoredRuns]:
    """A trainer that is started with a file, and whose `current` is a run of other data."""
    publisher, data = Publisher(tmp_path / "state"), tmp_path / "data.json"
    publisher.publish(replace(five_fragments(), data="d" * 64, source="other.csv"), run="other")
    data.write_bytes(seed_json([[1, 0]], [[1], [0]]))
    return publisher, StoredRuns(Settings(state=tmp_path / "state", data=data))


def publish_aside(publisher: Publisher, run: str, settings_data: Path, **members: Any) -> None:
    """A run of the data that the trainer is started with, which does not take `current`."""
    digest = intake.digest((settings_data,), SPEC.ingest)
    contents = replace(five_fragments(), data=digest, source="data.json", **members)
    publisher.publish(contents, run=run, change=Change(datetime.now(UTC)))


def test_a_start_serves_the_run_of_its_data_that_was_never_current(
    started_with: tuple[Publisher, StoredRuns], tmp_path: Path
) -> None:
    publisher, runs = started_with
    publish_aside(publisher, "mine", tmp_path / "data.json")
    assert runs.run_of(SPEC) == "mine"
    assert runs.serve("mine")
    registry = Runs(Settings(state=publisher.state))
    assert registry.alias(CURRENT).run == "mine"
    publish_aside(publisher, "later", tmp_path / "data.json")
    assert not runs.serve("later"), "one of the same data is served"
    registry.roll_back(CURRENT)
    assert not runs.serve("mine"), "somebody went back"
    assert registry.alias(CURRENT).run == "other"


def test_a_start_without_data_of_its_own_leaves_what_is_served(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path)
    publisher.publish(replace(five_fragments(), data="d" * 64, source="other.csv"), run="other")
    publisher.publish(five_fragments(), run="built-in", change=Change(datetime.now(UTC)))
    runs = StoredRuns(Settings(state=tmp_path))
    assert runs.run_of(SPEC) == "built-in"
    assert not runs.serve("built-in")
    assert Runs(Settings(state=tmp_path)).alias(CURRENT).run == "other"


@pytest.mark.parametrize("is_recovered", [False, True])
def test_a_deleted_run_stands_for_the_same_spec_alone(
    started_with: tuple[Publisher, StoredRuns],
    tmp_path: Path,
    is_recovered: bool,  # noqa: FBT001 - a case
) -> None:
    publisher, runs = started_with
    publish_aside(publisher, "mine", tmp_path / "data.json")
    Runs(Settings(state=publisher.state)).delete("mine")
    if is_recovered:
        runs.recover()
        assert not publisher.store.artifact("factors", "mine").exists()
    assert runs.run_of(SPEC) == "mine", "it is not made again"
    assert not runs.serve("mine")
    assert runs.run_of(SPEC.model_copy(update={"rank": 2})) is None
    shutil.rmtree(publisher.state / "quarantine", ignore_errors=True)
    assert runs.run_of(SPEC) == (None if is_recovered else "mine")
