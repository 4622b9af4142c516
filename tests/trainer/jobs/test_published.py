"""The runs of the store finds runs by what they were made from and how."""

from pathlib import Path

import pytest
from tests.support.reader import whole_runs
from tests.support.seed_json import seed_json
from tests.support.store import Publisher, five_fragments

from published import form
from trainer.data.offences import InvalidData
from trainer.jobs.published import StoredRuns
from trainer.runs.spec import Engine, FactorsSpec
from trainer.settings import Settings

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
    record.write_text(record.read_text().replace('"format":1', '"format":0'))
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
