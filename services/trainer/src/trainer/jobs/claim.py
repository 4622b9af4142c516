"""The claim on a state directory: one trainer owns it for as long as it runs, or is told in a sentence why it cannot."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from trainer.jobs.table import JobTable
from trainer.store.lock import Held, hold

__all__ = ["JOBS", "ROOM_BYTES", "StartRefused", "claimed"]

JOBS: Final = "jobs.sqlite"
"""The job table's file in a state directory."""
ROOM_BYTES: Final = 16 * 2**20
"""Free space without which a start is refused: enough for the job table, a log and the built-in data's run."""


class StartRefused(Exception):
    """The trainer cannot start; `str()` is one sentence that says why and what helps."""


@contextmanager
def claimed(state: Path, *, room_bytes: int = ROOM_BYTES) -> Iterator[JobTable]:
    """Own the state directory `state`, made where it is missing, for the length of the context; gives its job table.

    Raises:
        StartRefused: The directory cannot be written, has no room, or belongs to a trainer that runs.
    """
    with ExitStack() as stack:
        try:
            state.mkdir(parents=True, exist_ok=True)
            free_bytes = shutil.disk_usage(state).free
            if free_bytes < room_bytes:
                raise StartRefused(
                    f"The disk of the state directory {state} is full: {free_bytes / 2**20:.1f} MiB are free, "
                    f"{room_bytes / 2**20:.0f} MiB are needed; make room or set NTDEMO_STATE to another directory."
                )
            stack.enter_context(hold(state / "trainer.lock"))
            table = JobTable.open(state / JOBS)
        except Held as held:
            holder = "another process" if held.holder is None else f"process {held.holder}"
            raise StartRefused(
                f"The state directory {state} belongs to a trainer that is running ({holder}); "
                "stop that one or set NTDEMO_STATE to another directory."
            ) from None
        except OSError as error:
            raise StartRefused(
                f"The state directory {state} cannot be used: {error.strerror}; "
                "make it writable or set NTDEMO_STATE to another directory."
            ) from None
        except sqlite3.Error as error:
            raise StartRefused(
                f"The job table {state / JOBS} cannot be used: {error}; "
                "move it away to start with an empty one, or set NTDEMO_STATE to another directory."
            ) from None
        stack.callback(table.close)
        yield table
