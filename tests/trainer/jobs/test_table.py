"""The job table keeps what it was told, in the order it promises."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trainer.jobs.accounts import Account, Held
from trainer.jobs.devices.listing import DeviceKind
from trainer.jobs.job import Failure, JobState, Submission
from trainer.jobs.table import IdempotencyConflict, JobTable
from trainer.runs.spec import RUN_SPEC, FactorsSpec

VERSION_1 = """
CREATE TABLE jobs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, spec TEXT NOT NULL,
    priority INTEGER NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, run TEXT, device TEXT,
    created TEXT NOT NULL, started TEXT, finished TEXT, failure TEXT, idempotency_key TEXT UNIQUE
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, priority DESC, sequence);
PRAGMA user_version = 1;
"""
NOW = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
SPEC = FactorsSpec(kind="factors")


@pytest.fixture
def table(tmp_path: Path) -> JobTable:
    return JobTable.open(tmp_path / "jobs.sqlite")


def test_a_new_job_is_queued_and_found_again(table: JobTable) -> None:
    job, fresh = table.add("a", Submission(SPEC, priority=3), now=NOW)
    assert fresh
    assert table.get("a") == job
    assert (job.state, job.spec, job.priority, job.attempts, job.created) == (JobState.QUEUED, SPEC, 3, 0, NOW)


def test_an_unfinished_job_that_asks_for_the_same_is_found_among_thousands_alike(table: JobTable) -> None:
    other = SPEC.model_copy(update={"rank": 7})
    for number in range(300):
        table.add(f"o{number}", Submission(other), now=NOW)
    assert table.unfinished_like(SPEC) is None
    table.add("done", Submission(SPEC), now=NOW)
    table.finish("done", JobState.CANCELLED, now=NOW)
    assert table.unfinished_like(SPEC) is None
    table.add("waits", Submission(SPEC), now=NOW)
    assert table.unfinished_like(SPEC) == "waits"


def test_an_unknown_job_is_a_key_error(table: JobTable) -> None:
    with pytest.raises(KeyError):
        table.get("nobody")


def test_the_same_key_with_the_same_request_is_the_same_job(table: JobTable) -> None:
    first, _ = table.add("a", Submission(SPEC, priority=0), now=NOW, key="k")
    again, fresh = table.add("b", Submission(SPEC, priority=0), now=NOW, key="k")
    assert (again, fresh) == (first, False)
    assert [job.id for job in table.page(limit=10)] == ["a"]


@pytest.mark.parametrize(("spec", "priority"), [(FactorsSpec(kind="factors", rank=4), 0), (SPEC, 1)])
def test_the_same_key_with_another_request_is_a_conflict(table: JobTable, spec: FactorsSpec, priority: int) -> None:
    table.add("a", Submission(SPEC, priority=0), now=NOW, key="k")
    with pytest.raises(IdempotencyConflict):
        table.add("b", Submission(spec, priority=priority), now=NOW, key="k")
    assert len(table.page(limit=10)) == 1


def test_two_threads_with_one_key_make_one_job(table: JobTable) -> None:
    barrier = threading.Barrier(2)

    def submit(name: str) -> None:
        barrier.wait()
        table.add(name, Submission(SPEC, priority=0), now=NOW, key="k")

    threads = [threading.Thread(target=submit, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(table.page(limit=10)) == 1


def test_a_job_goes_through_its_states(table: JobTable) -> None:
    table.add("a", Submission(SPEC, priority=0), now=NOW)
    table.start("a", run="r1", now=NOW + timedelta(seconds=1))
    table.computing_on("a", "cpu x86_64")
    table.publishing("a")
    job = table.get("a")
    assert (job.state, job.run, job.device, job.attempts) == (JobState.PUBLISHING, "r1", "cpu x86_64", 1)
    table.finish("a", JobState.SUCCEEDED, now=NOW + timedelta(seconds=2))
    job = table.get("a")
    assert (job.state, job.started, job.finished) == (
        JobState.SUCCEEDED,
        NOW + timedelta(seconds=1),
        NOW + timedelta(seconds=2),
    )


def test_a_failure_is_kept_with_its_members(table: JobTable) -> None:
    failure = Failure("invalid-data", "Zeile 3 ist kaputt", {"offences": [{"row": 3}], "offences_total": 1})
    table.add("a", Submission(SPEC, priority=0), now=NOW)
    table.finish("a", JobState.FAILED, now=NOW, failure=failure)
    assert table.get("a").failure == failure


def test_a_final_state_is_final(table: JobTable) -> None:
    table.add("a", Submission(SPEC, priority=0), now=NOW)
    table.finish("a", JobState.CANCELLED, now=NOW)
    with pytest.raises(ValueError, match="a is not"):
        table.finish("a", JobState.SUCCEEDED, now=NOW)
    with pytest.raises(ValueError, match="a is not queued"):
        table.start("a", run="r", now=NOW)
    assert table.get("a").state is JobState.CANCELLED


@pytest.mark.parametrize(("counted", "attempts"), [(True, 1), (False, 0)])
def test_a_requeued_job_waits_again_and_counts_its_attempt_if_told(table: JobTable, counted: bool, attempts: int) -> None:  # noqa: FBT001 - parametrized
    table.add("a", Submission(SPEC, priority=0), now=NOW)
    table.add("b", Submission(SPEC, priority=0), now=NOW)
    table.start("a", run="r", now=NOW)
    table.requeue("a", counted=counted, now=NOW)
    job = table.get("a")
    assert (job.state, job.run, job.attempts, job.started) == (JobState.QUEUED, None, attempts, None)
    assert [waiting.id for waiting in table.waiting()] == ["a", "b"]


def test_pages_go_from_the_newest_to_the_oldest_and_filter_by_state(table: JobTable) -> None:
    for name in "abcde":
        table.add(name, Submission(SPEC, priority=0), now=NOW)
    table.finish("b", JobState.CANCELLED, now=NOW)
    table.finish("d", JobState.CANCELLED, now=NOW)
    first = table.page(limit=2)
    assert [job.id for job in first] == ["e", "d"]
    assert [job.id for job in table.page(before=first[-1].sequence, limit=9)] == ["c", "b", "a"]
    assert [job.id for job in table.page(states=[JobState.CANCELLED], limit=9)] == ["d", "b"]


def test_what_was_written_is_there_after_the_process_died(tmp_path: Path) -> None:
    JobTable.open(tmp_path / "jobs.sqlite").add("a", Submission(SPEC), now=NOW)  # never closed
    assert JobTable.open(tmp_path / "jobs.sqlite").get("a").id == "a"


def test_a_table_of_version_1_is_brought_to_this_one(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(VERSION_1)
    told = '{"kind": "factors", "sources": ["built-in"], "device": "cuda:1"}'
    for name, spec in {"old": told, "older": '{"kind": "factors", "colour": "red"}', "torn": "{"}.items():
        connection.execute(
            "INSERT INTO jobs (id, kind, spec, priority, state, created, idempotency_key) "
            "VALUES (?, 'factors', ?, 0, 'queued', ?, ?)",
            (name, spec, NOW.isoformat(), name),
        )
    connection.commit()
    connection.close()
    table = JobTable.open(path)
    assert [(job.id, job.spec is None, job.owner) for job in table.page(limit=9)] == [
        ("torn", True, "nobody"),
        ("older", True, "nobody"),
        ("old", False, "nobody"),
    ]
    assert [(each.id, each.device, each.queued) for each in table.waiting()] == [
        ("old", "cuda:1", NOW),
        ("older", "auto", NOW),
        ("torn", "auto", NOW),
    ]
    asked = RUN_SPEC.validate_json(told)
    again, fresh = table.add("new", Submission(asked), now=NOW, key="old")
    assert (again.id, fresh) == ("old", False)
    with pytest.raises(IdempotencyConflict):
        table.add("new", Submission(asked, priority=1), now=NOW, key="old")
    table.close()
    JobTable.open(path).close()


def test_a_sweep_is_one_job_and_its_children_wait(table: JobTable) -> None:
    children = [(f"s-{rank}", Submission(FactorsSpec(kind="factors", rank=rank))) for rank in (16, 32)]
    parent, _ = table.add("s", Submission(SPEC), now=NOW, key="k", sweep=children)
    assert parent.children == 2
    assert table.add("t", Submission(SPEC), now=NOW, key="k", sweep=children) == (parent, False)
    with pytest.raises(IdempotencyConflict):
        table.add("t", Submission(SPEC), now=NOW, key="k", sweep=children[:1])
    assert [each.id for each in table.waiting()] == ["s-16", "s-32"]
    assert table.queued() == 2
    assert [job.parent for job in table.page(parent="s", limit=9)] == ["s", "s"]
    table.start("s-16", run="r", now=NOW, slot="cpu")
    assert table.get("s").state is JobState.RUNNING
    assert table.sweep("s") == {JobState.RUNNING: 1, JobState.QUEUED: 1}
    assert (table.unfinished_sweeps(), [job.id for job in table.busy()]) == (["s"], ["s-16"])


def test_what_an_attempt_had_is_its_jobs_and_its_owners(table: JobTable) -> None:
    table.add("a", Submission(SPEC, owner="ann"), now=NOW)
    table.start("a", run="r1", now=NOW, slot="cuda:0")
    table.requeue("a", counted=False, now=NOW, held=Held(DeviceKind.GPU, 10.0, 0.5), preempted=True)
    table.start("a", run="r2", now=NOW, slot="cpu")
    table.finish("a", JobState.SUCCEEDED, now=NOW, held=Held(DeviceKind.CPU, 20.0, 4))
    job = table.get("a")
    assert (job.spent.seconds, job.spent.gpu_seconds, job.spent.cpu_seconds, job.preemptions) == (30.0, 5.0, 80.0, 1)
    assert table.accounts(NOW) == [
        Account("ann", DeviceKind.CPU, 80.0, 20.0),
        Account("ann", DeviceKind.GPU, 5.0, 10.0),
    ]


def test_half_of_what_an_owner_had_is_forgotten_in_a_day_for_whose_turn_is_next(table: JobTable) -> None:
    for name, now in (("a", NOW), ("b", NOW + timedelta(days=1))):
        table.add(name, Submission(SPEC, owner="ann"), now=now)
        table.start(name, run="r", now=now)
        table.finish(name, JobState.FAILED, now=now, held=Held(DeviceKind.CPU, 100.0))
    (account,) = table.accounts(NOW + timedelta(days=2))
    assert (account.seconds, account.charge) == (200.0, 75.0)
    assert table.accounts(NOW)[0].charge == 150.0  # a clock that was set back


def test_a_table_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(sqlite3.DatabaseError, match="version 99"):
        JobTable.open(path)


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    path.write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        JobTable.open(path)
