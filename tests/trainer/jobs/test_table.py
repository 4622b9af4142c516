"""The job table keeps what it was told, in the order it promises."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trainer.jobs.job import Failure, JobState
from trainer.jobs.table import IdempotencyConflict, JobTable
from trainer.runs.spec import FactorsSpec

NOW = datetime(2026, 11, 23, 22, 30, tzinfo=UTC)
SPEC = FactorsSpec(kind="factors")


@pytest.fixture
def table(tmp_path: Path) -> JobTable:
    return JobTable.open(tmp_path / "jobs.sqlite")


def test_a_new_job_is_queued_and_found_again(table: JobTable) -> None:
    job, fresh = table.add("a", SPEC, priority=3, now=NOW)
    assert fresh
    assert table.get("a") == job
    assert (job.state, job.spec, job.priority, job.attempts, job.created) == (JobState.QUEUED, SPEC, 3, 0, NOW)


def test_an_unknown_job_is_a_key_error(table: JobTable) -> None:
    with pytest.raises(KeyError):
        table.get("nobody")


def test_the_greatest_priority_runs_first_and_equals_in_order(table: JobTable) -> None:
    for name, priority in (("a", 0), ("b", 5), ("c", 0), ("d", 5)):
        table.add(name, SPEC, priority=priority, now=NOW)
    order = []
    while (job := table.next()) is not None:
        order.append(job.id)
        table.start(job.id, run=f"run-{job.id}", now=NOW)
    assert order == ["b", "d", "a", "c"]


def test_the_same_key_with_the_same_request_is_the_same_job(table: JobTable) -> None:
    first, _ = table.add("a", SPEC, priority=0, now=NOW, key="k")
    again, fresh = table.add("b", SPEC, priority=0, now=NOW, key="k")
    assert (again, fresh) == (first, False)
    assert [job.id for job in table.page(limit=10)] == ["a"]


@pytest.mark.parametrize(("spec", "priority"), [(FactorsSpec(kind="factors", rank=4), 0), (SPEC, 1)])
def test_the_same_key_with_another_request_is_a_conflict(table: JobTable, spec: FactorsSpec, priority: int) -> None:
    table.add("a", SPEC, priority=0, now=NOW, key="k")
    with pytest.raises(IdempotencyConflict):
        table.add("b", spec, priority=priority, now=NOW, key="k")
    assert len(table.page(limit=10)) == 1


def test_two_threads_with_one_key_make_one_job(table: JobTable) -> None:
    barrier = threading.Barrier(2)

    def submit(name: str) -> None:
        barrier.wait()
        table.add(name, SPEC, priority=0, now=NOW, key="k")

    threads = [threading.Thread(target=submit, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(table.page(limit=10)) == 1


def test_a_job_goes_through_its_states(table: JobTable) -> None:
    table.add("a", SPEC, priority=0, now=NOW)
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
    table.add("a", SPEC, priority=0, now=NOW)
    table.finish("a", JobState.FAILED, now=NOW, failure=failure)
    assert table.get("a").failure == failure


def test_a_final_state_is_final(table: JobTable) -> None:
    table.add("a", SPEC, priority=0, now=NOW)
    table.finish("a", JobState.CANCELLED, now=NOW)
    with pytest.raises(ValueError, match="a is not"):
        table.finish("a", JobState.SUCCEEDED, now=NOW)
    with pytest.raises(ValueError, match="a is not queued"):
        table.start("a", run="r", now=NOW)
    assert table.get("a").state is JobState.CANCELLED


@pytest.mark.parametrize(("counted", "attempts"), [(True, 1), (False, 0)])
def test_a_requeued_job_keeps_its_place_and_counts_its_attempt_if_told(table: JobTable, counted: bool, attempts: int) -> None:  # noqa: FBT001 - parametrized
    table.add("a", SPEC, priority=0, now=NOW)
    table.add("b", SPEC, priority=0, now=NOW)
    table.start("a", run="r", now=NOW)
    table.requeue("a", counted=counted)
    following = table.next()
    assert following is not None
    assert (following.id, following.run, following.attempts, following.started) == ("a", None, attempts, None)


def test_pages_go_from_the_newest_to_the_oldest_and_filter_by_state(table: JobTable) -> None:
    for name in "abcde":
        table.add(name, SPEC, priority=0, now=NOW)
    table.finish("b", JobState.CANCELLED, now=NOW)
    table.finish("d", JobState.CANCELLED, now=NOW)
    first = table.page(limit=2)
    assert [job.id for job in first] == ["e", "d"]
    assert [job.id for job in table.page(before=first[-1].sequence, limit=9)] == ["c", "b", "a"]
    assert [job.id for job in table.page(states=[JobState.CANCELLED], limit=9)] == ["d", "b"]


def test_what_was_written_is_there_after_the_process_died(tmp_path: Path) -> None:
    JobTable.open(tmp_path / "jobs.sqlite").add("a", SPEC, priority=0, now=NOW)  # never closed
    assert JobTable.open(tmp_path / "jobs.sqlite").get("a").id == "a"


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
