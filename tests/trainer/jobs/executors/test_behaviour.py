"""What every executor does, on this machine and in a cluster: one set of claims for both."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.support.jobs import until
from tests.support.kubernetes import NAMESPACE, StandInCluster, cluster, templates
from tests.support.processes import gone

from trainer.jobs.assignment import Assignment, JobDirectory, Place
from trainer.jobs.events import EventKind, EventReader
from trainer.jobs.executors.executor import Execution, Executor, Outcome
from trainer.jobs.executors.kubernetes.executor import KubernetesExecutor, Patience
from trainer.jobs.executors.kubernetes.server import KubernetesServer
from trainer.jobs.executors.local import LocalExecutor
from trainer.jobs.templates import JobTemplates
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

pytestmark = pytest.mark.anyio
SLEEPS = (
    "import os, signal, sys\nprint(os.getpid(), flush=True)\n"
    "signal.signal(15, lambda *_: os._exit(143))\nwhile True: signal.pause()"
)
BEARS = (
    "import os, subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "print(child.pid, flush=True)\ntime.sleep(600)"
)
SAVES = (
    "import signal, sys\n"
    "signal.signal(15, lambda *_: sys.exit(print('written', flush=True)))\n"
    "print('ready', flush=True)\nwhile True: signal.pause()"
)
DEAF = "import signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint('ready', flush=True)\ntime.sleep(600)"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Stand:
    """An executor, and the means to make another beside it, as a trainer that is started again has."""

    state: Path
    kind: str
    cluster: StandInCluster
    command: list[str] = field(default_factory=list)
    executors: list[Executor] = field(default_factory=list)
    begun: int = 0

    async def executor(self, *runs: str) -> tuple[Executor, dict[str, Execution]]:
        """A fresh executor, and the attempts at `runs` that it adopts."""
        made: Executor = LocalExecutor(self.command)
        if self.kind == "kubernetes":
            patience = Patience(look_s=0.05, again_s=0.05, stuck_s=0.3, deleted_s=20)
            server = KubernetesServer.opened(NAMESPACE, self.cluster.url)
            made = KubernetesExecutor(server, JobTemplates.model_validate(templates()), patience=patience)
        self.executors.append(made)
        return made, dict(await made.adopt({run: self.directory(run) for run in runs}))

    def directory(self, run: str) -> JobDirectory:
        return JobDirectory(self.state / "jobs" / f"job-{run}")

    def program(self, script: str) -> None:
        """What attempts run from now on."""
        self.command[:] = [sys.executable, "-c", script]
        self.cluster.command = self.command

    async def start(self, script: str = SLEEPS, *, run: str | None = None, **place: Any) -> tuple[JobDirectory, Execution]:
        """An attempt that runs a script, whose arguments end with the job's directory."""
        if not self.executors:
            await self.executor()
        self.begun += 1
        run = run or f"factors-R{self.begun}"
        self.program(script)
        if isinstance(self.executors[-1], LocalExecutor):
            self.executors[-1] = LocalExecutor(self.command)
        directory = self.directory(run)
        given = {"device": "cpu", "computes_on": "cpu", "memory_bytes": 1, "environment": {"OMP_NUM_THREADS": "3"}, **place}
        settings = Settings(state=self.state)
        directory.assign(Assignment(run=run, spec=FactorsSpec(kind="factors"), settings=settings, place=Place(**given)))
        return directory, await self.executors[-1].start(directory)


