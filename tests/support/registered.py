"""The trainer's own API over a state directory, in a thread: its registry is real, its jobs are scripted."""

import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from tests.support.jobs import ListInventory, MemoryRuns, ScriptedExecutor
from tests.support.ports import free_ports

from trainer.api.app import create_app
from trainer.settings import Settings

__all__ = ["RegisteringTrainer"]


class RegisteringTrainer:
    """Answers on `port` as long as it is entered."""

    def __init__(self, state: Path) -> None:
        (self.port,) = free_ports(1)
        app = create_app(
            Settings(state=state),
            executor=ScriptedExecutor(),
            runs=MemoryRuns(matching="factors-there"),
            inventory=ListInventory(),
        )
        self._server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=self.port, log_config=None, ws="none"))
        self._thread = threading.Thread(target=self._server.run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.should_exit = True
        self._thread.join(30)
