"""What changes while a training goes on. Nothing but the cool-down depends on how long the training will be."""

import math
from dataclasses import dataclass
from typing import Final

from dialogue.bundle import Architecture
from trainer.dialogue.spec import Recipe

__all__ = ["Schedule", "schedule_of"]

_LAST_RATE: Final = 0.01
_DROPOUT: Final = ((1.0, 0.0), (5.0, 0.1), (math.inf, 0.2))
"""(epochs, dropout until then): what is seen for the first time cannot be learned by heart."""


@dataclass(frozen=True)
class Schedule:
    """Warm-up, then one rate for as long as the training goes on, then a fall to 1 % of it (a trapezoid, arXiv:2405.18392).

    Batches grow with the square root of the target tokens seen: the gradients of a better network are noisier.
    """

    highest_rate: float
    warm_up_tokens: int
    first_tokens: int
    last_tokens: int
    growth_tokens: int
    dropout_share: float | None

    def learning_rate(self, seen: int, cooled: float) -> float:
        """After `seen` target tokens; `cooled` is the share of the cool-down that is done, 0 to 1."""
        warm = min((seen + 1) / self.warm_up_tokens, 1.0) if self.warm_up_tokens else 1.0
        return self.highest_rate * warm * (1 - (1 - _LAST_RATE) * min(cooled, 1.0))

    def budget(self, seen: int) -> int:
        """Padded target tokens of a batch."""
        return min(self.last_tokens, round(self.first_tokens * math.sqrt(1 + seen / self.growth_tokens)))

    def dropout(self, epochs: float) -> float:
        """Of a network that has learned from every exchange so often."""
        if self.dropout_share is not None:
            return self.dropout_share
        return next(share for until, share in _DROPOUT if epochs < until)


def schedule_of(recipe: Recipe, architecture: Architecture, *, on_gpu: bool) -> Schedule:
    """What the recipe states, and what suits the architecture and device where it states nothing."""
    first_tokens = recipe.first_tokens or (4_096 if on_gpu else 256)
    last_tokens = recipe.last_tokens or (32_768 if on_gpu else 4_096)
    return Schedule(
        highest_rate=recipe.learning_rate or (1e-3 if on_gpu and architecture is Architecture.TRANSFORMER else 2e-3),
        warm_up_tokens=recipe.warm_up_tokens,
        first_tokens=first_tokens,
        last_tokens=max(first_tokens, last_tokens),
        growth_tokens=recipe.growth_tokens,
        dropout_share=recipe.dropout,
    )
