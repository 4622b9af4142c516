"""publications: one append makes a run public, and the log says so to whoever watches the store's version."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from contracts.store import Store
from trainer.store.publications import Publication, append, publications

AT = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)


def a_publication(run: str, minutes: int = 0) -> Publication:
    return Publication(run, "factors", "d1", {"runs": 0, "factors": 3}, {"factors": run}, AT + timedelta(minutes=minutes))


def test_nothing_is_published_in_an_empty_store(tmp_path: Path) -> None:
    assert publications(Store.under(tmp_path)) == []


def test_publications_come_back_in_order_of_time(tmp_path: Path) -> None:
    store = Store.under(tmp_path)
    append(store, a_publication("r2", minutes=2))
    append(store, a_publication("r1", minutes=1))
    assert publications(store) == [a_publication("r1", minutes=1), a_publication("r2", minutes=2)]


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
