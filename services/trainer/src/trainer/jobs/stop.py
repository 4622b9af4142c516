"""Whether somebody has asked a training to stop."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Stop"]


class Stop:
    """Asked after every step: has somebody pressed Ctrl-C? A second time ends the process as usual."""

    def __init__(self) -> None:
        self._asked = False

    def __call__(self) -> bool:
        """Whether to stop."""
        return self._asked

    @contextmanager
    def on_interrupt(self) -> Iterator[None]:
        """SIGINT and SIGTERM ask to stop for the length of the context."""

        def ask(_: int, __: FrameType | None) -> None:
            if self._asked:
                raise KeyboardInterrupt
            self._asked = True

        before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
