"""Processes that take turns by a seed, in one thread: at every step of the disk another one may go on."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from greenlet import getcurrent, greenlet

__all__ = ["Turns"]


class Turns:
    """Some works that run beside each other; the draw says who is next, so that a seed says everything."""

    def __init__(self, draw: random.Random, *, chance: float = 0.3) -> None:
        self._draw = draw
        self._chance = chance
        """How likely another work goes on at a step."""
        self._hub = getcurrent()
        self._held: set[str] = set()
        self._stuck = 0

    def run(self, *works: Callable[[], None], between: Callable[[], None] = lambda: None) -> None:
        """Until all have ended; calls `between` at every change of turns. Whatever a work raises ends it alone."""
        self._hub = getcurrent()
        alive = [greenlet(work) for work in works]
        while alive:
            chosen = self._draw.choice(alive)
            chosen.switch()
            between()
            alive = [each for each in alive if not each.dead]
            if self._stuck > 1000:
                raise AssertionError(f"everybody waits for {self._held}")

    def step(self) -> None:
        """What may let another work go on."""
        self._stuck = 0
        if getcurrent() is not self._hub and self._draw.random() < self._chance:
            self._hub.switch()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """A lock, as processes hold files: one has it, and it is free when its holder ends."""
        while name in self._held:
            self._stuck += 1
            self._hub.switch()
        self._held.add(name)
        try:
            yield
        finally:
            self._held.remove(name)
