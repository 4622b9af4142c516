"""The whole product in one process tree, started as `make run` starts it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import httpx
from tests.support.ports import free_ports

__all__ = ["Product"]

_ROOT = Path(__file__).parents[2]
_POLL_S = 0.1


class Product:
    """`tools/run.py` on free ports with a state directory of its own."""

    def __init__(self, state: Path, environment: Mapping[str, str] | None = None) -> None:
        names = ("NTDEMO_PORT", "TRAINER_PORT", "VIZ_DASH_PORT", "VIZ_BOKEH_PORT", "CHATBOT_PORT")
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.log = state.parent / f"{state.name}.log"
        self._environment = {
            **os.environ,
            **{name: str(port) for name, port in self.ports.items()},
            "NTDEMO_STATE": str(state),
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._earlier = 0
        """Characters of the log that earlier starts wrote."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the product was not started"
        return self._process

    @property
    def scores(self) -> str:
        """Base URL of the scores API."""
        return f"http://127.0.0.1:{self.ports['NTDEMO_PORT']}"

    def start(self) -> None:
        """Start without waiting."""
        self._earlier = len(self.log.read_text()) if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(_ROOT / "tools" / "run.py")],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=_ROOT,
                start_new_session=True,
            )

    def wait_for_line(self, text: str, timeout_s: float = 120) -> str:
        """The first line since the last start that contains `text`; fails with the log when it does not come."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for line in self.log.read_text()[self._earlier :].splitlines():
                if text in line:
                    return line
            assert self.process.poll() is None, f"stopped with {self.process.returncode}:\n{self.log.read_text()}"
            time.sleep(_POLL_S)
        raise AssertionError(f"no {text!r} in {timeout_s} s:\n{self.log.read_text()}")

    def wait_for_exit(self, timeout_s: float = 60) -> int:
        """The exit status."""
        return self.process.wait(timeout_s)

    def stop(self) -> int:
        """Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.wait_for_exit()

    def get(self, url: str) -> httpx.Response:
        """GET without proxies."""
        with httpx.Client(trust_env=False, timeout=30) as client:
            return client.get(url)

    def leftovers(self) -> list[str]:
        """Command lines of living processes that were started with this product's state directory."""
        marker = f"NTDEMO_STATE={self._environment['NTDEMO_STATE']}".encode()
        found = []
        for process in Path("/proc").iterdir():
            if not process.name.isdigit() or int(process.name) == os.getpid():
                continue
            try:
                environment = (process / "environ").read_bytes()
                command = (process / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if marker in environment.split(b"\0") and command:
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
        return found
