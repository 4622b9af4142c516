"""A standalone Spark cluster of this machine: a master and workers as processes, from the installed package."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from tests.support.ports import free_ports

__all__ = ["cluster"]

_START_S = 180
_END_S = 30


@contextmanager
def cluster(directory: Path, *, workers: int = 2, environment: Mapping[str, str] = os.environ) -> Iterator[str]:
    """Starts a cluster with one core a worker and gives its `spark://` address once all workers have registered.

    Logs and temporary files lie in `directory`; its processes know of `environment` and nothing else of ours.
    """
    port, page, *pages = free_ports(2 + workers)
    master = f"spark://127.0.0.1:{port}"
    with ExitStack() as running:
        started = [running.enter_context(_process(directory, environment, "master", "--port", str(port), "--page", str(page)))]
        _until(lambda: _workers(page) is not None, started, directory)
        started += [
            running.enter_context(_process(directory, environment, "worker", "--page", str(each), master, number=number))
            for number, each in enumerate(pages)
        ]
        _until(lambda: _workers(page) == workers, started, directory)
        yield master


@contextmanager
def _process(
    directory: Path, environment: Mapping[str, str], role: str, *options: str, number: int = 0
) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "trainer.spark.standalone", role, "--host", "127.0.0.1", *options]
    named = {"SPARK_WORKER_CORES": "1", "SPARK_WORKER_MEMORY": "1g", "SPARK_LOCAL_IP": "127.0.0.1"}
    with (directory / f"{role}-{number}.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={**environment, **named, "TMPDIR": str(directory)}, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _workers(page: int) -> int | None:
    """Workers that the master knows; None while it does not answer."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{page}/json/", timeout=10, trust_env=False)
    except httpx.HTTPError:
        return None
    return int(answer.json()["aliveworkers"])


def _until(ready: Callable[[], bool], started: list[subprocess.Popen[bytes]], directory: Path) -> None:
    deadline_s = time.monotonic() + _START_S
    while not ready():
        if time.monotonic() > deadline_s or any(process.poll() is not None for process in started):
            logs = "\n".join(log.read_text(errors="replace")[-2000:] for log in sorted(directory.glob("*.log")))
            raise AssertionError(f"no cluster within {_START_S} s:\n{logs}")
        time.sleep(0.05)
