"""The ONNX graph of a factor run: fragment ids in, predicted target profiles and factor vectors out.

`fragments: int64[N]` -> `profiles: float[N, T]`, `vectors: float[N, K]`, opset 20: the two nodes that torch's exporter makes
of a `FactorNetwork`, written without the three seconds it takes. The metadata name the schema, the run, the fragments and
the targets (JSON arrays in order of id).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # ships no types
from onnx import TensorProto, helper, numpy_helper

from trainer.factorization.counts.network import FactorNetwork

__all__ = ["GRAPH_SCHEMA", "InvalidGraph", "ParityError", "export", "load_onnx"]

GRAPH_SCHEMA: Final = "ntdemo.factors/1"
"""The value of the metadata key `schema`."""
_PARITY: Final = 1e-5
"""Largest difference from torch, relative to the largest output, with which a graph may be published."""
_CHECKED: Final = 4096
"""Fragments compared, evenly spaced, where there are more."""
_BATCH: Final = 512


class ParityError(Exception):
    """ONNX Runtime and torch do not give the same outputs: the graph must not be published."""


class InvalidGraph(Exception):
    """A file is not the ONNX graph of a factor run."""


def export(network: FactorNetwork, path: Path, *, fragments: Sequence[str], targets: Sequence[str], run: str) -> float:
    """Writes the graph, reads it back with ONNX Runtime and compares it with torch.

    Returns the largest difference, relative to the largest output, which is at most 1e-5; raises ParityError with more, and
    ValueError for names that are not one a row.
    """
    if (len(fragments), len(targets)) != (network.fragments.num_embeddings, network.targets.num_embeddings):
        raise ValueError(f"{len(fragments)} and {len(targets)} names for a network of another shape")
    onnx.save(
        _model(network, {"run": run, "fragments": json.dumps(list(fragments)), "targets": json.dumps(list(targets))}), path
    )
    difference = _difference(network, path)
    if not difference <= _PARITY:
        raise ParityError(f"{path.name}: ONNX Runtime differs from torch by {difference:.1e} of the largest output")
    return difference


def load_onnx(path: Path) -> FactorNetwork:
    """The network of an exported graph, with the same outputs, ready to be trained on.

    Raises InvalidGraph for any other file, OSError for one that cannot be read.
    """
    try:
        model = onnx.load(path)
    except DecodeError as error:
        raise InvalidGraph(f"{path.name} is no ONNX file") from error
    schema = next((entry.value for entry in model.metadata_props if entry.key == "schema"), None)
    if schema != GRAPH_SCHEMA:
        raise InvalidGraph(f"{path.name} is no graph of a factor run: its schema is {schema!r}, expected {GRAPH_SCHEMA!r}")
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    if missing := {"fragments_FK", "targets_TK"} - weights.keys():
        raise InvalidGraph(f"{path.name} has no weights {', '.join(sorted(missing))}")
    fragments_FK, targets_TK = weights["fragments_FK"], weights["targets_TK"]
    network = FactorNetwork(len(fragments_FK), len(targets_TK), fragments_FK.shape[1])
    with torch.no_grad():
        network.fragments.weight.copy_(torch.tensor(fragments_FK))
        network.targets.weight.copy_(torch.tensor(targets_TK))
    return network


def _model(network: FactorNetwork, metadata: dict[str, str]) -> onnx.ModelProto:
    weights = {
        name: side.weight.detach().numpy()
        for name, side in (("fragments_FK", network.fragments), ("targets_TK", network.targets))
    }
    T, K = weights["targets_TK"].shape
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["fragments_FK", "fragments"], ["vectors"], axis=0),
            helper.make_node("Gemm", ["vectors", "targets_TK"], ["profiles"], transB=1),
        ],
        name="factors",
        inputs=[helper.make_tensor_value_info("fragments", TensorProto.INT64, ["N"])],
        outputs=[
            helper.make_tensor_value_info("profiles", TensorProto.FLOAT, ["N", T]),
            helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["N", K]),
        ],
        initializer=[numpy_helper.from_array(weight_NK, name) for name, weight_NK in weights.items()],
    )
    model = helper.make_model(graph, producer_name="ntdemo", ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
    helper.set_model_props(model, {"schema": GRAPH_SCHEMA, **metadata})
    onnx.checker.check_model(model)
    return model


def _difference(network: FactorNetwork, path: Path) -> float:
    """The largest difference between the file's outputs and the network's, relative to the largest output."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    F = network.fragments.num_embeddings
    ids_N = np.unique(np.linspace(0, F - 1, min(F, _CHECKED)).round().astype(np.int64))
    furthest, largest = 0.0, 0.0
    for batch_N in np.array_split(ids_N, -(-len(ids_N) // _BATCH)):
        expected: list[npt.NDArray[np.float32]] = [output.numpy() for output in _outputs(network, batch_N)]
        for ours, theirs in zip(expected, session.run(["profiles", "vectors"], {"fragments": batch_N}), strict=True):
            with np.errstate(invalid="ignore"):  # inf - inf is nan, which np.maximum keeps: it is no parity
                furthest = float(np.maximum(furthest, np.abs(ours - theirs).max()))
            largest = max(largest, float(np.abs(ours).max()))
    return furthest / largest if largest else furthest


@torch.no_grad()
def _outputs(network: FactorNetwork, ids_N: npt.NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
    outputs: tuple[torch.Tensor, torch.Tensor] = network(torch.from_numpy(ids_N))
    return outputs
