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

from trainer.jobs.assignment import Assignment, JobDirectory, Place
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
    assert (await execution.wait()).reason == "its process was killed by SIGKILL"
    assert gone(child)


async def test_a_worker_that_may_write_a_checkpoint_is_asked_first_and_waited_for(directory: JobDirectory) -> None:
    script = (
        "import signal, sys\n"
        "signal.signal(15, lambda *_: sys.exit(print('written', flush=True)))\n"
        "print('ready', flush=True)\n"
        "signal.pause()"
    )
    execution = await LocalExecutor((sys.executable, "-c", script)).start(directory)
    await until(lambda: directory.log.read_text() == "ready\n")
    await execution.stop(grace_s=30)
    assert (await execution.wait()).reason == "its process ended with exit status 0"
    assert directory.log.read_text() == "ready\nwritten\n"


async def test_a_worker_that_does_not_listen_is_killed_when_its_grace_is_over(directory: JobDirectory) -> None:
    script = "import signal; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); signal.pause()"
    execution = await LocalExecutor((sys.executable, "-c", script)).start(directory)
    await until(lambda: directory.log.read_text() == "ready\n")
    await execution.stop(grace_s=0.05)
    assert (await execution.wait()).reason == "its process was killed by SIGKILL"


async def test_a_worker_is_bound_to_its_device_by_its_environment(directory: JobDirectory) -> None:
    place = Place(device="cuda:1", computes_on="cuda", memory_bytes=1, environment={"CUDA_VISIBLE_DEVICES": "MIG-1"})
    directory.assign(directory.assignment().model_copy(update={"place": place}))
    script = "import os; print(os.environ['CUDA_VISIBLE_DEVICES'], len(os.environ) > 5)"
    await (await LocalExecutor((sys.executable, "-c", script)).start(directory)).wait()
    assert directory.log.read_text() == "MIG-1 True\n"


async def test_a_worker_that_dies_takes_its_children_along(directory: JobDirectory) -> None:
    execution = await LocalExecutor(SLEEPER).start(directory)
    child = await _child(directory)
    os.kill(os.getpgid(child), signal.SIGKILL)  # the worker leads the group
    assert (await execution.wait()).reason == "its process was killed by SIGKILL"
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


def test_a_worker_whose_input_cannot_be_read_ends_instead_of_outliving_its_parent(directory: JobDirectory) -> None:
    unreadable = os.open(os.devnull, os.O_WRONLY)
    try:
        with subprocess.Popen(
            [*SLEEPER, str(directory.root)],
            stdin=unreadable,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            assert process.wait(20) == -signal.SIGKILL
    finally:
        os.close(unreadable)
