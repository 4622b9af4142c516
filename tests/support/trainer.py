"""A real trainer in a process of its own, driven over HTTP as its users drive it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import httpx
from tests.support.ports import free_ports

__all__ = ["TrainerProcess"]

_POLL_S = 0.02
_PATIENCE_S = 240.0


class TrainerProcess:
    """`ntdemo-trainer` on a free port."""

    def __init__(self, state: Path, environment: Mapping[str, str] | None = None) -> None:
        self.state = state
        self.log = state.parent / f"{state.name}.log"
        self.url = f"http://localhost:{free_ports(1)[0]}"
        self._environment = {
            **os.environ,
            "NTDEMO_STATE": str(state),
            "TRAINER_PORT": self.url.rpartition(":")[2],
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the trainer was not started"
        return self._process

    def start(self) -> None:
        """Start, and wait until it answers."""
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "trainer.api.server"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment, start_new_session=True)
        self._wait(lambda: self._answers() or self._stopped())

    def stop(self) -> int:
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)

    def submit(self, spec: Mapping[str, Any]) -> str:
        """Hand in a job; its id."""
        response = self._request("POST", "/v1/jobs", json={"spec": spec})
        assert response.status_code == 202, response.text
        return str(response.json()["id"])

    def job(self, job: str) -> dict[str, Any]:
        """The job."""
        found: dict[str, Any] = self._request("GET", f"/v1/jobs/{job}").json()
        return found

    def cancel(self, job: str) -> dict[str, Any]:
        """Cancel the job."""
        found: dict[str, Any] = self._request("DELETE", f"/v1/jobs/{job}").json()
        return found

    def wait_for_state(self, job: str, state: str) -> dict[str, Any]:
        """The job in this state; fails where it ends in another."""

        def reached() -> bool:
            found = self.job(job)["state"]
            assert found == state or found not in {"succeeded", "failed", "cancelled"}, self._told(job)
            return bool(found == state)

        self._wait(reached, lambda: self._told(job))
        return self.job(job)

    def wait_until_recovered(self) -> None:
        """Wait until the queue works, which it does after the store is recovered."""
        self.wait_until_logged("first_run_found")

    def wait_until_logged(self, event: str) -> None:
        """Wait until the trainer's log tells an event."""
        self._wait(lambda: event in self.log.read_text())

    def kill_worker(self, number: signal.Signals) -> None:
        """Send a signal to the worker alone."""
        workers = [each for each in self._processes() if "trainer.jobs.worker" in _command(each) and os.getpgid(each) == each]
        assert len(workers) == 1, workers
        os.kill(workers[0], number)

    def kill_worker_if_any(self) -> bool:
        """Kill the worker, if one is there still."""
        try:
            self.kill_worker(signal.SIGKILL)
        except (AssertionError, OSError):  # its job has just ended
            return False
        return True

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds."""
        self._wait(condition)

    def leftovers(self, *, within_s: float = 0.0, but: int | None = None) -> list[str]:
        """Command lines of living processes that this trainer or its workers started, when the time is over or none is left."""
        deadline_s = time.monotonic() + within_s
        while (found := [each for each in self._processes() if each != but]) and time.monotonic() < deadline_s:
            time.sleep(_POLL_S)
        return [_command(each) for each in found]

    def _processes(self) -> list[int]:
        """Ids of living processes that were started with this trainer's state directory."""
        marker = f"NTDEMO_STATE={self.state}".encode()
        found = []
        for process in Path("/proc").iterdir():
            if not process.name.isdigit():
                continue
            try:
                environment = (process / "environ").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if marker in environment.split(b"\0"):
                found.append(int(process.name))
        return sorted(found)

    def _request(self, method: str, path: str, **parts: Any) -> httpx.Response:
        with httpx.Client(trust_env=False, timeout=60) as client:
            return client.request(method, self.url + path, **parts)

    def _answers(self) -> bool:
        try:
            return self._request("GET", "/healthz").is_success
        except httpx.HTTPError:
            return False

    def _stopped(self) -> bool:
        assert self.process.poll() is None, f"stopped with {self.process.returncode}:\n{self.log.read_text()}"
        return False

    def _wait(self, condition: Callable[[], bool], explain: Callable[[], str] = lambda: "") -> None:
        deadline_s = time.monotonic() + _PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline_s, explain()
            time.sleep(_POLL_S)

    def _told(self, job: str) -> str:
        return f"{self.job(job)}\n{self._request('GET', f'/v1/jobs/{job}/log').text}\n{self.log.read_text()}"


def _command(process: int) -> str:
    return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")
