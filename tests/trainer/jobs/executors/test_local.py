"""A local execution leaves no process behind, however it ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.jobs import until
from tests.support.processes import gone

from trainer.jobs.assignment import Assignment, JobDirectory
from trainer.jobs.executors.local import LocalExecutor
from trainer.runs.spec import FactorsSpec
from trainer.settings import Settings

pytestmark = pytest.mark.anyio
SLEEPER = (sys.executable, "-P", str(Path(__file__).parents[3] / "support" / "sleeping_worker.py"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def directory(tmp_path: Path) -> JobDirectory:
    directory = JobDirectory(tmp_path / "job")
    directory.assign(Assignment(run="factors-r", spec=FactorsSpec(kind="factors"), settings=Settings(state=tmp_path)))
    return directory


async def _child(directory: JobDirectory) -> int:
    """Process id of the worker's child, as soon as it has printed it."""
    await until(lambda: directory.log.read_text().endswith("\n"))
    return int(directory.log.read_text())


async def test_stopping_kills_the_worker_and_what_it_started(directory: JobDirectory) -> None:
    execution = await LocalExecutor(SLEEPER).start(directory)
    child = await _child(directory)
    await execution.stop()
    assert await execution.wait() == "its process was killed by SIGKILL"
    assert gone(child)


async def test_a_worker_that_dies_takes_its_children_along(directory: JobDirectory) -> None:
    execution = await LocalExecutor(SLEEPER).start(directory)
    child = await _child(directory)
    os.kill(os.getpgid(child), signal.SIGKILL)  # the worker leads the group
    assert await execution.wait() == "its process was killed by SIGKILL"
    assert gone(child)


async def test_the_log_keeps_what_every_attempt_printed(directory: JobDirectory) -> None:
    for text in ("one", "two"):
        execution = await LocalExecutor((sys.executable, "-c", f"print({text!r})")).start(directory)
        await execution.wait()
    assert directory.log.read_text() == "one\ntwo\n"


@pytest.mark.parametrize("end", [lambda process: process.kill(), lambda process: process.stdin.close()], ids=["killed", "left"])
def test_a_worker_dies_with_the_process_that_started_it(
    directory: JobDirectory, end: Callable[["subprocess.Popen[bytes]"], None]
) -> None:
    # The middle process stands for the trainer: it starts the worker as the executor does, and dies by SIGKILL or lets go.
    script = (
        "import subprocess, sys\n"
        "worker = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=sys.stdout, start_new_session=True)\n"
        "print('worker', worker.pid, flush=True)\n"
        "sys.stdin.read()\n"
        "worker.stdin.close()\n"
        "worker.wait()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, *SLEEPER, str(directory.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        worker = int(process.stdout.readline().split()[1])
        child = int(process.stdout.readline())
        end(process)
        assert gone(worker)
        if process.poll() is None:
            process.wait(20)
        assert gone(child)
