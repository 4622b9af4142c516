"""The services of the product that have an API, as processes over one state directory, the built-in data published."""

import os
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import httpx
from tests.support.ports import free_ports
from tests.support.served import Served, wait_until_ready

if TYPE_CHECKING:
    from tests.support.collector import Collector

__all__ = ["Stack"]

_COMMANDS: Final = {"trainer": "ntdemo-trainer", "scores": "ntdemo-scores-api", "chatbot": "ntdemo-chatbot"}
_PORTS: Final = {"trainer": "TRAINER_PORT", "scores": "NTDEMO_PORT", "chatbot": "CHATBOT_PORT"}
_PATIENCE_S: Final = 240.0


class Stack:
    """Trainer, scores API and chatbot on free ports; entered, they answer. With a `key` they ask everybody for it."""

    def __init__(self, state: Path, collector: "Collector", *, key: str | None = None) -> None:
        self._key = key
        self.collector = collector
        """Where their spans go."""
        ports = dict(zip(_COMMANDS, free_ports(len(_COMMANDS)), strict=True))
        self.urls = {service: f"http://127.0.0.1:{port}" for service, port in ports.items()}
        """`trainer`, `scores` and `chatbot` to where they answer."""
        self.environment = {
            "NTDEMO_STATE": str(state),
            "NTDEMO_HOST": "127.0.0.1",
            "TRAINER_HOST": "127.0.0.1",
            "CHATBOT_HOST": "127.0.0.1",
            **{_PORTS[service]: str(port) for service, port in ports.items()},
            "NTDEMO_LOG_FORMAT": "json",
            **({} if key is None else {"NTDEMO_ACCESS": "keys", "NTDEMO_API_KEY": key, "NTDEMO_RATE_LIMIT": "0"}),
        }
        self.logs = {service: state.parent / f"{state.name}-{service}.log" for service in _COMMANDS}
        self._running = ExitStack()

    def __enter__(self) -> Self:
        told = {**self.environment, **self.collector.environment}
        served = {
            service: self._running.enter_context(Served(command, self.logs[service], told, self.urls[service]))
            for service, command in _COMMANDS.items()
        }
        for each in served.values():
            wait_until_ready(each, timeout_s=_PATIENCE_S)
        self._wait_for_the_first_run()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._running.close()

    @property
    def shell(self) -> dict[str, str]:
        """The environment of a program that uses these services."""
        return {**os.environ, **self.environment}

    def client(self) -> httpx.Client:
        """One that the services let in."""
        headers = {} if self._key is None else {"Authorization": f"Bearer {self._key}"}
        return httpx.Client(trust_env=False, timeout=5, headers=headers)

    def _wait_for_the_first_run(self) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        with self.client() as client:
            while client.get(f"{self.urls['scores']}/v1/runs/current").is_error:
                assert time.monotonic() < deadline, self.logs["trainer"].read_text()
                time.sleep(0.2)
