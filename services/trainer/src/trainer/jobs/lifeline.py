"""The lifeline: ties a worker, and all it starts, to the life of the process that started it."""

import os
import signal

__all__ = ["tie_to_parent"]


def tie_to_parent() -> None:
    """Have this process's group killed as soon as standard input ends, which the parent holds open while it lives.

    A process of its own watches, so that nothing this one does can keep it from seeing the end: a signal at the parent's
    death (`PR_SET_PDEATHSIG`) would reach this process alone, and leave its children behind. The group must be this
    process's own, and called before there are threads. Whoever outlives this process ends the group, the watcher with it.
    """
    if os.getpgrp() != os.getpid():
        raise RuntimeError("A worker leads a process group of its own; start it in a new session.")
    if os.fork() == 0:
        while os.read(0, 1024):
            pass
        os.killpg(0, signal.SIGKILL)
