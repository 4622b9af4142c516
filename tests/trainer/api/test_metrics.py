"""What a scrape learns of jobs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from trainer.api.metrics import JobMetrics
from trainer.jobs.job import JobState, Submission
from trainer.jobs.table import JobTable
from trainer.runs.spec import FactorsSpec

_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _after(seconds: float) -> datetime:
    return _NOON + timedelta(seconds=seconds)


@pytest.fixture
def scraped(tmp_path: Path) -> dict[str, float]:
    """A scrape 100 s after noon: one job waited 10 s and ran 30 s, one runs on the processor, one waits since 60 s."""
    table = JobTable.open(tmp_path / "jobs.sqlite")
    spec = FactorsSpec(kind="factors", sources=("built-in",))
    for name, created in (("done", 0), ("busy", 20), ("waits", 40)):
        table.add(name, Submission(spec), now=_after(created))
    table.start("done", run="run-1", now=_after(10))
    table.finish("done", JobState.SUCCEEDED, now=_after(40))
    table.start("busy", run="run-2", now=_after(40))
    table.computing_on("busy", "cpu")
    registry = CollectorRegistry()
    registry.register(JobMetrics(tmp_path / "jobs.sqlite", lambda: {"cpu": 2, "cuda:0": 0}, clock=lambda: _after(100)))
    lines = generate_latest(registry).decode().splitlines()
    table.close()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_jobs_are_counted_by_kind_and_state_also_where_there_are_none(scraped: dict[str, float]) -> None:
    assert scraped['trainer_jobs{kind="factors",state="succeeded"}'] == 1
    assert scraped['trainer_jobs{kind="factors",state="running"}'] == 1
    assert scraped['trainer_jobs{kind="factors",state="queued"}'] == 1
    assert scraped['trainer_jobs{kind="dialogue",state="failed"}'] == 0


def test_waiting_and_running_are_told_in_seconds(scraped: dict[str, float]) -> None:
    assert scraped['trainer_job_queue_wait_seconds_count{kind="factors"}'] == 2
    assert scraped['trainer_job_queue_wait_seconds_sum{kind="factors"}'] == pytest.approx(30, abs=0.01)
    assert scraped['trainer_job_run_seconds_sum{kind="factors",state="succeeded"}'] == pytest.approx(30, abs=0.01)
    assert scraped["trainer_oldest_queued_seconds"] == 60
    assert scraped['trainer_device_jobs{device="cpu"}'] == 1


def test_the_slots_of_devices_are_told_beside_their_jobs(scraped: dict[str, float]) -> None:
    assert scraped['trainer_device_slots{device="cpu"}'] == 2
    assert scraped['trainer_device_slots{device="cuda:0"}'] == 0


def test_a_table_that_is_not_there_yet_is_no_failure_of_the_scrape(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    registry.register(JobMetrics(tmp_path / "jobs.sqlite"))
    assert generate_latest(registry) == b""
