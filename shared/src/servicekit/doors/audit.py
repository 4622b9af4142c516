"""The audit log: every request that changes something, or wanted to, with who sent it and what became of it."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from servicekit.logs import current_request

__all__ = ["Audit"]

_MODE: Final = 0o600
_log = structlog.stdlib.get_logger("servicekit.audit")


class Audit:
    """Writes to the service's log, and to a file where one is named. Holds no key, no query and no body."""

    def __init__(self, path: Path | None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._path = path
        self._clock = clock

    def write(self, *, caller: str | None, peer: str | None, method: str, path: str, status: int) -> None:
        """Note one request; a file that cannot be written is told in the log, which has the entry all the same."""
        entry = {"caller": caller, "peer": peer, "method": method, "path": path, "status": status}
        _log.info("write", **entry)
        if self._path is None:
            return
        line = json.dumps({"time": self._clock().isoformat(), **entry, "request_id": current_request()}) + "\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _MODE)
            try:
                os.write(descriptor, line.encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            _log.error("audit_not_written", path=str(self._path), reason=error.strerror)