@pytest.fixture(params=["local", "kubernetes"])
async def stand(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    async with cluster() as standing:
        stand = Stand(tmp_path, request.param, standing)
        yield stand
        for executor in stand.executors:
            await executor.close()


async def printed(directory: JobDirectory, lines: int = 1) -> list[str]:
    """What an attempt has printed, as soon as it is so many lines."""
    await until(lambda: directory.log.exists() and directory.log.read_text().count("\n") >= lines)
    return directory.log.read_text().splitlines()


async def over(execution: Execution) -> Outcome:
    return await asyncio.wait_for(execution.wait(), 30)


async def test_an_attempt_that_comes_to_its_end_says_so(stand: Stand) -> None:
    _, execution = await stand.start("pass")
    assert await over(execution) == Outcome("its process ended with exit status 0")


async def test_an_attempt_that_fails_says_with_which_status(stand: Stand) -> None:
    _, execution = await stand.start("raise SystemExit(3)")
    assert await over(execution) == Outcome("its process ended with exit status 3")


async def test_an_attempt_that_is_killed_says_by_what(stand: Stand) -> None:
    _, execution = await stand.start("import os; os.kill(os.getpid(), 9)")
    assert await over(execution) == Outcome("its process was killed by SIGKILL")


async def test_an_attempt_that_somebody_kills_counts_and_leaves_nothing(stand: Stand) -> None:
    directory, execution = await stand.start()
    os.kill(int((await printed(directory))[0]), signal.SIGKILL)
    outcome = await over(execution)
    assert (outcome.counted, outcome.is_left, outcome.failure) == (True, False, None)


async def test_nothing_is_waited_for_while_a_process_runs(stand: Stand) -> None:
    directory, execution = await stand.start()
    await printed(directory)
    await until(lambda: execution.pending is None)
    await execution.stop()


async def test_stopping_ends_the_process_and_waits_for_it(stand: Stand) -> None:
    directory, execution = await stand.start(DEAF.replace("'ready'", "__import__('os').getpid()").replace("SIG_IGN", "SIG_DFL"))
    process = int((await printed(directory))[0])
    await execution.stop()
    assert gone(process, within_s=0.5)
    assert not (await over(execution)).is_left


async def test_stopping_ends_what_the_process_has_started(stand: Stand) -> None:
    directory, execution = await stand.start(BEARS)
    child = int((await printed(directory))[0])
    await execution.stop()
    assert gone(child)


async def test_a_process_that_dies_takes_its_children_along(stand: Stand) -> None:
    directory, execution = await stand.start(BEARS)
    child = int((await printed(directory))[0])
    os.kill(os.getpgid(child), signal.SIGKILL)  # the first process leads the group
    await over(execution)
    assert gone(child)


async def test_a_process_that_may_write_a_checkpoint_is_asked_first_and_waited_for(stand: Stand) -> None:
    directory, execution = await stand.start(SAVES)
    await printed(directory)
    await execution.stop(grace_s=30)
    await over(execution)
    assert directory.log.read_text() == "ready\nwritten\n"


async def test_a_process_that_does_not_listen_is_killed_when_its_time_is_over(stand: Stand) -> None:
    _shorten(stand)
    directory, execution = await stand.start(DEAF)
    await printed(directory)
    await execution.stop(grace_s=0.05)
    assert not (await over(execution)).is_left


def _shorten(stand: Stand) -> None:
    """Pods of the stand-in have no time to end: what a template says, in a second."""
    original = stand.cluster._collect  # noqa: SLF001 - the node's patience, which is real seconds

    async def at_once(name: str) -> None:
        stand.cluster.jobs[name]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 0.05
        await original(name)

    stand.cluster._collect = at_once  # type: ignore[method-assign]  # noqa: SLF001


async def test_stopping_twice_is_stopping_once(stand: Stand) -> None:
    directory, execution = await stand.start()
    await printed(directory)
    await asyncio.gather(execution.stop(), execution.stop())
    assert await over(execution) == await over(execution)


async def test_stopping_what_has_ended_changes_nothing(stand: Stand) -> None:
    _, execution = await stand.start("raise SystemExit(3)")
    ended = await over(execution)
    await execution.stop()
    assert await over(execution) == ended


async def test_stopping_at_once_leaves_nothing(stand: Stand) -> None:
    directory, execution = await stand.start()
    await execution.stop()
    await over(execution)
    told = directory.log.read_text().split() if directory.log.exists() else []
    assert all(gone(int(process), within_s=0.5) for process in told)
    assert stand.cluster.running == {}


async def test_who_waits_while_another_stops_is_told(stand: Stand) -> None:
    directory, execution = await stand.start()
    await printed(directory)
    waiting = asyncio.create_task(over(execution))
    await execution.stop()
    assert not (await waiting).is_left


async def test_attempts_of_one_job_share_its_log(stand: Stand) -> None:
    for text in ("one", "two"):
        stand.directory = lambda _: JobDirectory(stand.state / "jobs" / "job")  # type: ignore[method-assign, assignment]
        directory, execution = await stand.start(f"print({text!r})", run=f"factors-{text}")
        await over(execution)
    assert directory.log.read_text() == "one\ntwo\n"


async def test_errors_are_in_the_log(stand: Stand) -> None:
    directory, execution = await stand.start("raise ValueError('row 3')")
    await over(execution)
    assert "ValueError: row 3" in directory.log.read_text()


async def test_a_great_deal_of_output_holds_nobody_up(stand: Stand) -> None:
    directory, execution = await stand.start("print('x' * 2**20)")
    await over(execution)
    assert len(directory.log.read_bytes()) == 2**20 + 1


async def test_a_process_has_the_environment_of_its_place_and_the_trainers(stand: Stand) -> None:
    directory, execution = await stand.start("import os; print(os.environ['OMP_NUM_THREADS'], len(os.environ) > 5)")
    await over(execution)
    assert directory.log.read_text() == "3 True\n"


async def test_a_process_finds_its_assignment(stand: Stand) -> None:
    script = "import json, pathlib, sys; print(json.loads((pathlib.Path(sys.argv[-1]) / 'assignment.json').read_text())['run'])"
    directory, execution = await stand.start(script, run="factors-20261201T000000Z-abc")
    await over(execution)
    assert directory.log.read_text() == "factors-20261201T000000Z-abc\n"


async def test_events_of_a_process_are_read_while_it_runs(stand: Stand) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom trainer.jobs.events import EventKind, EventWriter\n"
        "with EventWriter(Path(sys.argv[-1]) / 'events.jsonl') as writer:\n"
        "    writer.write(EventKind.DEVICE, device='cpu')\n    print('told', flush=True)\n    time.sleep(600)"
    )
    directory, execution = await stand.start(script)
    await printed(directory)
    assert [event.kind for event in EventReader(directory.events).read()] == [EventKind.DEVICE]
    await execution.stop()


