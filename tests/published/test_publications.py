"""Commits state publications whole: in the order of versions, with their digest, whatever else the table holds."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, write_deltalake

from contracts.store import Store
from contracts.tables import TABLES
from published.publications import Publication, commits
from trainer.store.publications import append

AT = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


def a_publication(run: str, days: int = 0) -> Publication:
    at = AT + timedelta(days=days)
    return Publication(run, "factors", "d1", {"runs": 0}, {"factors": run}, at, {"factors": "0" * 64})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """With a run from a clock that is ahead, one from a clock that was set back, and a third."""
    store = Store.under(tmp_path)
    for run, days in (("ahead", 900), ("behind", -900), ("third", 0)):
        append(store, a_publication(run, days))
    return store


def test_publications_come_in_the_order_of_versions_whatever_the_clocks_said(store: Store) -> None:
    found = commits(store)
    assert [commit.publication for commit in found] == [
        a_publication("ahead", 900),
        a_publication("behind", -900),
        a_publication("third"),
    ]
    assert [commit.version for commit in found] == [0, 1, 2]
    assert [commit.run for commit in commits(store, known={0, 1})] == ["third"]


def test_the_rows_of_the_table_say_the_same(store: Store) -> None:
    rows = {row["run"]: row for row in DeltaTable(store.table("publications")).to_pyarrow_table().to_pylist()}
    found = commits(store)
    assert {commit.run for commit in found} == rows.keys() == {"ahead", "behind", "third"}
    for commit in found:
        assert commit.publication is not None
        row = rows[commit.publication.run]
        stated = (row["kind"], row["data"], json.loads(row["tables"]), json.loads(row["artifacts"]), row["published"])
        one = commit.publication
        assert stated == (one.kind, one.data, one.tables, one.artifacts, one.published)


def test_a_version_that_only_compacts_the_table_publishes_nothing(store: Store) -> None:
    DeltaTable(store.table("publications")).optimize.compact()
    assert store.version() == 3
    assert len(commits(store)) == 3


def test_a_commit_of_an_older_release_names_its_run_and_says_so(store: Store) -> None:
    schema = TABLES["publications"].schema
    row = {"run": ["old"], "kind": ["factors"], "data": ["d"], "tables": ["{}"], "artifacts": ["{}"], "published": [AT]}
    properties = CommitProperties(custom_metadata={"run": "old"})
    write_deltalake(store.table("publications"), pa.table(row, schema), mode="append", commit_properties=properties)
    (old,) = commits(store, known={0, 1, 2})
    assert (old.run, old.publication) == ("old", None)
    assert "older release" in str(old.problem)


def test_any_flipped_bit_of_what_a_commit_states_is_found(store: Store) -> None:
    commit = store.publications_commit(1)
    content = commit.read_bytes()
    for place in range(0, content.index(b"\n"), 5):
        for bit in (0, 3, 6):
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            commit.write_bytes(bytes(changed))
            found = {one.version: one for one in commits(store)}
            assert found[1].publication in [None, a_publication("behind", -900)], "what is stated is what was published"
            assert found[1].publication is not None or found[1].problem
            assert found[0].publication == a_publication("ahead", 900)
            assert found[2].publication == a_publication("third")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"commitInfo": 3}', b"\xff\xfe"])
def test_a_commit_that_is_none_is_damaged_and_others_are_read(store: Store, content: bytes) -> None:
    store.publications_commit(1).write_bytes(content)
    assert [commit.run for commit in commits(store)] == ["ahead", None, "third"]
    assert "commit 1 of the publications cannot be read" in str(commits(store)[1].problem)
