"""A bundle's graphs in ONNX Runtime, run as the chatbot runs them, to compare them with the network they came from."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from dialogue.bundle import StateTensor, StateUpdate
from trainer.dialogue.encoding import EncodedExchanges

__all__ = ["Graphs"]

_ROWS = 32
_PAD = 0


class Graphs:
    """Encoder and step, with the caller's part of the arithmetic of dialogue.bundle."""

    def __init__(self, encoder: Path, step: Path, states: Sequence[StateTensor]) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        providers = ["CPUExecutionProvider"]
        self._encoder = onnxruntime.InferenceSession(encoder, options, providers=providers)
        self._step = onnxruntime.InferenceSession(step, options, providers=providers)
        self._states = states

    def encode(self, context_BS: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
        """All states of the rows before their first step."""
        names = [output.name for output in self._encoder.get_outputs()]
        states = dict(zip(names, self._encoder.run(None, {"context": context_BS}), strict=True))
        for state in self._states:
            if state.update is StateUpdate.APPENDED:
                states[state.name] = np.zeros((len(context_BS), *state.shape), np.float32)
        return states

    def step(
        self, token_B: NDArray[np.int64], position_B: NDArray[np.int64], states: dict[str, NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        """Logits [B, V]; `states` becomes what the next step needs."""
        names = [output.name for output in self._step.get_outputs()]
        outputs = dict(zip(names, self._step.run(None, {"token": token_B, "position": position_B, **states}), strict=True))
        for state in self._states:
            if state.update is StateUpdate.REPLACED:
                states[state.name] = outputs[f"next_{state.name}"]
            elif state.slot_axis is not None:
                slots_first = np.moveaxis(states[state.name], (0, state.slot_axis), (0, 1))
                slots_first[np.arange(len(token_B)), position_B] = outputs[f"next_{state.name}"]
        logits: NDArray[np.float32] = outputs["logits"]
        return logits

    def token_perplexity(self, exchanges: EncodedExchanges, rows: NDArray[np.int64]) -> float:
        """Of these exchanges' replies, forced token by token."""
        nats = 0.0
        for begin in range(0, len(rows), _ROWS):
            batch = exchanges.batch(rows[begin : begin + _ROWS])
            states = self.encode(batch.context_BS)
            count = len(batch.context_BS)
            for position in range(batch.reply_BT.shape[1]):
                logits_BV = self.step(batch.reply_BT[:, position], np.full(count, position), states).astype(np.float64)
                logits_BV -= logits_BV.max(1, keepdims=True)
                log_p_BV = logits_BV - np.log(np.exp(logits_BV).sum(1, keepdims=True))
                target_B = batch.target_BT[:, position]
                nats -= float(log_p_BV[np.arange(count), target_B][target_B != _PAD].sum())
        return math.exp(nats / int(exchanges.target_lengths[rows].sum()))
