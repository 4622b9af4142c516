"""The lifeline: ties a worker's life to that of the process that started it."""

import ctypes
import os
import signal
import sys
import threading
from typing import Final

__all__ = ["tie_to_parent"]

_PR_SET_PDEATHSIG: Final = 1


def tie_to_parent() -> None:
    """Kill this process, and the group it leads, as soon as standard input ends, which the parent holds open while it lives.

    On Linux the kernel kills this process as well when the parent dies; a JVM of ours then sees its own standard input end.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_wait_for_the_end, name="lifeline", daemon=True).start()


def _wait_for_the_end() -> None:
    while os.read(0, 1024):
        pass
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
