"""When something that failed may be tried again: after a while, then after twice as long each time."""

import time
from collections.abc import Callable
from typing import Final

__all__ = ["Retry"]

_FIRST_S: Final = 2.0
_LONGEST_S: Final = 300.0


class Retry:
    """Counts failures in a row."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._due_s = float("-inf")
        self.failures = 0

    @property
    def is_due(self) -> bool:
        """Whether it may be tried now."""
        return self._clock_s() >= self._due_s

    @property
    def wait_s(self) -> float:
        """How long until then."""
        return max(0.0, self._due_s - self._clock_s())

    def failed(self) -> None:
        """It failed once more."""
        self._due_s = self._clock_s() + min(_FIRST_S * 2.0 ** min(self.failures, 16), _LONGEST_S)
        self.failures += 1

    def succeeded(self) -> None:
        """It works."""
        self._due_s, self.failures = float("-inf"), 0
