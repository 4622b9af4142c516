"""Where the store keeps things, and how a reader learns that something was published."""

from pathlib import Path

import deltalake
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.store import Store
from contracts.tables import TABLES


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.under(tmp_path)


def _publish(store: Store, run: str) -> None:
    row = {"run": run, "kind": "factors", "data": "0123456789abcdef", "tables": "{}", "artifacts": "{}", "published": 0}
    rows = pa.Table.from_pylist([row], schema=TABLES["publications"].schema)
    deltalake.write_deltalake(store.table("publications"), rows, mode="append")


def test_a_store_in_which_nothing_was_published_has_version_minus_one(store: Store) -> None:
    assert store.version() == -1
    store.publications_log.mkdir(parents=True)
    assert store.version() == -1


def test_the_version_is_that_of_the_publications_table(store: Store) -> None:
    for version in range(12):
        assert not store.publications_commit(version).exists()
        _publish(store, f"run-{version}")
        assert store.publications_commit(version).is_file()
        assert store.version() == version == deltalake.DeltaTable(store.table("publications")).version()


def test_other_tables_do_not_change_the_version(store: Store) -> None:
    deltalake.write_deltalake(store.table("targets"), TABLES["targets"].schema.empty_table())
    assert store.version() == -1


def test_half_written_commits_and_checkpoints_are_no_versions(store: Store) -> None:
    _publish(store, "run-0")
    for name in ("00000000000000000009.json.tmp", "9.json", "00000000000000000009.checkpoint.parquet", "_last_checkpoint"):
        (store.publications_log / name).write_text("{}")
    assert store.version() == 0


@given(version=st.integers(0, 10**20 - 1))
def test_commit_files_are_found_by_their_version(version: int) -> None:
    name = Store(Path("store")).publications_commit(version).name
    assert len(name) == len("00000000000000000000.json")
    assert int(name.removesuffix(".json")) == version


def test_tables_and_artifacts_lie_apart_under_the_state_directory(tmp_path: Path) -> None:
    store = Store.under(tmp_path)
    assert store.table("factors") == tmp_path / "store" / "tables" / "factors"
    assert store.artifact("factors", "run-1") == tmp_path / "store" / "artifacts" / "factors" / "run-1"
