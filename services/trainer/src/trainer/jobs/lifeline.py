"""The lifeline: ties a worker, and all it starts, to the life of the process that started it."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["lifeline"]


@contextmanager
def lifeline() -> Iterator[None]:
    """Inside, this process's group is killed as soon as standard input ends, which the parent holds open while it lives.

    A process of its own watches, so that nothing this one does can keep it from seeing the end: a signal at the parent's
    death (`PR_SET_PDEATHSIG`) would reach this process alone and leave its children behind. The group must be this process's
    own, and there must be no threads yet.
    """
    if os.getpgrp() != os.getpid():
        raise RuntimeError("A worker leads a process group of its own; start it in a new session.")
    watcher = os.fork()
    if watcher == 0:
        try:
            while os.read(0, 1024):
                pass
        finally:  # an input that cannot be read is an end, too
            os.killpg(0, signal.SIGKILL)
    try:
        yield
    finally:
        os.kill(watcher, signal.SIGKILL)
        os.waitpid(watcher, 0)
