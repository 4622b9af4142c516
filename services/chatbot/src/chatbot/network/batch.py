"""Batch: the replies of one bundle, which join and leave between any two steps.

A reply has a row that knows its context and, while it is weighed against silence, a second one that says the same to an empty
context. R is the number of rows, V the vocabulary.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from chatbot.network.bundle import Bundle
from chatbot.network.reply import Piece, Reply
from chatbot.network.rows import Rows

__all__ = ["Batch"]

_Places = dict[Reply, int]


class Batch:
    """Keeps no bundle alive but by the replies in it."""

    def __init__(self, bundle: Bundle) -> None:
        self._graphs = bundle.graphs
        self._silence = bundle.silence
        self._rows = Rows(bundle.graphs)
        self._spoken: _Places = {}
        self._silent: _Places = {}
        self._owners: list[tuple[_Places, Reply]] = []
        """Of each row, where its number is kept and whose it is."""

    @property
    def replies(self) -> list[Reply]:
        """Those being written, in the order in which they joined."""
        return list(self._spoken)

    def admit(self, replies: Sequence[Reply]) -> None:
        """Let replies join: their contexts are encoded together."""
        self._rows.join(self._graphs.encode([reply.context for reply in replies]), len(replies))
        self._own(self._spoken, replies)

    def step(self) -> list[Piece]:
        """Say one more token of every reply; the pieces are in the order of `replies`, and finished replies are still there."""
        logits_RV = self._rows.step([reply.token for _, reply in self._owners], [reply.position for _, reply in self._owners])
        pieces = [reply.say(logits_RV[row], self._silent_logits(reply, logits_RV)) for reply, row in self._spoken.items()]
        self._leave(self._silent, [reply for reply in self._silent if not reply.is_contrasted])
        said = zip(self._spoken, pieces, strict=True)
        begun = [reply for reply, piece in said if piece.finish is None and reply.is_contrasted and reply not in self._silent]
        if begun:
            self._rows.join(self._silence.states, len(begun))
            self._own(self._silent, begun)
        return pieces

    def dismiss(self, leaving: Iterable[Reply]) -> None:
        """Let replies leave."""
        for places in (self._silent, self._spoken):
            self._leave(places, [reply for reply in leaving if reply in places])

    def _silent_logits(self, reply: Reply, logits_RV: NDArray[np.float32]) -> NDArray[np.float32] | None:
        if (row := self._silent.get(reply)) is not None:
            silent_V: NDArray[np.float32] = logits_RV[row]
            return silent_V
        return self._silence.logits_V if reply.is_contrasted else None

    def _own(self, places: _Places, replies: Iterable[Reply]) -> None:
        for reply in replies:
            places[reply] = len(self._owners)
            self._owners.append((places, reply))

    def _leave(self, places: _Places, leaving: Sequence[Reply]) -> None:
        for reply in leaving:
            row = places.pop(reply)
            moved, mover = self._owners.pop()
            self._rows.leave(row)
            if row != len(self._owners):
                self._owners[row] = (moved, mover)
                moved[mover] = row
