"""What is published is never lost: recovery refuses and moves, the commands check, repair, back up, restore and clear."""

import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests.support.arrow_store import commit_flipped, publish_run
from tests.support.reader import whole_runs
from tests.support.reports import SteppingReport
from typer.testing import CliRunner

from contracts.store import Store
from trainer.cli import app
from trainer.store import backup as backups
from trainer.store import tables
from trainer.store.damage import check, named_files
from trainer.store.intents import PublicationsLost, intents
from trainer.store.publications import publications
from trainer.store.quarantine import Quarantine
from trainer.store.recovery import recover

RUNS = ["run-a", "run-b"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two published runs of the same data."""
    for run in RUNS:
        publish_run(tmp_path / "state", run)
    return Store.under(tmp_path / "state")


@pytest.fixture
def command(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    monkeypatch.setenv("NTDEMO_STATE", str(store.root.parent))
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield CliRunner()
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def files(store: Store) -> dict[str, bytes]:
    return {str(path.relative_to(store.root)): path.read_bytes() for path in store.root.rglob("*") if path.is_file()}


def flip(path: Path, at: float = 0.5) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 1
    path.write_bytes(data)


def factors_file(store: Store, run: str) -> Path:
    return next(store.table("factors").glob(f"run={run}/**/*.parquet"))


def test_a_store_whose_publications_are_gone_is_refused_and_keeps_every_file(store: Store) -> None:
    shutil.rmtree(store.table("publications"))
    before = files(store)
    with pytest.raises(PublicationsLost, match="ntdemo-train store"):
        recover(store)
    with pytest.raises(PublicationsLost):
        publish_run(store.root.parent, "run-c")
    after = {path: data for path, data in files(store).items() if "/.run-c/" not in path}
    assert after == before


def test_the_rest_of_a_killed_first_run_is_put_into_the_quarantine(tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def kill(point: str) -> None:
        if point == "publish begins":
            raise Killed

    with pytest.raises(Killed):
        publish_run(tmp_path, "run-a", report=SteppingReport(kill))
    store = Store.under(tmp_path)
    assert [intent.run for intent in intents(store)] == ["run-a"]
    recovered = recover(store)
    assert "tables/factors/run=run-a" in recovered.paths
    assert "artifacts/factors/run-a" in recovered.paths
    assert recover(store).paths == ()
    entry = Quarantine(store).entries()[0]
    assert entry.id == recovered.quarantine
    assert Quarantine(store).place(entry, "artifacts/factors/run-a/manifest.json").is_file()
    assert not intents(store)


def test_runs_that_lost_their_publications_are_published_again_as_they_were(store: Store, command: CliRunner) -> None:
    before = whole_runs(store.root.parent)
    shutil.rmtree(store.table("publications"))
    done = command.invoke(app, ["store", "repair"])
    assert done.exit_code == 0, done.output
    assert whole_runs(store.root.parent) == before
    assert recover(store).paths == ()


def test_what_was_quarantined_by_an_older_publications_table_comes_back(store: Store, command: CliRunner) -> None:
    before = whole_runs(store.root.parent)
    newest = store.publications_commit(1)
    newest.unlink()
    recovered = recover(store)
    assert "tables/factors/run=run-b" in recovered.paths
    assert list(whole_runs(store.root.parent)) == ["run-a"]
    done = command.invoke(app, ["store", "quarantine", "restore", str(recovered.quarantine)])
    assert done.exit_code == 0, done.output
    assert whole_runs(store.root.parent) == before
    assert all(path.startswith("tables/publications/part-") for path in recover(store).paths)  # of the commit that was lost


def test_a_flipped_bit_anywhere_in_a_run_is_told_and_the_other_run_is_whole(store: Store, command: CliRunner) -> None:
    named = [one.path for one in named_files(store, publications(store)[0])]
    assert len(named) > 8
    for path in [path for path in named if "run-a" in str(path)]:
        whole = path.read_bytes()
        for at in (0.02, 0.5, 0.98):
            flip(path, at)
            states = {state.publication.run: state.damage for state in check(store)}
            assert any(str(path.relative_to(store.root)) in damage for damage in states["run-a"]), (path, at)
            assert states["run-b"] == ()
            path.write_bytes(whole)
    factors_file(store, "run-a").unlink()
    told = command.invoke(app, ["store", "check", "--json"])
    assert told.exit_code == 1
    runs = {each["run"]: each["damage"] for each in json.loads(told.output)["runs"]}
    assert "is missing" in runs["run-a"][0]
    assert runs["run-b"] == []


def test_a_backup_brings_back_what_is_damaged_missing_or_lost_and_newer_runs_stay(
    store: Store, command: CliRunner, tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    assert command.invoke(app, ["store", "backup", str(backup)]).exit_code == 0
    publish_run(store.root.parent, "run-c")
    before = whole_runs(store.root.parent)
    flip(factors_file(store, "run-a"))
    shutil.rmtree(store.artifact("factors", "run-b"))
    shutil.rmtree(store.table("publications"))
    done = command.invoke(app, ["store", "restore", str(backup)])
    assert done.exit_code == 0, done.output
    assert whole_runs(store.root.parent) == before
    assert all(not state.damage for state in check(store))
    assert recover(store).paths == ()


def test_a_damaged_publication_is_told_and_comes_back(store: Store, command: CliRunner, tmp_path: Path) -> None:
    before = whole_runs(store.root.parent)
    backups.back_up(store, tmp_path / "backup")
    commit = store.publications_commit(1)
    commit.write_bytes(commit.read_bytes().replace(b"factors", b"factorz", 1))
    told = command.invoke(app, ["store", "check"])
    assert told.exit_code == 2
    assert "store restore" in told.stderr
    done = command.invoke(app, ["store", "restore", str(tmp_path / "backup")])
    assert done.exit_code == 0, done.output
    assert whole_runs(store.root.parent) == before


@pytest.mark.parametrize("as_json", [[], ["--json"]])
def test_a_restore_that_leaves_a_newer_run_damaged_ends_with_1(
    store: Store, command: CliRunner, tmp_path: Path, as_json: list[str]
) -> None:
    backups.back_up(store, tmp_path / "backup")
    publish_run(store.root.parent, "run-c")
    flip(factors_file(store, "run-c"))
    shutil.rmtree(store.table("publications"))
    done = command.invoke(app, ["store", "restore", str(tmp_path / "backup"), *as_json])
    assert done.exit_code == 1, done.output
    assert "run-c" in done.output


def test_an_empty_state_becomes_what_the_backup_holds(store: Store, tmp_path: Path) -> None:
    backups.back_up(store, tmp_path / "backup")
    other = Store.under(tmp_path / "other")
    backups.restore(tmp_path / "backup", other)
    assert whole_runs(tmp_path / "other") == whole_runs(store.root.parent)
    assert recover(other).paths == ()


def test_a_backup_of_other_runs_replaces_a_store_only_when_told_to_and_the_store_is_kept(store: Store, tmp_path: Path) -> None:
    backups.back_up(store, tmp_path / "backup")
    publish_run(tmp_path / "other", "run-x")
    other = Store.under(tmp_path / "other")
    with pytest.raises(backups.NotOlder, match="--replace"):
        backups.restore(tmp_path / "backup", other)
    restored = backups.restore(tmp_path / "backup", other, replace=True)
    assert list(whole_runs(tmp_path / "other")) == RUNS
    assert any((Quarantine(other).root / str(restored.quarantine)).rglob("run-x"))


def test_vacuum_takes_what_nobody_names_and_nothing_that_a_publication_names(store: Store, command: CliRunner) -> None:
    before = whole_runs(store.root.parent)
    stray = store.table("factors") / "run=run-z" / "part.parquet"
    stray.parent.mkdir()
    stray.write_bytes(b"PAR1")
    first = command.invoke(app, ["store", "vacuum", "--keep-days", "0"])
    assert first.exit_code == 0, first.output
    assert not stray.exists()
    assert len(Quarantine(store).entries()) == 1
    assert command.invoke(app, ["store", "vacuum", "--keep-days", "0"]).exit_code == 0
    assert Quarantine(store).entries() == []
    assert whole_runs(store.root.parent) == before


def test_a_backup_holds_what_was_published_when_it_began(store: Store, tmp_path: Path) -> None:
    def back_up(point: str) -> None:
        if point == "commit ends":
            backups.back_up(store, tmp_path / "backup")

    publish_run(store.root.parent, "run-c", report=SteppingReport(back_up))
    other = Store.under(tmp_path / "other")
    backups.restore(tmp_path / "backup", other)
    assert list(whole_runs(tmp_path / "other")) == RUNS
    assert all(not state.damage for state in check(other))
    recover(other)
    assert list(whole_runs(tmp_path / "other")) == RUNS


def test_a_partition_with_a_flipped_bit_is_not_read(tmp_path: Path) -> None:
    store = Store.under(tmp_path)
    version = commit_flipped(store)
    with pytest.raises(OSError, match="CRC checksum"):
        tables.read(store, "membership", version, "d1")


def test_the_quarantine_is_listed_and_emptied_by_command(store: Store, command: CliRunner) -> None:
    for run in ("run-y", "run-z"):
        stray = store.table("factors") / f"run={run}" / "part.parquet"
        stray.parent.mkdir()
        stray.write_bytes(b"PAR1")
        recover(store)
    first, second = Quarantine(store).entries()
    listed = command.invoke(app, ["store", "quarantine", "list"]).output
    assert first.id in listed
    assert "tables/factors/run=run-z" in listed
    assert listed.endswith("2 entries\n")
    assert command.invoke(app, ["store", "quarantine", "empty"], input="n\n").exit_code == 1
    assert len(Quarantine(store).entries()) == 2
    assert command.invoke(app, ["store", "quarantine", "empty", "nothing", "--yes"]).exit_code == 2
    one = command.invoke(app, ["store", "quarantine", "empty", first.id], input="y\n")
    assert one.exit_code == 0, one.output
    assert [entry.id for entry in Quarantine(store).entries()] == [second.id]
    assert command.invoke(app, ["store", "quarantine", "empty", "--yes"]).output.startswith("1 entries were deleted (")
    assert Quarantine(store).entries() == []


def test_every_command_of_the_store_prints_one_object_where_it_is_asked_to(
    store: Store, command: CliRunner, tmp_path: Path
) -> None:
    def told(*words: str) -> dict[str, Any]:
        done = command.invoke(app, ["store", *words, "--json"])
        assert done.exit_code == 0, done.output
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    backup = str(tmp_path / "backup")
    made = told("backup", backup)
    assert (made["backup"], made["runs"], made["damage"]) == (backup, RUNS, [])
    assert made["files"] > 8
    shutil.rmtree(store.table("publications"))
    assert told("repair") == {"published": RUNS, "damaged": []}
    factors_file(store, "run-a").unlink()
    brought = told("restore", backup)["files"]
    assert str(factors_file(store, "run-a").relative_to(store.root)) in brought
    stray = store.table("factors") / "run=run-z" / "part.parquet"
    stray.parent.mkdir()
    stray.write_bytes(b"PAR1")
    moved = told("vacuum")
    assert "tables/factors/run=run-z" in moved["moved"]
    assert told("quarantine", "list")["entries"][-1]["id"] == moved["quarantine"]
    assert told("quarantine", "restore", moved["quarantine"]) == {"kept": [], "published": [], "damaged": []}
    again = told("vacuum")
    assert again["quarantine"] in told("quarantine", "empty", "--yes")["deleted"]
    assert Quarantine(store).entries() == []
