"""Runs are named, found, kept and deleted; what stops a change leaves the registry whole, and no writer undoes another's."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.arrow_store import publish_run
from tests.support.reader import whole_runs
from typer.testing import CliRunner

from contracts.store import Store
from published.changes import CURRENT, Marks
from trainer.cli import app
from trainer.jobs.claim import JOBS
from trainer.jobs.job import JobState, Submission
from trainer.jobs.table import JobTable
from trainer.pipelines.registry import Runs
from trainer.runs.failures import AliasMoved, AliasUnknown, NothingBefore, RunKept, RunUnknown, WordTaken
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings
from trainer.store import publications as announcing
from trainer.store import registry as changing
from trainer.store.backup import back_up, restore
from trainer.store.damage import check
from trainer.store.intents import intents
from trainer.store.publications import publications, registry
from trainer.store.quarantine import Quarantine
from trainer.store.recovery import recover
from trainer.store.repair import publish_again


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two runs of the same data; `two` is current."""
    for run in ("one", "two"):
        publish_run(tmp_path / "state", run)
    return Store.under(tmp_path / "state")


@pytest.fixture
def runs(store: Store) -> Runs:
    return Runs(Settings(state=store.root.parent))


def noted(note: str) -> Callable[[Marks], Marks]:
    return lambda marks: replace(marks, note=note)


def tagged(tag: str) -> Callable[[Marks], Marks]:
    return lambda marks: replace(marks, tags=(*marks.tags, tag))


def named(name: str | None) -> Callable[[Marks], Marks]:
    return lambda marks: replace(marks, name=name)


def test_writers_at_once_lose_no_update(runs: Runs, store: Store) -> None:
    others = [Runs(Settings(state=store.root.parent)) for _ in range(6)]
    at_once = threading.Barrier(len(others))

    def write(number: int) -> None:
        at_once.wait()
        for turn in range(3):
            others[number].mark("one", tagged(f"t{number}-{turn}"))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(len(others))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(runs.get("one").marks.tags) == {f"t{number}-{turn}" for number in range(6) for turn in range(3)}


