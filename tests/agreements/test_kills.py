"""Wherever a run is killed, readers have the old run whole, and the next start cleans up.

A killed process leaves on the disk what it had written by then, no more and no less. The first tests therefore copy the state
at every step of a run and look at the copies; the others kill real processes.
"""

import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from pyspark.sql import SparkSession
from tests.support.reader import whole_runs
from tests.support.reports import SteppingReport
from tests.support.seed_json import seed_json
from tests.support.trainer import TrainerProcess

from trainer.jobs.published import StoredRuns
from trainer.pipelines.factors import train
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

pytestmark = [pytest.mark.spark, pytest.mark.slow]
BUILT_IN: Final = FactorsSpec(kind="factors", sources=("built-in",))
KILLS: Final = int(os.environ.get("NTDEMO_KILLS", "4"))
"""Of a round, drawn by NTDEMO_KILLS_SEED; NTDEMO_KILLS=100 for a long one."""
VISIBLE: Final = ("publish ends", "published")
"""Steps after the one that readers see."""


def _files(state: Path) -> set[str]:
    """Everything in the store but the logs of its tables."""
    store = state / "store"
    return {str(path.relative_to(store)) for path in store.rglob("*") if path.is_file() and "_delta_log" not in path.parts}


class _Copies:
    """Copies of a state directory, one a step of a run."""

    def __init__(self, state: Path, into: Path) -> None:
        self._state = state
        self._into = into
        self.of: dict[str, Path] = {}

    def take(self, point: str) -> None:
        """Copy; again, where a file that other threads write is renamed meanwhile."""
        target = self._into / f"{len(self.of):02} {point}"
        while True:
            try:
                shutil.copytree(self._state, target, ignore=shutil.ignore_patterns("cache"))
            except (shutil.Error, FileNotFoundError):
                shutil.rmtree(target)
                continue
            break
        self.of[point] = target


@pytest.mark.parametrize("same_data", [False, True], ids=["other data", "the same data"])
def test_at_every_step_a_reader_has_whole_runs_and_recovery_leaves_nothing_else(
    spark: SparkSession,
    tmp_path: Path,
    same_data: bool,  # noqa: FBT001 - parametrized
) -> None:
    state = tmp_path / "state"
    settings = Settings(state=state)
    old = train(BUILT_IN, settings, SteppingReport(), spark=spark).run
    before, files_before = whole_runs(state), _files(state)
    assert list(before) == [old]
    data = tmp_path / "other.json"
    data.write_bytes(seed_json([[1, 0, 1], [0, 1, 1]], [[1, 0], [0, -1], [1, 1]]))
    spec = FactorsSpec(kind="factors", sources=("built-in" if same_data else str(data),), rank=2)

    copies = _Copies(state, tmp_path / "copies")
    new = train(spec, settings, SteppingReport(copies.take), spark=spark).run

    after = whole_runs(state)
    assert list(after) == [old, new]
    assert {"network begins", "network ends", "write begins", "write ends", "commit 1", "commit ends", *VISIBLE} <= set(
        copies.of
    )
    for point, copy in copies.of.items():
        expected, files = (after, _files(state)) if point in VISIBLE else (before, files_before)
        assert whole_runs(copy) == expected, point
        StoredRuns(Settings(state=copy)).recover()
        assert whole_runs(copy) == expected, point
        assert _files(copy) == files, point


