"""recovery: what no publication names is in the quarantine, what one names is untouched."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from contracts.store import Store
from trainer.data import seed_table
from trainer.data.activity import Activity
from trainer.spark import staging
from trainer.store import tables
from trainer.store.intents import intended
from trainer.store.publications import Publication, append
from trainer.store.recovery import recover

from .test_publications import AT
from .test_tables import a_run

pytestmark = pytest.mark.spark


@pytest.fixture
def activity() -> Activity:
    return seed_table.built_in()


@pytest.fixture
def store(tmp_path: Path, spark: SparkSession, activity: Activity) -> Store:
    """A store with one published run, r1."""
    store = Store.under(tmp_path)
    staged = staging.stage_all(spark, store, {**activity.tables, "runs": a_run()}, {"data": activity.digest, "run": "r1"})
    versions = {one.table.name: tables.commit(store, one, run="r1") for one in staged}
    artifact = store.artifact("factors", "r1")
    artifact.mkdir(parents=True)
    (artifact / "manifest.json").write_text("{}")
    append(store, Publication("r1", "factors", activity.digest, versions, {"factors": "r1"}, AT))
    return store


class Killed(Exception):
    pass


@contextmanager
def killed(store: Store, run: str, data: str) -> Iterator[None]:
    """What a publication does before its process is killed."""
    with suppress(Killed), intended(store, run, data):
        yield
        raise Killed


def files(store: Store) -> set[Path]:
    return {path for path in store.root.rglob("*") if path.is_file()}


def test_a_store_in_which_everything_is_published_stays_as_it_is(store: Store) -> None:
    before = files(store)
    assert recover(store).paths == ()
    assert files(store) == before


def test_what_a_killed_trainer_left_behind_is_removed_and_nothing_else(
    store: Store, spark: SparkSession, activity: Activity
) -> None:
    before = files(store)
    staging.stage(spark, store, "fragments", "staged0", activity.fragments)
    tables.commit(store, staging.stage(spark, store, "runs", "r2", a_run()), run="r2")
    (store.artifact("factors", "r2")).mkdir()
    (store.artifact("factors", "r2") / "manifest.json").write_text("{}")
    unfinished = store.artifact("factors", ".r3")
    unfinished.mkdir()
    temporary = store.table("factors") / "run=r2" / "0badf00d" / "_temporary"
    temporary.mkdir(parents=True)
    (store.publications_log / "_commit_0.json.tmp").write_text("{")
    late = store.table("runs") / "run=r1" / "0badf00d"
    late.mkdir()
    (late / "part-0.parquet").write_bytes(b"PAR1")

    assert set(recover(store).paths) == {
        "tables/runs/run=r2",
        "tables/runs/run=r1/0badf00d",
        "tables/fragments/data=staged0",
        "tables/factors/run=r2",
        "tables/publications/_delta_log/_commit_0.json.tmp",
        "artifacts/factors/r2",
        "artifacts/factors/.r3",
    }
    assert {path for path in files(store) if "_delta_log" not in path.parts} == {
        path for path in before if "_delta_log" not in path.parts
    }
    assert tables.partitions(store, "runs").keys() == {"r1"}
    assert tables.read(store, "runs", 0, "r1").num_rows == 1
    assert recover(store).paths == ()


def test_a_store_that_was_never_published_is_emptied(tmp_path: Path, spark: SparkSession, activity: Activity) -> None:
    store = Store.under(tmp_path / "other")
    with killed(store, "r1", activity.digest):
        tables.commit(store, staging.stage(spark, store, "targets", activity.digest, activity.targets), run="r1")
        staging.stage(spark, store, "compounds", activity.digest, activity.compounds)
    recover(store)
    assert not list(store.root.rglob("*.parquet"))
    assert DeltaTable(store.table("targets")).file_uris() == []


def test_facts_can_be_ingested_again_after_they_were_removed(tmp_path: Path, spark: SparkSession, activity: Activity) -> None:
    store = Store.under(tmp_path / "other")
    with killed(store, "r1", activity.digest):
        tables.commit(store, staging.stage(spark, store, "targets", activity.digest, activity.targets), run="r1")
    recover(store)
    version = tables.commit(store, staging.stage(spark, store, "targets", activity.digest, activity.targets), run="r2")
    assert version == 2
    assert tables.read(store, "targets", version, activity.digest).equals(activity.targets)


def test_nothing_is_done_where_there_is_no_store(tmp_path: Path) -> None:
    assert recover(Store.under(tmp_path)).paths == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["with a space", "ä+#?", "linked"])
def test_a_published_run_is_spared_whatever_the_path_to_the_store_looks_like(store: Store, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / name
    elsewhere.mkdir() if name != "linked" else elsewhere.symlink_to(tmp_path)
    if name != "linked":
        shutil.copytree(store.root, elsewhere / "store")
    moved = Store.under(elsewhere)
    before = files(moved)
    assert recover(moved).paths == ()
    assert files(moved) == before
    assert tables.read(moved, "runs", 0, "r1").num_rows == 1
