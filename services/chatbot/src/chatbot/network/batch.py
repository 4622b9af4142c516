"""Batch: the replies of one bundle, which join and leave between any two steps.

A reply has a row that knows its context and, while it is contrasted, a second one that says the same to an empty context.
R is the number of rows, V the vocabulary.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from chatbot.network.bundle import Bundle
from chatbot.network.reply import Piece, Reply
from dialogue.rows import Rows

__all__ = ["Batch"]

_RowNumbers = dict[Reply, int]


class Batch:
    """Keeps no bundle alive but by the replies in it."""

    def __init__(self, bundle: Bundle) -> None:
        self._graphs = bundle.graphs
        self._unconditional = bundle.unconditional
        self._rows = Rows(bundle.graphs)
        self._row_of: _RowNumbers = {}
        self._contrast_row_of: _RowNumbers = {}
        self._owners: list[tuple[_RowNumbers, Reply]] = []
        """Of each row, where its number is kept and whose it is."""

    @property
    def replies(self) -> list[Reply]:
        """Those being written, in the order in which they joined."""
        return list(self._row_of)

    def admit(self, replies: Sequence[Reply]) -> None:
        """Let replies join: their contexts are encoded together."""
        self._rows.join(self._graphs.encode([reply.context for reply in replies]), len(replies))
        self._own(self._row_of, replies)

    def step(self) -> list[Piece]:
        """One more token of every reply; the pieces are in the order of `replies`, and finished replies are still there."""
        logits_RV = self._rows.step([reply.token for _, reply in self._owners], [reply.position for _, reply in self._owners])
        pieces = [
            reply.choose(logits_RV[row], self._unconditional_logits(reply, logits_RV)) for reply, row in self._row_of.items()
        ]
        self._leave(self._contrast_row_of, [reply for reply in self._contrast_row_of if not reply.is_contrasted])
        written = zip(self._row_of, pieces, strict=True)
        begun = [
            reply
            for reply, piece in written
            if piece.finish is None and reply.is_contrasted and reply not in self._contrast_row_of
        ]
        if begun:
            self._rows.join(self._unconditional.states, len(begun))
            self._own(self._contrast_row_of, begun)
        return pieces

    def dismiss(self, leaving: Iterable[Reply]) -> None:
        """Let replies leave."""
        for rows_of in (self._contrast_row_of, self._row_of):
            self._leave(rows_of, [reply for reply in leaving if reply in rows_of])

    def _unconditional_logits(self, reply: Reply, logits_RV: NDArray[np.float32]) -> NDArray[np.float32] | None:
        if (row := self._contrast_row_of.get(reply)) is not None:
            unconditional_V: NDArray[np.float32] = logits_RV[row]
            return unconditional_V
        return self._unconditional.logits_V if reply.is_contrasted else None

    def _own(self, rows_of: _RowNumbers, replies: Iterable[Reply]) -> None:
        for reply in replies:
            rows_of[reply] = len(self._owners)
            self._owners.append((rows_of, reply))

    def _leave(self, rows_of: _RowNumbers, leaving: Sequence[Reply]) -> None:
        for reply in leaving:
            row = rows_of.pop(reply)
            moved, mover = self._owners.pop()
            self._rows.leave(row)
            if row != len(self._owners):
                self._owners[row] = (moved, mover)
                moved[mover] = row
