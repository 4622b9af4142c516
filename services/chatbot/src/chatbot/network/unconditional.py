"""Unconditional: what a bot says to an empty context, which its replies are contrasted with (decision 0067)."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dialogue.bundle import ModelCard
from dialogue.graphs import Graphs, States
from dialogue.rows import Rows

__all__ = ["Unconditional"]


@dataclass(frozen=True, eq=False)
class Unconditional:
    """Every reply's first step from an empty context is the same one, so it is computed once."""

    logits_V: NDArray[np.float32]
    """Of the first token."""
    states: States
    """Of a row that goes on from the first token, whichever that was."""

    @classmethod
    def of(cls, graphs: Graphs, card: ModelCard) -> Self:
        """By the bundle's own graphs."""
        rows = Rows(graphs)
        rows.join(graphs.encode([card.context([])]))
        logits_1V = rows.step([card.tokens.start], [0])
        return cls(logits_1V[0].copy(), {name: states.copy() for name, states in rows.states.items()})