def test_after_a_kill_between_two_commits_the_same_run_can_be_made_again(spark: SparkSession, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    copies = _Copies(state, tmp_path / "copies")
    train(BUILT_IN, Settings(state=state), SteppingReport(copies.take), spark=spark)
    torn = copies.of["commit 4"]
    assert whole_runs(torn) == {}

    unrecovered = train(BUILT_IN, Settings(state=torn), SteppingReport(), spark=spark).run

    assert whole_runs(torn) == {unrecovered: next(iter(whole_runs(state).values()))}
    StoredRuns(Settings(state=torn)).recover()
    recovered = train(BUILT_IN, Settings(state=torn), SteppingReport(), spark=spark).run
    assert list(whole_runs(torn)) == [unrecovered, recovered]


@pytest.fixture
def trainer(spark: SparkSession, tmp_path: Path) -> Iterator[TrainerProcess]:
    """A trainer whose store holds a run of its data already."""
    train(BUILT_IN, Settings(state=tmp_path / "state"), SteppingReport(), spark=spark)
    with TrainerProcess(tmp_path / "state") as process:
        yield process
    assert process.leftovers() == []


def test_a_trainer_killed_while_it_writes_finds_its_job_again(trainer: TrainerProcess) -> None:
    before = whole_runs(trainer.state)
    job = trainer.submit({"kind": "factors", "sources": ["built-in"], "rank": 2})
    trainer.wait_for_state(job, "publishing")
    trainer.process.kill()
    trainer.process.wait()
    assert trainer.leftovers(within_s=20) == []
    assert whole_runs(trainer.state) == before

    trainer.start()

    found = trainer.wait_for_state(job, "succeeded")
    assert found["attempts"] == 2
    assert list(whole_runs(trainer.state)) == [*before, found["run"]]


def test_a_worker_killed_while_it_writes_is_replaced(trainer: TrainerProcess) -> None:
    before = whole_runs(trainer.state)
    job = trainer.submit({"kind": "factors", "sources": ["built-in"], "rank": 2})
    killed = trainer.wait_for_state(job, "publishing")["run"]
    trainer.kill_worker(signal.SIGKILL)
    assert whole_runs(trainer.state) == before
    found = trainer.wait_for_state(job, "succeeded")
    assert found["attempts"] == 2
    assert list(whole_runs(trainer.state)) == [*before, found["run"]]
    assert not [path for path in _files(trainer.state) if killed in path]


def test_a_job_cancelled_while_it_writes_leaves_nothing(trainer: TrainerProcess) -> None:
    before, files = whole_runs(trainer.state), _files(trainer.state)
    job = trainer.submit({"kind": "factors", "sources": ["built-in"], "rank": 2})
    trainer.wait_for_state(job, "publishing")
    assert trainer.cancel(job)["state"] == "cancelled"
    assert trainer.leftovers(within_s=20, but=trainer.process.pid) == []
    assert trainer.stop() == 0
    assert whole_runs(trainer.state) == before
    trainer.start()
    trainer.wait_until_recovered()
    assert _files(trainer.state) == files


class _Reader(threading.Thread):
    """Reads every run to its end, again and again; what was whole once must stay so, under the same name."""

    def __init__(self, state: Path) -> None:
        super().__init__(daemon=True)
        self._state = state
        self._stop_reading = threading.Event()
        self.reads = 0
        self.failures: list[str] = []

    def run(self) -> None:
        seen: dict[str, dict[str, int]] = {}
        rest_s = 0.05
        while not self._stop_reading.wait(rest_s):
            began = time.monotonic()
            try:
                found = whole_runs(self._state)
            except Exception as error:  # noqa: BLE001 - whatever a reader meets
                self.failures.append(repr(error))
                continue
            if lost := [run for run in seen if found.get(run) != seen[run]]:
                self.failures.append(f"{lost} changed or went away")
            seen, self.reads = found, self.reads + 1
            rest_s = 2 * (time.monotonic() - began)  # leaves the processors to whoever is killed

    def end(self) -> None:
        self._stop_reading.set()
        self.join()


def _events(trainer: TrainerProcess, job: str) -> int:
    path = trainer.state / "jobs" / job / "events.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.timeout(240 + 30 * KILLS)
def test_whoever_is_killed_wherever_a_job_stands_readers_see_whole_runs_and_every_job_ends(trainer: TrainerProcess) -> None:
    draw = random.Random(int(os.environ.get("NTDEMO_KILLS_SEED", "0")))  # noqa: S311 - a test
    before = list(whole_runs(trainer.state))
    published: list[str] = []
    killed = Counter[str]()
    reader = _Reader(trainer.state)
    reader.start()
    while killed.total() < KILLS:
        job = trainer.submit({"kind": "factors", "sources": ["built-in"], "rank": 2, "seed": len(published)})
        victim, events = draw.choice(("trainer", "worker")), draw.randint(1, 16)
        trainer.wait_for(lambda job=job, events=events: _events(trainer, job) >= events or _ended(trainer, job))  # type: ignore[misc]
        if not _ended(trainer, job) and (victim == "trainer" or trainer.kill_worker_if_any()):
            if victim == "trainer":
                trainer.process.kill()
                trainer.process.wait()
                assert trainer.leftovers(within_s=20) == []
                trainer.start()
            killed[victim] += 1
        published.append(trainer.wait_for_state(job, "succeeded")["run"])
    reader.end()
    print(f"{dict(killed)} kills, {len(published)} jobs, {reader.reads} readings of all runs")  # noqa: T201 - docs/operations.md
    assert reader.failures == []
    assert reader.reads > 0
    assert list(whole_runs(trainer.state)) == [*before, *published]


def _ended(trainer: TrainerProcess, job: str) -> bool:
    return trainer.job(job)["state"] in {"succeeded", "failed", "cancelled"}
