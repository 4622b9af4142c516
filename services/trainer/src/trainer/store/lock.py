"""Locks: one trainer a state directory, one publication at a time, whoever publishes.

The kernel gives them back when their holder dies, however it dies: a file system that cannot do that is refused.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

__all__ = ["Held", "hold", "publishing"]

_POLL_S: Final = 0.1


class Held(Exception):
    """Another process holds the lock; `holder` is its process id, None where it has not written it yet."""

    def __init__(self, path: Path, holder: int | None) -> None:
        super().__init__(f"{path} is held by {'another process' if holder is None else f'process {holder}'}.")
        self.holder = holder


@contextmanager
def hold(path: Path, *, waiting: Callable[[Held], None] | None = None) -> Iterator[None]:
    """Hold the lock of the file `path`, made with its directories where it is missing, for the length of the context.

    With `waiting`, which is called once where another process holds it, waits for as long as that one does.

    Raises:
        Held: Another process holds it, and there is no `waiting`.
        OSError: The file cannot be made.
    """
    lock = FileLock(path, poll_interval=_POLL_S, fallback_to_soft=False, on_acquired=_write_holder)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        written = path.read_text().strip()
        held = Held(path, int(written) if written.isdigit() else None)
        if waiting is None:
            raise held from None
        waiting(held)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def publishing(state: Path, *, waiting: Callable[[Held], None] | None = None) -> Iterator[None]:
    """Hold the right to change the store of `state`, from the first staged file to the publication.

    Waits as long as another process has it; calls `waiting` once in that case.
    """
    with hold(state / "publication.lock", waiting=waiting or (lambda _: None)):
        yield


def _write_holder(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
