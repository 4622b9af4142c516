"""Locks: one trainer a state directory, one publication at a time, whoever publishes.

They are `flock`s, which the kernel gives back when their holder dies, however it dies.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

__all__ = ["Held", "hold", "publishing"]

_POLL_S: Final = 0.1


class Held(Exception):
    """Another process holds the lock; `holder` is its process id, None where it has not written it yet."""

    def __init__(self, path: Path, holder: int | None) -> None:
        super().__init__(f"{path} is held by {'another process' if holder is None else f'process {holder}'}.")
        self.holder = holder


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock of the file `path` for the length of the context.

    Raises:
        Held: Another process holds it.
        OSError: The file cannot be made.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            written = os.pread(descriptor, 20, 0).strip()
            raise Held(path, int(written) if written.isdigit() else None) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def publishing(state: Path, *, waiting: Callable[[Held], None] | None = None) -> Iterator[None]:
    """Hold the right to change the store of `state`, from the first staged file to the publication.

    Waits as long as another process has it; calls `waiting` once in that case.
    """
    state.mkdir(parents=True, exist_ok=True)
    path = state / "publication.lock"
    told = False
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(hold(path))
                break
            except Held as held:
                if waiting is not None and not told:
                    waiting(held)
                told = True
                time.sleep(_POLL_S)
        yield
