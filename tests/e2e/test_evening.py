"""An evening of a trainer: ten jobs on two slots, three killed, one cancelled, one preempted, the trainer killed twice."""

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from tests.support import quick_worker
from tests.support.kubernetes import StandInCluster, templates
from tests.support.reader import whole_runs
from tests.support.trainer import TrainerProcess

pytestmark = pytest.mark.e2e
PATIENCE_S: Final = 600
BOT: Final = {"kind": "dialogue", "language": "en", "device": "auto"}


class Follower(threading.Thread):
    """Follows a job's events as a browser does: comes back with the last id whenever the stream breaks."""

    def __init__(self, trainer: TrainerProcess, job: str) -> None:
        super().__init__(daemon=True)
        self._trainer, self._job = trainer, job
        self.ids: list[int] = []
        self.kinds: list[str] = []
        self.lives: list[int] = []
        """The trainer's process at each stream that was answered."""

    @property
    def hears(self) -> bool:
        """Has the trainer that runs now answered, or is everything told?"""
        return "end" in self.kinds or self._trainer.process.pid in self.lives

    def run(self) -> None:
        while "end" not in self.kinds:
            try:
                self._listen()
            except httpx.HTTPError:  # the trainer is away
                time.sleep(0.2)

    def _listen(self) -> None:
        headers = {"Last-Event-ID": str(self.ids[-1])} if self.ids else {}
        url, life = f"{self._trainer.url}/v1/jobs/{self._job}/events", self._trainer.process.pid
        with httpx.Client(trust_env=False, timeout=30) as client, client.stream("GET", url, headers=headers) as answer:
            if self._trainer.process.pid != life:  # it was started again meanwhile: whose answer is this?
                return
            self.lives.append(life)
            kind = ""
            for line in answer.iter_lines():
                word, _, value = line.partition(": ")
                if word == "event":
                    kind = value
                elif word == "id":
                    self.ids.append(int(value))
                    self.kinds.append(kind)


class Evening:
    """A trainer, its jobs and who follows them."""

    def __init__(self, trainer: TrainerProcess) -> None:
        self.trainer = trainer
        self.followers: dict[str, Follower] = {}

    def submit(self, spec: dict[str, Any], **asked: Any) -> str:
        with httpx.Client(trust_env=False, timeout=60) as client:
            answer = client.post(f"{self.trainer.url}/v1/jobs", json={"spec": spec, **asked})
        assert answer.status_code == 202, answer.text
        job = str(answer.json()["id"])
        self.followers[job] = Follower(self.trainer, job)
        self.followers[job].start()
        return job

    def factors(self, rank: int, **asked: Any) -> str:
        return self.submit({"kind": "factors", "sources": ["built-in"], "rank": rank, "promote": False}, **asked)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline_s, (
                {job: self.trainer.job(job) for job in self.followers},
                self.trainer.log.read_text()[-4000:],
            )
            time.sleep(0.1)

    def state(self, job: str) -> str:
        return str(self.trainer.job(job)["state"])

    def until_told(self, job: str, kind: str, times: int = 1) -> None:
        self.until(lambda: self.followers[job].kinds.count(kind) >= times)

    def kill_workers(self, *jobs: str) -> None:
        """The kernel kills the process of each of these jobs as soon as it has begun to work, whichever begins first."""
        left = set(jobs)

        def killed() -> bool:
            for job in [job for job in left if "stage-started" in self.followers[job].kinds]:
                (worker,) = [process for process in _processes(job) if os.getpgid(process) == process]
                os.kill(worker, signal.SIGKILL)
                left.remove(job)
            return not left

        self.until(killed)

    def kill_trainer(self) -> None:
        """Kill it, when it has answered everybody who follows a job, and start it again."""
        self.until(lambda: all(follower.hears for follower in self.followers.values()))
        self.trainer.process.kill()
        self.trainer.process.wait()
        self.trainer.start()


