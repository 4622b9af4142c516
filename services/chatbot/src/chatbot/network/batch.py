"""Batch: the rows of one bundle's replies, in arrays that rows join and leave between any two steps.

Axes: B rows in use, C rows there is room for. Rows in use are the first B of the C, so that ONNX Runtime reads them where they
lie; a row that leaves is overwritten by the last one.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from chatbot.network.bundle import Bundle
from chatbot.network.graphs import States
from chatbot.network.reply import Piece, Reply
from contracts.dialogue import StateUpdate

__all__ = ["Batch"]

_FEWEST: Final = 4


class Batch:
    """Replies of one bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self.replies: list[Reply] = []
        self._graphs = bundle.graphs
        self._states: States = {}
        self._slots: States = {}
        """The appended states seen with rows and slots as their first axes."""
        self._room = 0

    def admit(self, replies: Sequence[Reply]) -> None:
        """Let replies join: their contexts are encoded together."""
        made = self._graphs.encode([reply.context for reply in replies])
        first, last = len(self.replies), len(self.replies) + len(replies)
        self._make_room(last)
        for state in self._graphs.states:
            rows = self._states[state.name]
            rows[first:last] = 0 if state.update is StateUpdate.APPENDED else made[state.name]
        self.replies.extend(replies)

    def step(self) -> list[Piece]:
        """Say one more token of every reply; the pieces are in the order of `replies`, and finished replies are still there."""
        count = len(self.replies)
        token_B = np.fromiter((reply.token for reply in self.replies), np.int64, count)
        position_B = np.fromiter((reply.position for reply in self.replies), np.int64, count)
        row_B = np.arange(count)
        states = {name: rows[:count] for name, rows in self._states.items()}
        logits_BV, successors = self._graphs.step(token_B, position_B, states)
        for state in self._graphs.states:
            if state.update is StateUpdate.REPLACED:
                states[state.name][:] = successors[state.name]
            elif state.update is StateUpdate.APPENDED:
                self._slots[state.name][row_B, position_B] = successors[state.name]
        return [reply.say(row_V) for reply, row_V in zip(self.replies, logits_BV, strict=True)]

    def dismiss(self, leaving: set[Reply]) -> None:
        """Let replies leave."""
        for row in reversed(range(len(self.replies))):
            if self.replies[row] not in leaving:
                continue
            last = len(self.replies) - 1
            if row != last:
                self.replies[row] = self.replies[last]
                for rows in self._states.values():
                    rows[row] = rows[last]
            self.replies.pop()

    def _make_room(self, rows: int) -> None:
        if rows <= self._room:
            return
        self._room = max(_FEWEST, 2 ** (rows - 1).bit_length())
        for state in self._graphs.states:
            grown = np.empty((self._room, *state.shape), np.float32)
            if self.replies:
                grown[: len(self.replies)] = self._states[state.name][: len(self.replies)]
            self._states[state.name] = grown
            if state.slot_axis is not None:
                self._slots[state.name] = np.moveaxis(grown, (0, state.slot_axis), (0, 1))
