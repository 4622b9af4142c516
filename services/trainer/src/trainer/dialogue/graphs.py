"""A network as two ONNX graphs, `encoder` and `step`, with the names and shapes of dialogue.bundle."""

import warnings
from pathlib import Path
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from dialogue.bundle import CONTEXT_TOKENS, StateUpdate
from trainer.dialogue.networks.network import DialogueNetwork

__all__ = ["forget_origins", "write_graphs"]

_OPSET = 21


def write_graphs(network: DialogueNetwork, encoder: Path, step: Path) -> None:
    """Both graphs in float32, rows and context tokens dynamic, without a word of where they were written."""
    network = network.eval()
    made = [state.name for state in network.states if state.update is not StateUpdate.APPENDED]
    rows, tokens = torch.export.Dim("rows", min=1, max=4096), torch.export.Dim("tokens", min=1, max=CONTEXT_TOKENS)
    context_BS = torch.randint(5, 100, (3, 7))
    _export(_Encoder(network, made), (context_BS,), encoder, ["context"], made, ({0: rows, 1: tokens},))
    _state_shapes(encoder, network)

    names = [state.name for state in network.states]
    changing = [f"next_{state.name}" for state in network.states if state.update is not StateUpdate.FIXED]
    zeros = tuple(torch.zeros(3, *state.shape) for state in network.states)
    inputs = (torch.tensor([2, 2, 2]), torch.tensor([0, 3, 7]), *zeros)
    shapes = ({0: rows}, {0: rows}, tuple({0: rows} for _ in names))
    _export(_Step(network), inputs, step, ["token", "position", *names], ["logits", *changing], shapes)


class _Encoder(nn.Module):
    def __init__(self, network: DialogueNetwork, names: list[str]) -> None:
        super().__init__()
        self.network = network
        self._names = names

    def forward(self, context: Tensor) -> tuple[Tensor, ...]:
        states = self.network.encode(context)
        return tuple(states[name] for name in self._names)


class _Step(nn.Module):
    def __init__(self, network: DialogueNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, token: Tensor, position: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        named = dict(zip((state.name for state in self.network.states), states, strict=True))
        logits, successors = self.network.step(token, position, named)
        return logits, *(successors[state.name] for state in self.network.states if state.update is not StateUpdate.FIXED)


def _export(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    file: Path,
    input_names: list[str],
    output_names: list[str],
    shapes: tuple[Any, ...],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own internals
        torch.onnx.export(
            module.eval(),
            inputs,
            str(file),
            input_names=input_names,
            output_names=output_names,
            dynamic_shapes=shapes,
            opset_version=_OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    model = onnx.load(file)
    forget_origins(model)
    onnx.save(model, file)


def forget_origins(model: onnx.ModelProto) -> None:
    """Take away what the exporter notes of the code: lines of source with the paths of this machine."""
    graph = model.graph
    for part in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info):
        del part.metadata_props[:]


def _state_shapes(file: Path, network: DialogueNetwork) -> None:
    """Write the declared shapes over those that the exporter guessed from its example."""
    model = onnx.load(file)
    declared = {state.name: state.shape for state in network.states}
    for output in model.graph.output:
        for axis, size in zip(output.type.tensor_type.shape.dim[1:], declared[output.name], strict=True):
            axis.dim_value = size
    onnx.checker.check_model(model)
    onnx.save(model, file)
