"""The predictor as the ONNX graph of `contracts.predictions`, opset 20, checked against torch before it may be published."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # ships no types
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from contracts.predictions import BOUNDS, OUTPUTS, SCHEMA, Scale
from trainer.factorization.onnx.factor_graph import InvalidGraph, ParityError
from trainer.factorization.predictor import Predictor

__all__ = ["export_predictor", "load_predictor"]

_PARITY: Final = 1e-5
"""Largest difference from torch, relative to the largest number of the same output, with which a graph may be published."""
_CHECKED: Final = 256
"""Fragments and targets compared, evenly spaced, where there are more."""
_BATCH: Final = 64
_ERRORS_ONLY: Final = 3
_BUFFERS: Final = ("fragments_FSK", "targets_TSK", "levels_TS", "mean_1", "variance_T", "unseen_T", "reach_1")
_SHAPES: Final[dict[str, list[str | int]]] = {"contributions": ["N", "M"], "levels": ["M"], "mean": [1]}
_Question = dict[str, npt.NDArray[np.int64] | npt.NDArray[np.float32]]


def export_predictor(predictor: Predictor, path: Path, *, fragments: Sequence[str], targets: Sequence[str], run: str) -> float:
    """Write the graph, read it back with ONNX Runtime and compare it with torch.

    Returns the largest difference, relative to the largest number of the same output, which is at most 1e-5; raises
    ParityError with more, and ValueError for names that are not one a row.
    """
    F, T = len(predictor.fragments_FSK), len(predictor.targets_TSK)
    if (len(fragments), len(targets)) != (F, T):
        raise ValueError(f"{len(fragments)} and {len(targets)} names for {F} fragments and {T} targets")
    names = {"fragments": json.dumps(list(fragments)), "targets": json.dumps(list(targets))}
    onnx.save(_model(predictor, {"schema": SCHEMA, "run": run, "scale": predictor.scale.value, **names}), path)
    difference = _difference(predictor, path)
    if not difference <= _PARITY:
        raise ParityError(f"{path.name}: ONNX Runtime differs from torch by {difference:.1e} of the largest number")
    return difference


def load_predictor(path: Path) -> Predictor:
    """The predictor of an exported graph, with the same outputs.

    Raises InvalidGraph for any other file, OSError for one that cannot be read.
    """
    try:
        model = onnx.load(path)
    except DecodeError as error:
        raise InvalidGraph(f"{path.name} is no ONNX file") from error
    stated = {entry.key: entry.value for entry in model.metadata_props}
    if stated.get("schema") != SCHEMA:
        raise InvalidGraph(f"{path.name} is no prediction graph: its schema is {stated.get('schema')!r}, expected {SCHEMA!r}")
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    if missing := set(_BUFFERS) - weights.keys():
        raise InvalidGraph(f"{path.name} has no weights {', '.join(sorted(missing))}")
    return Predictor(Scale(stated["scale"]), **{name: torch.tensor(weights[name]) for name in _BUFFERS})


def _model(predictor: Predictor, metadata: dict[str, str]) -> onnx.ModelProto:
    S, K = predictor.fragments_FSK.shape[1:]
    constants = {
        "made_shape": np.array([S, K], dtype=np.int64),
        "last": np.array([-1], dtype=np.int64),
        "first": np.array([0], dtype=np.int64),
        "second": np.array([1], dtype=np.int64),
        "share": np.array(1.0 / S, dtype=np.float32),
        "one": np.array(1.0, dtype=np.float32),
        "half": np.array(0.5, dtype=np.float32),
        "root_half": np.array(0.5**0.5, dtype=np.float32),
    }
    weights = {name: getattr(predictor, name).numpy() for name in _BUFFERS}
    bounded = predictor.scale is not Scale.SUM
    graph = helper.make_graph(
        list(_nodes(predictor.scale)),
        name="predictions",
        inputs=[
            helper.make_tensor_value_info("fragments", TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info("compounds", TensorProto.INT64, ["N"]),
            helper.make_tensor_value_info("unseen", TensorProto.FLOAT, ["B"]),
            helper.make_tensor_value_info("targets", TensorProto.INT64, ["M"]),
        ],
        outputs=[_output(name) for name in (*OUTPUTS, *(BOUNDS if bounded else ()))],
        initializer=[numpy_helper.from_array(array, name) for name, array in {**weights, **constants}.items()],
    )
    model = helper.make_model(graph, producer_name="ntdemo", ir_version=10, opset_imports=[helper.make_opsetid("", 20)])
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    return model


def _output(name: str) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, _SHAPES.get(name, ["B", "M"]))


def _nodes(scale: Scale) -> Iterator[NodeProto]:
    """`Predictor.forward`, line by line."""
    node = helper.make_node
    yield node("Gather", ["fragments_FSK", "fragments"], ["stored_NSK"], axis=0)
    yield node("Cast", ["stored_NSK"], ["P_NSK"], to=TensorProto.FLOAT)
    yield node("Gather", ["targets_TSK", "targets"], ["Q_MSK"], axis=0)
    yield node("Gather", ["levels_TS", "targets"], ["levels_MS"], axis=0)
    yield node("ReduceMean", ["levels_MS", "second"], ["levels"], keepdims=0)
    yield node("Identity", ["mean_1"], ["mean"])

    yield node("Flatten", ["P_NSK"], ["P_ND"], axis=1)
    yield node("Flatten", ["Q_MSK"], ["Q_MD"], axis=1)
    yield node("Gemm", ["P_ND", "Q_MD"], ["joined_NM"], transB=1)
    yield node("Mul", ["joined_NM", "share"], ["contributions"])

    yield node("Shape", ["unseen"], ["B"])
    yield node("Concat", ["B", "made_shape"], ["shape_BSK"], axis=0)
    yield node("ConstantOfShape", ["shape_BSK"], ["empty_BSK"])
    yield node("Unsqueeze", ["compounds", "last"], ["rows_N1"])
    yield node("ScatterND", ["empty_BSK", "rows_N1", "P_NSK"], ["made_BSK"], reduction="add")
    yield node("Transpose", ["made_BSK"], ["made_SBK"], perm=[1, 0, 2])
    yield node("Transpose", ["Q_MSK"], ["Q_SKM"], perm=[1, 2, 0])
    yield node("MatMul", ["made_SBK", "Q_SKM"], ["product_SBM"])
    yield node("Transpose", ["levels_MS"], ["levels_SM"], perm=[1, 0])
    yield node("Unsqueeze", ["levels_SM", "second"], ["levels_S1M"])
    yield node("Add", ["product_SBM", "levels_S1M"], ["drawn_SBM"])
    yield node("ReduceMean", ["drawn_SBM", "first"], ["expected_BM"], keepdims=0)
    yield node("Add", ["expected_BM", "mean_1"], ["sums"])
    if scale is Scale.SUM:
        yield node("Identity", ["sums"], ["predictions"])
        return

    yield node("Sub", ["drawn_SBM", "expected_BM"], ["deviation_SBM"])
    yield node("Mul", ["deviation_SBM", "deviation_SBM"], ["squares_SBM"])
    yield node("ReduceMean", ["squares_SBM", "first"], ["spread_BM"], keepdims=0)
    yield node("Gather", ["variance_T", "targets"], ["variance_M"], axis=0)
    yield node("Gather", ["unseen_T", "targets"], ["unseen_M"], axis=0)
    yield node("Unsqueeze", ["unseen", "second"], ["unseen_B1"])
    yield node("Mul", ["unseen_B1", "unseen_M"], ["unseen_BM"])
    yield node("Add", ["spread_BM", "variance_M"], ["known_BM"])
    yield node("Add", ["known_BM", "unseen_BM"], ["variance_BM"])
    yield node("Sqrt", ["variance_BM"], ["root_BM"])
    yield node("Mul", ["root_BM", "reach_1"], ["reach_BM"])
    below, above = ("low", "high") if scale is not Scale.CHANCE else ("low_BM", "high_BM")
    yield node("Sub", ["sums", "reach_BM"], [below])
    yield node("Add", ["sums", "reach_BM"], [above])
    if scale is not Scale.CHANCE:
        yield node("Identity", ["sums"], ["predictions"])
        return

    yield node("Add", ["variance_BM", "one"], ["wider_BM"])
    yield node("Sqrt", ["wider_BM"], ["scale_BM"])
    yield node("Div", ["sums", "scale_BM"], ["score_BM"])
    for z, share in (("score_BM", "predictions"), ("low_BM", "low"), ("high_BM", "high")):
        yield node("Mul", [z, "root_half"], [f"{z}_scaled"])
        yield node("Erf", [f"{z}_scaled"], [f"{z}_erf"])
        yield node("Add", [f"{z}_erf", "one"], [f"{z}_double"])
        yield node("Mul", [f"{z}_double", "half"], [share])


def _difference(predictor: Predictor, path: Path) -> float:
    """The largest difference between the file's outputs and the predictor's, each relative to the largest of its output."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY  # no warning of weights that `load_predictor` needs and no node
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    furthest, largest = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    for question in _questions(len(predictor.fragments_FSK), len(predictor.targets_TSK)):
        expected = predictor(**{name: torch.from_numpy(array) for name, array in question.items()})
        for name, theirs in zip(names, session.run(names, question), strict=True):
            ours = getattr(expected, name).numpy()
            if ours.size:
                with np.errstate(invalid="ignore"):  # inf - inf is nan, which np.maximum keeps: it is no parity
                    furthest[name] = float(np.maximum(furthest[name], np.abs(ours - theirs).max()))
                largest[name] = max(largest[name], float(np.abs(ours).max()))
    return float(np.max([furthest[name] / largest[name] if largest[name] else furthest[name] for name in names]))


def _questions(fragments: int, targets: int) -> Iterator[_Question]:
    """Compounds of one to four fragments, some with fragments that nobody knows, and one of none at all."""
    ids_N, ids_M = (
        np.unique(np.linspace(0, count - 1, min(count, _CHECKED)).round().astype(np.int64)) if count else np.zeros(0, np.int64)
        for count in (fragments, targets)
    )
    for batch_N in np.array_split(ids_N, max(1, -(-len(ids_N) // _BATCH))):
        compounds_N = np.arange(len(batch_N), dtype=np.int64) * 2 // 5
        unseen_B = (np.arange(compounds_N.max(initial=-1) + 2) % 3).astype(np.float32)
        yield {"fragments": batch_N, "compounds": compounds_N, "unseen": unseen_B, "targets": ids_M}
