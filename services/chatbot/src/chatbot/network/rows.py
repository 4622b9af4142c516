"""Rows: the arrays of a batch, which ONNX Runtime reads and writes where they lie.

Axes: R rows in use, C rows there is room for, V the vocabulary. Rows in use are the first R of the C; a row that leaves is
overwritten by the last one.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from chatbot.network.graphs import Graphs, States
from dialogue.bundle import StateUpdate

__all__ = ["Rows"]

_FEWEST: Final = 4
"""Room that is kept while nobody chats; what a busy hour needed beyond it is let go."""


class Rows:
    """What a bundle's step needs of every row, and the step over all of them."""

    def __init__(self, graphs: Graphs) -> None:
        self._graphs = graphs
        self.count = 0
        self._room = 0
        self._inputs: dict[str, NDArray[np.int64]] = {}
        self._states: States = {}
        self._slots: States = {}
        """The appended states seen with rows and slots as their first axes."""
        self._outputs: States = {}
        self._bound: dict[int, onnxruntime.IOBinding] = {}
        """The arrays' first R rows as the graph's inputs and outputs, by R."""

    def join(self, states: Mapping[str, NDArray[np.float32]], count: int = 1) -> None:
        """Add rows behind those in use; states that are not given are zeros."""
        first, self.count = self.count, self.count + count
        self._make_room()
        for name, rows in self._states.items():
            rows[first : self.count] = states.get(name, 0)

    def leave(self, row: int) -> None:
        """Give up a row; the last one takes its place and number."""
        self.count -= 1
        if row != self.count:
            for rows in self._states.values():
                rows[row] = rows[self.count]
        if not self.count and self._room > _FEWEST:
            self._bound.clear()  # before the arrays that it is bound to
            self._make(_FEWEST)

    def step(self, token_R: Sequence[int], position_R: Sequence[int]) -> NDArray[np.float32]:
        """Logits [R, V] after these tokens, valid until the next step; the states become what that one needs."""
        count = self.count
        self._inputs["token"][:count] = token_R
        self._inputs["position"][:count] = position_R
        if count not in self._bound:
            ids = {name: id_C[:count] for name, id_C in self._inputs.items()}
            states, outputs = ({name: rows[:count] for name, rows in each.items()} for each in (self._states, self._outputs))
            self._bound[count] = self._graphs.bind({**ids, **states}, outputs)
        self._graphs.step(self._bound[count])
        row_R = np.arange(count)
        for state in self._graphs.states:
            if state.update is StateUpdate.REPLACED:
                self._states[state.name][:count] = self._outputs[f"next_{state.name}"][:count]
            elif state.update is StateUpdate.APPENDED:
                self._slots[state.name][row_R, self._inputs["position"][:count]] = self._outputs[f"next_{state.name}"][:count]
        return self._outputs["logits"][:count]

    def states(self, row: int) -> States:
        """A copy of a row's states, each with a batch axis of one."""
        return {name: rows[row : row + 1].copy() for name, rows in self._states.items()}

    def _make_room(self) -> None:
        if self.count <= self._room:
            return
        kept, kept_rows = self._states, self._room
        self._bound.clear()
        self._make(max(_FEWEST, 2 ** (self.count - 1).bit_length()))
        for name, rows in kept.items():
            self._states[name][:kept_rows] = rows[:kept_rows]

    def _make(self, room: int) -> None:
        self._room = room
        self._inputs = {name: np.zeros(room, np.int64) for name in ("token", "position")}
        self._outputs = {name: np.empty((room, *shape), np.float32) for name, shape in self._graphs.outputs.items()}
        self._states = {state.name: np.empty((room, *state.shape), np.float32) for state in self._graphs.states}
        self._slots = {
            state.name: np.moveaxis(self._states[state.name], (0, state.slot_axis), (0, 1))
            for state in self._graphs.states
            if state.slot_axis is not None
        }
