"""Batch: the rows of one bundle's replies, in arrays that rows join and leave between any two steps.

Axes: R rows in use, C rows there is room for. A reply has a row that knows its context and, while it is weighed against
silence, a second one that says the same to an empty context. Rows in use are the first R of the C, so that ONNX Runtime reads
them where they lie; a row that leaves is overwritten by the last one.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from chatbot.network.bundle import Bundle
from chatbot.network.graphs import States
from chatbot.network.reply import Piece, Reply
from contracts.dialogue import StateUpdate

__all__ = ["Batch"]

_FEWEST: Final = 4
_Rows = dict[Reply, int]


class Batch:
    """Replies of one bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._graphs = bundle.graphs
        self._silence = bundle.silence
        self._states: States = {}
        self._slots: States = {}
        """The appended states seen with rows and slots as their first axes."""
        self._room = 0
        self._spoken: _Rows = {}
        self._silent: _Rows = {}
        self._owners: list[tuple[_Rows, Reply]] = []
        """Of each row, where its number is kept and whose it is."""

    @property
    def replies(self) -> list[Reply]:
        """Those being written, in the order in which they joined."""
        return list(self._spoken)

    def admit(self, replies: Sequence[Reply]) -> None:
        """Let replies join: their contexts are encoded together."""
        made = self._graphs.encode([reply.context for reply in replies])
        first, count = len(self._owners), len(replies)
        self._make_room(first + 2 * count)
        for state in self._graphs.states:
            joining = self._states[state.name][first : first + 2 * count]
            if state.update is StateUpdate.APPENDED:
                joining[:] = 0
            else:
                joining[:count], joining[count:] = made[state.name], self._silence[state.name]
        for rows in (self._spoken, self._silent):
            for reply in replies:
                rows[reply] = len(self._owners)
                self._owners.append((rows, reply))

    def step(self) -> list[Piece]:
        """Say one more token of every reply; the pieces are in the order of `replies`, and finished replies are still there."""
        count = len(self._owners)
        token_R = np.fromiter((reply.token for _, reply in self._owners), np.int64, count)
        position_R = np.fromiter((reply.position for _, reply in self._owners), np.int64, count)
        row_R = np.arange(count)
        states = {name: rows[:count] for name, rows in self._states.items()}
        logits_RV, successors = self._graphs.step(token_R, position_R, states)
        for state in self._graphs.states:
            if state.update is StateUpdate.REPLACED:
                states[state.name][:] = successors[state.name]
            elif state.update is StateUpdate.APPENDED:
                self._slots[state.name][row_R, position_R] = successors[state.name]
        pieces = [
            reply.say(logits_RV[row], logits_RV[self._silent[reply]] if reply in self._silent else None)
            for reply, row in self._spoken.items()
        ]
        self._leave(self._silent, [reply for reply in self._silent if not reply.is_contrasted])
        return pieces

    def dismiss(self, leaving: Iterable[Reply]) -> None:
        """Let replies leave."""
        for rows in (self._silent, self._spoken):
            self._leave(rows, [reply for reply in leaving if reply in rows])

    def _leave(self, rows: _Rows, leaving: Sequence[Reply]) -> None:
        for reply in leaving:
            row, last = rows.pop(reply), len(self._owners) - 1
            moved, mover = self._owners.pop()
            if row != last:
                self._owners[row] = (moved, mover)
                moved[mover] = row
                for values in self._states.values():
                    values[row] = values[last]

    def _make_room(self, rows: int) -> None:
        if rows <= self._room:
            return
        self._room = max(_FEWEST, 2 ** (rows - 1).bit_length())
        kept = len(self._owners)
        for state in self._graphs.states:
            grown = np.empty((self._room, *state.shape), np.float32)
            if kept:
                grown[:kept] = self._states[state.name][:kept]
            self._states[state.name] = grown
            if state.slot_axis is not None:
                self._slots[state.name] = np.moveaxis(grown, (0, state.slot_axis), (0, 1))