@pytest.mark.parametrize("step", ["append_change", "secure"])
def test_a_change_that_is_stopped_is_made_whole_or_not_at_all(
    runs: Runs, store: Store, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    runs.mark("one", noted("before"))

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(changing if step == "append_change" else announcing, step, stop)
        with pytest.raises(KeyboardInterrupt):
            runs.mark("one", noted("after"))
    assert runs.get("one").marks.note == ("before" if step == "append_change" else "after")
    assert [intent.run for intent in intents(store)] == ["registry"]
    assert recover(store).paths == ()
    assert intents(store) == []
    assert [entry.run for entry in runs.all()] == ["two", "one"]


def test_a_change_that_a_power_cut_tore_stops_no_start(runs: Runs, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as stopped:
        stopped.setattr(announcing, "secure", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            runs.mark("one", noted("after"))
    commit = store.publications_commit(store.version())
    commit.write_bytes(commit.read_bytes()[:40])
    recover(store)
    assert runs.get("one").marks.note == ""
    runs.mark("one", noted("again"))
    assert runs.get("one").marks.note == "again"


def test_a_publication_that_a_power_cut_tore_stops_no_start(runs: Runs, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever announces one: here a run that was deleted and comes back."""
    runs.delete("one")
    with monkeypatch.context() as stopped:
        stopped.setattr(announcing, "secure", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            runs.restore("one")
    commit = store.publications_commit(store.version())
    commit.write_bytes(commit.read_bytes()[:40])
    recover(store)
    assert [entry.run for entry in runs.all()] == ["two"]
    assert runs.restore("one").run == "one"


def test_a_run_is_found_by_id_alias_and_name_and_each_word_stands_for_one(runs: Runs) -> None:
    runs.mark("one", named("The good one"))
    runs.name("best", "The good one")
    assert {runs.get(word).run for word in ("one", "The good one", "best")} == {"one"}
    for word in ("two", "best", "The good one", CURRENT, "latest", "ntdemo-en", "compare"):
        with pytest.raises(WordTaken):
            runs.mark("two", named(word))
    with pytest.raises(WordTaken):
        runs.name("one", "two")
    with pytest.raises(WordTaken, match="lower-case"):
        runs.name("Best of all", "two")
    assert runs.mark("one", named(None)).marks.name is None
    assert runs.mark("two", named("The good one")).run == "two"


@pytest.mark.parametrize(
    ("marks", "told"),
    [(Marks(name=name), "no space at its ends") for name in ("", " a", "a/b", "a\nb", "a" * 81)]
    + [(Marks(tags=tags), "up to 32 tags") for tags in (("a b",), ("a,b",), ("",), tuple(map(str, range(33))))]
    + [(Marks(note="n" * 10_001), "10,000")],
)
def test_what_is_no_name_tag_or_note_is_refused_whoever_says_it(runs: Runs, marks: Marks, told: str) -> None:
    with pytest.raises(WordTaken, match=told):
        runs.mark("one", lambda _: marks)
    assert runs.get("one").marks == Marks()


def test_an_alias_moves_only_from_where_it_is_thought_to_be(runs: Runs) -> None:
    with pytest.raises(AliasMoved, match="current names two by now"):
        runs.name(CURRENT, "one", expected="one")
    assert runs.name(CURRENT, "one", expected="two").run == "one"
    assert runs.name("best", "one", expected="").run == "one"
    with pytest.raises(AliasMoved):
        runs.name("best", "two", expected="")
    with pytest.raises(AliasMoved):
        runs.roll_back(CURRENT, expected="two")
    assert runs.roll_back(CURRENT, expected="one").run == "two"
    assert runs.roll_back(CURRENT).run == "one", "it was published first"
    with pytest.raises(NothingBefore):
        runs.roll_back(CURRENT)
    runs.drop("best")
    for refused in (lambda: runs.drop("best"), lambda: runs.roll_back("best"), lambda: runs.alias("best")):
        with pytest.raises(AliasUnknown):
            refused()
    with pytest.raises(RunKept):
        runs.drop(CURRENT)


def test_what_is_named_pinned_or_in_use_is_not_deleted(runs: Runs) -> None:
    with pytest.raises(RunKept, match="two is what current names"):
        runs.delete(CURRENT)
    runs.mark("one", lambda marks: replace(marks, pinned=True))
    with pytest.raises(RunKept, match="pinned"):
        runs.delete("one")
    runs.mark("one", lambda marks: replace(marks, pinned=False))
    with pytest.raises(RunKept, match="job"):
        runs.delete("one", used={"one"}.__contains__)
    assert runs.delete("one") == "one"
    with pytest.raises(RunUnknown):
        runs.get("one")
    with pytest.raises(WordTaken):
        runs.mark("two", named("one"))
    with pytest.raises(NothingBefore):
        runs.roll_back(CURRENT)


def test_a_deleted_run_goes_to_the_quarantine_comes_back_when_asked_and_never_by_itself(
    runs: Runs, store: Store, tmp_path: Path
) -> None:
    back_up(store, tmp_path / "backup")
    runs.mark("one", named("x"))
    runs.delete("one")
    assert publish_again(store) == ([], [])
    assert restore(tmp_path / "backup", store).files == ()
    assert [one.run for one in publications(store)] == ["two"]
    assert {path.rpartition("/")[2] for path in recover(store).paths} == {"run=one", "one"}
    assert [entry.reason for entry in Quarantine(store).entries()] == ["deleted: one"]
    assert restore(tmp_path / "backup", store).files == ()
    assert runs.restore("one").marks == Marks()
    assert set(whole_runs(store.root.parent)) == {"one", "two"}
    assert registry(store).names(CURRENT) == "two", "what comes back takes nothing"
    assert Quarantine(store).entries() == []
    runs.delete("one")
    assert runs.restore("one").run == "one", "from where it lies"
    with pytest.raises(RunUnknown, match="no run that was deleted"):
        runs.restore("one")


def test_bringing_a_run_back_publishes_no_other_that_went_with_it(
    runs: Runs, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another that was never published: its trainer was killed right before."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped:
        stopped.setattr(announcing, "announce", killed)
        with pytest.raises(KeyboardInterrupt):
            publish_run(store.root.parent, "three")
    runs.delete("one")
    assert {path.rpartition("/")[2] for path in recover(store).paths} >= {"one", "three"}
    assert runs.restore("one").run == "one"
    assert {one.run for one in publications(store)} == {"one", "two"}


def test_a_run_whose_facts_went_with_a_later_run_comes_back_whole_or_not_at_all(
    runs: Runs, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_run(store.root.parent, "three", data="of other facts")
    before = {one.run: one for one in publications(store)}
    for run in ("one", "two"):  # of the same facts, which go with the second
        runs.delete(run)
        recover(store)
    entries = {entry.reason: entry for entry in Quarantine(store).entries()}
    first, second = entries["deleted: one"], entries["deleted: two"]
    assert any(taken.path.startswith("tables/fragments/data=") for taken in second.taken)
    monkeypatch.setenv("NTDEMO_STATE", str(store.root.parent))
    put_back = CliRunner().invoke(app, ["store", "quarantine", "restore", first.id], catch_exceptions=False)
    assert "one: damaged, not published" in put_back.output
    assert [one.run for one in publications(store)] == ["three"]
    assert runs.restore("one").run == "one"
    assert {one.run: one.tables.keys() for one in publications(store)} == {
        run: before[run].tables.keys() for run in ("three", "one")
    }
    recover(store)
    assert {one.publication.run: one.damage for one in check(store)} == {"three": (), "one": ()}
    assert runs.restore("two").run == "two"
    assert {one.publication.run: one.damage for one in check(store)} == {"three": (), "one": (), "two": ()}


def test_the_space_of_a_deleted_run_is_freed_by_vacuum(
    runs: Runs, store: Store, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    runs.delete("one")
    monkeypatch.setenv("NTDEMO_STATE", str(store.root.parent))
    invoke = CliRunner().invoke
    assert "6 paths were moved" in invoke(app, ["store", "vacuum"], catch_exceptions=False).output
    assert "1 entries deleted" in invoke(app, ["store", "vacuum", "--keep-days", "0"], catch_exceptions=False).output
    assert not [path for path in store.root.parent.rglob("*") if "one" in path.name]
    with pytest.raises(RunUnknown, match="files are gone"):
        runs.restore("one")
    assert capfd.readouterr().err == ""


def test_the_command_line_deletes_no_run_that_a_job_has_in_use(store: Store) -> None:
    def said() -> str:
        command = [sys.executable, "-P", "-m", "trainer.cli", "runs", "delete", "one"]
        environment = {**os.environ, "NTDEMO_STATE": str(store.root.parent)}
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return ended.stdout + ended.stderr

    table, now = JobTable.open(store.root.parent / JOBS), datetime.now(UTC)
    table.add("job", Submission(FactorsSpec(kind="factors")), now=now)
    table.start("job", run="one", now=now)
    assert "one is in use by a job" in said()
    table.finish("job", JobState.FAILED, now=now)
    assert "one is deleted" in said()
    table.close()


def test_the_commands_do_the_same(store: Store, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("NTDEMO_STATE", str(store.root.parent))

    def said(*words: str) -> str:
        CliRunner().invoke(app, ["runs", *words], catch_exceptions=False)
        return "".join(capfd.readouterr())

    said("name", "one", "first try")
    said("tag", "first try", "good", "old")
    assert said("tag", "one", "--", "-old") == "one  first try  #good\n"
    said("note", "one", "of Monday\nin two lines")
    said("pin", "one")
    assert said("list") == "two  [current]\none  first try  #good  pinned  of Monday\n"
    assert said("promote", "first try") == "current is one from now on\n"
    assert said("rollback") == "current is two again\n"
    assert said("promote", "one", "--alias", "best") == "best is one from now on\n"
    said("unalias", "best")
    said("pin", "one", "--off")
    assert "one is deleted" in said("delete", "one")
    assert said("restore", "one") == "one is there again\n"
    listed = json.loads(said("list", "--json"))["runs"]
    assert [(entry["run"], entry["name"], entry["aliases"]) for entry in listed] == [
        ("two", None, ["current"]),
        ("one", None, []),
    ]
