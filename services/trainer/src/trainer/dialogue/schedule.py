"""What changes while a training goes on, as functions of how much of it is done (0 to 1)."""

import math
from dataclasses import dataclass

from dialogue.bundle import Architecture
from trainer.dialogue.spec import Recipe

__all__ = ["Schedule", "schedule_of"]

_LAST_RATE = 0.02


@dataclass(frozen=True)
class Schedule:
    """Linear warm-up, then a cosine down to 2 % of the highest rate; batches grow geometrically."""

    highest_rate: float
    warm_up: float
    first_tokens: int
    last_tokens: int

    def learning_rate(self, done: float) -> float:
        """At this share of the training."""
        if done < self.warm_up:
            return self.highest_rate * max(done / self.warm_up, 1e-3)
        share = (min(done, 1.0) - self.warm_up) / (1 - self.warm_up)
        return self.highest_rate * (_LAST_RATE + (1 - _LAST_RATE) * 0.5 * (1 + math.cos(math.pi * share)))

    def budget(self, done: float) -> int:
        """Padded target tokens of a batch."""
        return round(math.exp(math.log(self.first_tokens) + min(done, 1.0) * math.log(self.last_tokens / self.first_tokens)))


def schedule_of(recipe: Recipe, architecture: Architecture, *, on_gpu: bool) -> Schedule:
    """What the recipe states, and what suits the architecture and device where it states nothing."""
    first_tokens = recipe.first_tokens or (4_096 if on_gpu else 256)
    last_tokens = recipe.last_tokens or (32_768 if on_gpu else 1_024)
    return Schedule(
        highest_rate=recipe.learning_rate or (1e-3 if on_gpu and architecture is Architecture.TRANSFORMER else 2e-3),
        warm_up=recipe.warm_up,
        first_tokens=first_tokens,
        last_tokens=max(first_tokens, last_tokens),
    )
