"""Our own servers as processes on free ports: started, waited for, ended."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

__all__ = ["Served", "wait_until_ready"]

_POLL_S = 0.05


class Served:
    """A console script of ours, with its log beside its state; ended when the context is left."""

    def __init__(self, command: str, log: Path, environment: Mapping[str, str], url: str, *, files: int | None = None) -> None:
        self.url = url
        self.log = log
        program = str(Path(sys.executable).with_name(command))
        self._command = [program] if files is None else ["sh", "-c", f'ulimit -n {files} && exec "$0"', program]
        """With `files` it may not open more of them."""
        self._environment = {**os.environ, **environment}
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end(signal.SIGTERM)

    def end(self, how: signal.Signals) -> int:
        """Send a signal and wait; the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(30)


def wait_until_ready(served: Served, path: str = "/readyz", timeout_s: float = 90) -> None:
    """Poll until the server answers 200; fails with its log when it stops or takes too long."""
    assert served.process is not None
    deadline = time.monotonic() + timeout_s
    with httpx.Client(trust_env=False, timeout=5) as client:
        while time.monotonic() < deadline:
            assert served.process.poll() is None, f"stopped:\n{served.log.read_text()}"
            try:
                if client.get(served.url + path).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            time.sleep(_POLL_S)
    raise AssertionError(f"{served.url}{path} was not ready in {timeout_s} s:\n{served.log.read_text()}")
