"""Batch: the rows of one bundle's replies, in arrays that rows join and leave between any two steps.

Axes: B replies, C replies there is room for, R = 2 B rows in use. A reply has two rows, one that knows its context and one
that says the same to silence. Those in use are the first of all, so that ONNX Runtime reads them where they lie; a reply that
leaves is overwritten by the last one.
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
        self._silence = bundle.silence
        self._states: States = {}
        """[C, 2, ...]."""
        self._slots: States = {}
        """The appended states seen with rows and slots as their first axes."""
        self._room = 0

    def admit(self, replies: Sequence[Reply]) -> None:
        """Let replies join: their contexts are encoded together."""
        made = self._graphs.encode([reply.context for reply in replies])
        first, last = len(self.replies), len(self.replies) + len(replies)
        self._make_room(last)
        for state in self._graphs.states:
            joining = self._states[state.name][first:last]
            if state.update is StateUpdate.APPENDED:
                joining[:] = 0
            else:
                joining[:, 0], joining[:, 1] = made[state.name], self._silence[state.name]
        self.replies.extend(replies)

    def step(self) -> list[Piece]:
        """Say one more token of every reply; the pieces are in the order of `replies`, and finished replies are still there."""
        count = len(self.replies)
        token_R = np.repeat(np.fromiter((reply.token for reply in self.replies), np.int64, count), 2)
        position_R = np.repeat(np.fromiter((reply.position for reply in self.replies), np.int64, count), 2)
        row_R = np.arange(2 * count)
        states = {name: rows[:count].reshape(2 * count, *rows.shape[2:]) for name, rows in self._states.items()}
        logits_RV, successors = self._graphs.step(token_R, position_R, states)
        for state in self._graphs.states:
            if state.update is StateUpdate.REPLACED:
                states[state.name][:] = successors[state.name]
            elif state.update is StateUpdate.APPENDED:
                self._slots[state.name][row_R, position_R] = successors[state.name]
        return [reply.say(*rows_2V) for reply, rows_2V in zip(self.replies, logits_RV.reshape(count, 2, -1), strict=True)]

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

    def _make_room(self, replies: int) -> None:
        if replies <= self._room:
            return
        self._room = max(_FEWEST, 2 ** (replies - 1).bit_length())
        for state in self._graphs.states:
            grown = np.empty((self._room, 2, *state.shape), np.float32)
            if self.replies:
                grown[: len(self.replies)] = self._states[state.name][: len(self.replies)]
            self._states[state.name] = grown
            if state.slot_axis is not None:
                self._slots[state.name] = np.moveaxis(grown.reshape(2 * self._room, *state.shape), (0, state.slot_axis), (0, 1))