def _processes(job: str) -> list[int]:
    """Ids of the processes that work on a job."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            command = (process / "cmdline").read_bytes() if process.name.isdigit() else b""
        except (FileNotFoundError, ProcessLookupError):
            continue
        if f"/jobs/{job}".encode() in command:
            found.append(int(process.name))
    return found


@contextmanager
def _cluster() -> Iterator[StandInCluster]:
    """A cluster in a thread, whose pods are processes that run what their Jobs say."""
    standing, loop = StandInCluster(), asyncio.new_event_loop()
    ready, ending = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with standing.served():
            ready.set()
            await ending.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(30)
    try:
        yield standing
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(60)
        loop.close()


def _cluster_of(file: Path, stack: ExitStack) -> tuple[StandInCluster, dict[str, str]]:
    """A cluster of processors alone, and what a trainer is told of it."""
    told = {**templates(), "gpu": None}
    told["cpu"] |= {"at_once": 2, "memory_bytes": 8 * 10**9}
    file.write_text(json.dumps(told))
    standing = stack.enter_context(_cluster())
    return standing, {
        "TRAINER_EXECUTOR": "kubernetes",
        "TRAINER_JOB_TEMPLATES": str(file),
        "TRAINER_KUBERNETES_API": standing.url,
    }


@pytest.fixture(params=["local", "kubernetes"])
def evening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Evening]:
    with ExitStack() as stack:
        environment = {"OMP_NUM_THREADS": "1", "TRAINER_SPARK_MASTER": "local[1]"}
        if request.param == "local":
            devices = [{"name": f"cuda:{number}", "memory_bytes": 8 * 10**9} for number in (0, 1)]
            (tmp_path / "devices.json").write_text(json.dumps(devices))
            environment["TRAINER_DEVICES"] = str(tmp_path / "devices.json")
        else:
            environment |= _cluster_of(tmp_path / "templates.json", stack)[1]
        trainer = stack.enter_context(TrainerProcess(tmp_path / "state", environment))
        evening = Evening(trainer)
        evening.until(lambda: httpx.get(f"{trainer.url}/readyz", trust_env=False, timeout=60).is_success)
        yield evening
        assert trainer.stop() == 0
        assert trainer.leftovers(within_s=30) == []


@pytest.mark.slow
def test_a_trainer_of_a_cluster_that_is_killed_twice_goes_on_with_its_jobs_and_who_follows_misses_nothing(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        standing, environment = _cluster_of(tmp_path / "templates.json", stack)
        standing.command = [sys.executable, "-I", quick_worker.__file__]
        trainer = stack.enter_context(TrainerProcess(tmp_path / "state", environment))
        evening = Evening(trainer)
        spec = {"kind": "factors", "sources": ["built-in"]}
        waits, dies, publishes = (
            evening.submit({**spec, "seed": does})
            for does in (quick_worker.WAITS, quick_worker.DIES_ONCE, quick_worker.PUBLISHES)
        )
        evening.until_told(waits, "device")
        evening.kill_trainer()
        evening.until(lambda: {evening.state(dies), evening.state(publishes)} == {"succeeded"})
        evening.kill_trainer()
        (trainer.state / "jobs" / waits / "go").touch()
        evening.until(lambda: evening.state(waits) == "succeeded")
        assert [trainer.job(job)["attempts"] for job in (waits, dies, publishes)] == [1, 2, 1]
        for follower in evening.followers.values():
            follower.join(60)
            assert follower.ids == list(range(1, len(follower.ids) + 1))
            assert (follower.kinds.count("published"), follower.kinds[-1]) == (1, "end")
        assert len(set(evening.followers[waits].lives)) == 3
        assert trainer.stop() == 0


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_whatever_happens_every_job_comes_to_its_end_once_and_who_follows_misses_nothing(
    evening: Evening, request: pytest.FixtureRequest
) -> None:
    outlives = request.node.callspec.params["evening"] == "kubernetes"
    endless = evening.submit({**BOT, "iterations": 10**6})
    gentle = evening.submit({**BOT, "iterations": 30}, preemptible=True)
    for job in (endless, gentle):
        evening.until_told(job, "progress")

    urgent = evening.factors(2, priority=5)
    evening.until_told(gentle, "preempted")
    evening.until_told(urgent, "stage-started")
    assert evening.trainer.cancel(endless)["state"] == "cancelled"
    evening.until_told(gentle, "attempt", times=2)
    evening.kill_trainer()
    for job in (urgent, gentle):
        evening.until(lambda job=job: evening.state(job) == "succeeded")  # type: ignore[misc]

    killed = [evening.factors(3), evening.submit({**BOT, "iterations": 3}), evening.factors(4)]
    others = [evening.factors(5), evening.factors(6), evening.submit({**BOT, "iterations": 4}), evening.factors(7)]
    evening.kill_workers(*killed)
    for job in (*killed, *others[:2]):
        evening.until(lambda job=job: evening.state(job) == "succeeded")  # type: ignore[misc]
    evening.until(lambda: all(evening.followers[job].kinds or evening.state(job) == "succeeded" for job in others[2:]))
    evening.kill_trainer()
    for job in others[2:]:
        evening.until(lambda job=job: evening.state(job) == "succeeded")  # type: ignore[misc]

    rows = {job: evening.trainer.job(job) for job in evening.followers}
    assert len(rows) == 10
    assert {job: row["state"] for job, row in rows.items() if row["state"] != "succeeded"} == {endless: "cancelled"}
    assert {rows[job]["attempts"] for job in killed} == {2}
    assert rows[gentle]["preemptions"] == 1
    if outlives:
        assert (rows[gentle]["attempts"], rows[urgent]["attempts"]) == (1, 1)
    published = [row["run"] for row in rows.values() if row["state"] == "succeeded"]
    found = whole_runs(evening.trainer.state)
    assert len(found) == 1 + len(published)  # and the start's own
    assert set(published) < set(found)
    for job, follower in evening.followers.items():
        follower.join(60)
        assert follower.ids == list(range(1, len(follower.ids) + 1)), job
        assert follower.kinds[-1] == "end", job
        assert follower.kinds.count("published") == (rows[job]["state"] == "succeeded"), job
    assert max(len(set(follower.lives)) for follower in evening.followers.values()) >= 2