async def test_two_attempts_at_once_do_not_touch_each_other(stand: Stand) -> None:
    first, one = await stand.start()
    second, other = await stand.start()
    process = int((await printed(first))[0])
    await printed(second)
    await other.stop()
    await over(other)
    assert not gone(process, within_s=0.05)
    await one.stop()
    assert first.log.read_text() != second.log.read_text()


async def test_a_job_can_be_started_again_after_it_was_stopped(stand: Stand) -> None:
    for number in (1, 2):
        directory, execution = await stand.start(run=f"factors-R{number}")
        await printed(directory)
        await execution.stop()
        assert not (await over(execution)).is_left


async def test_where_nothing_runs_nothing_is_adopted(stand: Stand) -> None:
    assert (await stand.executor("factors-R1"))[1] == {}


async def test_what_is_let_go_of_goes_on_if_it_outlives_the_trainer_and_ends_if_not(stand: Stand) -> None:
    directory, execution = await stand.start()
    process = int((await printed(directory))[0])
    await execution.leave()
    await over(execution)
    assert gone(process, within_s=0.2) is not stand.executors[0].outlives
    assert stand.executors[0].outlives is (stand.kind == "kubernetes")


async def test_a_successor_adopts_what_goes_on_and_nothing_else(stand: Stand) -> None:
    directory, execution = await stand.start(run="factors-R1")
    await printed(directory)
    await execution.leave()
    await stand.executors[0].close()
    executor, adopted = await stand.executor("factors-R1", "factors-R2")
    assert list(adopted) == (["factors-R1"] if executor.outlives else [])
    for each in adopted.values():
        await each.stop()
        assert not (await over(each)).is_left


async def test_a_successor_hears_how_it_ended_while_nobody_listened(stand: Stand) -> None:
    script = (
        "import os, sys, time\nprint(os.getpid(), flush=True)\n"
        "while not os.path.exists(sys.argv[-1] + '/go'): time.sleep(0.01)\nraise SystemExit(3)"
    )
    directory, execution = await stand.start(script, run="factors-R1")
    process = int((await printed(directory))[0])
    await execution.leave()
    await stand.executors[0].close()
    (directory.root / "go").touch()
    assert await asyncio.to_thread(gone, process)
    executor, adopted = await stand.executor("factors-R1")
    assert list(adopted) == (["factors-R1"] if executor.outlives else [])
    for each in adopted.values():
        assert await over(each) == Outcome("its process ended with exit status 3")


async def test_a_successor_that_asks_for_nothing_leaves_no_process(stand: Stand) -> None:
    directory, execution = await stand.start()
    process = int((await printed(directory))[0])
    await execution.leave()
    await stand.executors[0].close()
    await stand.executor()
    assert await asyncio.to_thread(gone, process)


async def test_letting_go_twice_is_letting_go_once(stand: Stand) -> None:
    directory, execution = await stand.start()
    await printed(directory)
    await execution.leave()
    await execution.leave()
    await stand.executors[0].close()
    await stand.executor()


async def test_closing_leaves_no_task_behind(stand: Stand) -> None:
    before = asyncio.all_tasks()
    executor, _ = await stand.executor()
    await executor.close()
    await executor.close()
    ours = {task for task in asyncio.all_tasks() - before if not task.get_coro().__qualname__.startswith("RequestHandler")}  # type: ignore[union-attr]
    assert not ours
