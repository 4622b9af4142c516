"""Graphs: a bundle's encoder and step in ONNX Runtime, checked against the card's states when they are opened."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from dialogue.bundle import BrokenBundle, ModelCard, StateTensor, StateUpdate

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
        self.outputs = {"logits": (card.sizes["vocabulary"],), **dict(map(_successor, filter(_is_changed, self.states)))}
        """Shape of each output of a step, without the batch axis."""
        _expect("encoder", self._encoder, {"context"}, set(self._made))
        _expect("step", self._step, {"token", "position", *(state.name for state in self.states)}, set(self.outputs))

    def encode(self, contexts: Sequence[Sequence[int]]) -> States:
        """The states that the encoder makes, a row a context; a context has 1 to 96 tokens."""
        context_BS = np.full((len(contexts), max(map(len, contexts))), self._pad, np.int64)
        for row_S, context in zip(context_BS, contexts, strict=True):
            row_S[: len(context)] = context
        return dict(zip(self._made, self._encoder.run(self._made, {"context": context_BS}), strict=True))

    def bind(self, inputs: Mapping[str, NDArray[np.int64] | NDArray[np.float32]], outputs: States) -> onnxruntime.IOBinding:
        """A step from these arrays to those, which nobody may move or drop while it is used; all are contiguous [B, ...]."""
        binding = self._step.io_binding()
        for name, array in inputs.items():
            binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        for name, array in outputs.items():
            binding.bind_output(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        return binding

    def step(self, bound: onnxruntime.IOBinding) -> None:
        """Compute the outputs that were bound from the inputs as they are now."""
        self._step.run_with_iobinding(bound)


def _is_changed(state: StateTensor) -> bool:
    return state.update is not StateUpdate.FIXED


def _successor(state: StateTensor) -> tuple[str, tuple[int, ...]]:
    """The output that follows a state: all of it, or what belongs into one slot."""
    slot = None if state.slot_axis is None else state.slot_axis - 1
    return f"next_{state.name}", tuple(size for axis, size in enumerate(state.shape) if axis != slot)


def _open(name: str, graph: bytes, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # as quick without; it would keep what a busy hour needed, fifty megabytes
    options.log_severity_level = _ERRORS_ONLY
    try:
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's failures share no narrower class
        raise BrokenBundle(f"ONNX Runtime does not take the {name}: {str(error).splitlines()[0]}") from error
    session._model_bytes = None  # noqa: SLF001 - kept for another provider, which there is none of: as large as the weights
    return session


def _expect(name: str, session: onnxruntime.InferenceSession, inputs: set[str], outputs: set[str]) -> None:
    for what, stated, found in (
        ("inputs", inputs, {each.name for each in session.get_inputs()}),
        ("outputs", outputs, {each.name for each in session.get_outputs()}),
    ):
        if stated != found:
            differing = ", ".join(sorted(stated ^ found))
            raise BrokenBundle(f"the {name}'s {what} are not those of the card's states: {differing}")
