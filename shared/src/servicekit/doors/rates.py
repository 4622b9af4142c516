"""Rates: how many requests a caller may make in a minute, spread over it."""

from collections.abc import Callable
from typing import Final

__all__ = ["Rates"]

_CALLERS: Final = 10_000
_MINUTE_S: Final = 60.0


class Rates:
    """A bucket a caller, which holds as many requests as a quarter of a minute allows, and fills as time goes by."""

    def __init__(self, per_minute: int, clock_s: Callable[[], float]) -> None:
        self._per_s = per_minute / _MINUTE_S
        self._most = max(1.0, per_minute / 4)
        self._clock_s = clock_s
        self._buckets: dict[str, tuple[float, float]] = {}
        """Requests left, and when that was; those who asked last at the end."""

    def wait_s(self, caller: str) -> float:
        """Take one request; 0 where the caller has one left, else the seconds until there is one, and none is taken."""
        if self._per_s == 0:
            return 0.0
        now_s = self._clock_s()
        left, then_s = self._buckets.pop(caller, (self._most, now_s))
        left = min(self._most, left + (now_s - then_s) * self._per_s)
        taken = 1.0 if left >= 1.0 else 0.0
        self._buckets[caller] = (left - taken, now_s)
        if len(self._buckets) > _CALLERS:
            del self._buckets[next(iter(self._buckets))]
        return 0.0 if taken else (1.0 - left) / self._per_s
