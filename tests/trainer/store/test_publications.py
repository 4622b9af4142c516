"""publications: one append makes a run public, and the log says so to whoever watches the store's version."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, write_deltalake

from contracts.store import Store
from contracts.tables import TABLES
from published.publications import commits
from trainer.store.publications import Publication, PublicationsDamaged, append, publications, restate

AT = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


def a_publication(run: str, minutes: int = 0) -> Publication:
    return Publication(run, "factors", "d1", {"runs": 0, "factors": 3}, {"factors": run}, AT + timedelta(minutes=minutes))


def test_nothing_is_published_in_an_empty_store(tmp_path: Path) -> None:
    assert publications(Store.under(tmp_path)) == []


def test_publications_come_back_in_order_of_versions_whatever_the_clock_said(tmp_path: Path) -> None:
    store = Store.under(tmp_path)
    append(store, a_publication("r2", minutes=2))
    append(store, a_publication("r1", minutes=1))
    assert publications(store) == [a_publication("r2", minutes=2), a_publication("r1", minutes=1)]


def older(store: Store, run: str, kind: str, tables: str, artifact: str) -> None:
    """A publication as older releases made it, whose commit names the run alone."""
    row = {"run": [run], "kind": [kind], "data": ["d1"], "tables": [tables], "artifacts": [f'{{"{artifact}": "{run}"}}']}
    write_deltalake(
        store.table("publications"),
        pa.table({**row, "published": [AT]}, TABLES["publications"].schema),
        mode="append",
        commit_properties=CommitProperties(custom_metadata={"run": run}),
    )
    directory = store.artifact(artifact, run)
    directory.mkdir(parents=True)
    (directory / "manifest.json").write_text("{}")


def test_chatbots_of_an_older_release_are_stated_anew_once_and_its_factor_runs_stay_as_they_are(tmp_path: Path) -> None:
    store = Store.under(tmp_path)
    older(store, "bot", "dialogue", "{}", "dialogue-en")
    older(store, "factors-old", "factors", '{"runs": 0}', "factors")
    append(store, a_publication("new"))
    before = publications(store)
    assert [one.run for one in before] == ["bot", "factors-old", "new"]
    assert restate(store) == ["bot"]
    assert restate(store) == []
    found = {commit.run: commit.publication for commit in commits(store)}
    assert found["bot"] == replace(before[0], manifests={"dialogue-en": hashlib.sha256(b"{}").hexdigest()})
    assert found["factors-old"] is None
    assert [one.run for one in publications(store)] == ["bot", "factors-old", "new"]


def test_where_a_commit_cannot_be_read_nobody_says_what_is_published(tmp_path: Path) -> None:
    store = Store.under(tmp_path)
    append(store, a_publication("r1"))
    append(store, a_publication("r2"))
    store.publications_commit(0).write_bytes(b"{")
    with pytest.raises(PublicationsDamaged, match="commit 0"):
        publications(store)


def test_each_publication_is_the_next_version_of_the_store(tmp_path: Path) -> None:
    store = Store.under(tmp_path)
    assert store.version() == -1
    assert [append(store, a_publication(f"r{index}", index)) for index in range(3)] == [0, 1, 2]
    assert store.version() == 2
    assert store.publications_commit(2).exists()


def test_old_versions_outlive_a_checkpoint(tmp_path: Path) -> None:
    store = Store.under(tmp_path)
    for index in range(103):  # Delta writes a checkpoint every 100 commits, and may then drop older entries
        append(store, a_publication(f"r{index}", index))
    assert store.publications_commit(0).exists()
    assert store.version() == 102
    assert len(publications(store)) == 103
