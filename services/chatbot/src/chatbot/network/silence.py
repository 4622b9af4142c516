"""Silence: what a bot would say where nothing was said, which its replies are weighed against (decision 0067)."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from chatbot.network.graphs import Graphs, States
from chatbot.network.rows import Rows
from dialogue.bundle import ModelCard

__all__ = ["Silence"]


@dataclass(frozen=True, eq=False)
class Silence:
    """Every reply's first step in silence is the same one, so it is computed once."""

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
        return cls(logits_1V[0].copy(), rows.states(0))
