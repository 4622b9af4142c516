"""Graphs: a bundle's encoder and step in ONNX Runtime, checked against the card's states when they are opened."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from contracts.dialogue import BrokenBundle, ModelCard, StateUpdate

__all__ = ["Graphs", "States"]

States = dict[str, NDArray[np.float32]]
"""State name -> [B, ...]."""
_ERRORS_ONLY: Final = 3


class Graphs:
    """Both graphs of a bundle; B is the number of rows, which do not influence one another."""

    def __init__(self, encoder: bytes, step: bytes, card: ModelCard, *, threads: int = 1) -> None:
        self.states = tuple(card.states)
        self._pad = card.tokens.pad
        self._encoder = _open("encoder", encoder, threads)
        self._step = _open("step", step, threads)
        self._made = [state.name for state in self.states if state.update is not StateUpdate.APPENDED]
        self._changed = [state.name for state in self.states if state.update is not StateUpdate.FIXED]
        self._outputs = ["logits", *(f"next_{name}" for name in self._changed)]
        _expect("encoder", self._encoder, {"context"}, set(self._made))
        _expect("step", self._step, {"token", "position", *(state.name for state in self.states)}, set(self._outputs))

    def encode(self, contexts: Sequence[Sequence[int]]) -> States:
        """The states that the encoder makes, a row a context; a context has 1 to 96 tokens."""
        context_BS = np.full((len(contexts), max(map(len, contexts))), self._pad, np.int64)
        for row_S, context in zip(context_BS, contexts, strict=True):
            row_S[: len(context)] = context
        return dict(zip(self._made, self._encoder.run(self._made, {"context": context_BS}), strict=True))

    def step(
        self, token_B: NDArray[np.int64], position_B: NDArray[np.int64], states: Mapping[str, NDArray[np.float32]]
    ) -> tuple[NDArray[np.float32], States]:
        """Logits [B, V], and by its name what follows each replaced or appended state."""
        logits_BV, *successors = self._step.run(self._outputs, {"token": token_B, "position": position_B, **states})
        return logits_BV, dict(zip(self._changed, successors, strict=True))


def _open(name: str, graph: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's failures share no narrower class
        raise BrokenBundle(f"ONNX Runtime does not take the {name}: {str(error).splitlines()[0]}") from error


def _expect(name: str, session: onnxruntime.InferenceSession, inputs: set[str], outputs: set[str]) -> None:
    for what, stated, found in (
        ("inputs", inputs, {each.name for each in session.get_inputs()}),
        ("outputs", outputs, {each.name for each in session.get_outputs()}),
    ):
        if stated != found:
            differing = ", ".join(sorted(stated ^ found))
            raise BrokenBundle(f"the {name}'s {what} are not those of the card's states: {differing}")
