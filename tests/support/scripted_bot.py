"""A bot that says what a test wrote for it: a real bundle, its graphs written by hand, its tokens of the starter corpus.

The step looks its logits up by position: the scripted token of each position far above all others, and a second one below it,
to which a bot turns that may not say the first. Its state is of all three kinds, and a reply comes out wrong if any of them is
not kept as the contract says: the script holds only while a row's own context, count and written slots agree.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from dialogue.bundle import (
    CARD_FILE,
    ENCODER_FILE,
    REPLY_TOKENS,
    STEP_FILE,
    TOKENS_FILE,
    Architecture,
    BundleFile,
    ExportRecord,
    Language,
    ModelCard,
    StateTensor,
    StateUpdate,
    TrainingRecord,
)
from trainer.dialogue.tokens import SPECIAL_TOKENS, Tokens, train_tokens

__all__ = ["scripted_bot", "scripted_tokens"]

_CORPUS = Path(__file__).parents[2] / "services" / "trainer" / "src" / "trainer" / "dialogue" / "starter"
_FIRST, _SECOND = 30.0, 20.0
_OPSET = 21


@cache
def scripted_tokens(language: Language) -> Tokens:
    """A small tokenizer; every text can be written in it, by bytes where it must."""
    lines = (_CORPUS / f"{language}.jsonl").read_text("utf-8").splitlines()
    texts = [message["text"] for line in lines for message in json.loads(line)["messages"]]
    return Tokens(train_tokens(texts, language=language, vocabulary=1_200, seed=0))


def scripted_bot(
    directory: Path,
    script: str | Sequence[int],
    *,
    otherwise: str = "",
    language: Language = Language.ENGLISH,
    run: str = "dialogue-scripted",
    steps: int = 100,
    finished: datetime = datetime(2026, 11, 23, tzinfo=UTC),
) -> ModelCard:
    """Writes a bundle that replies with `script` and then ends; where a token of it is refused, with that of `otherwise`."""
    tokens = scripted_tokens(language)
    said = tokens.encode([script])[0] if isinstance(script, str) else list(script)
    logits_RV = np.zeros((REPLY_TOKENS, tokens.size), np.float32)
    for weight, ids in ((_SECOND, tokens.encode([otherwise])[0]), (_FIRST, said)):
        for position in range(REPLY_TOKENS):
            token = ids[position] if position < len(ids) else SPECIAL_TOKENS.end
            logits_RV[position, token] = weight
    directory.mkdir(parents=True, exist_ok=True)
    onnx.save(_encoder(), directory / ENCODER_FILE)
    onnx.save(_step(logits_RV), directory / STEP_FILE)
    (directory / TOKENS_FILE).write_bytes(tokens.model)
    card = ModelCard(
        language=language,
        architecture=Architecture.GRU,
        sizes={"vocabulary": tokens.size},
        tokens=SPECIAL_TOKENS,
        states=[
            StateTensor(name="told", dtype="float32", shape=(1,), update=StateUpdate.FIXED),
            StateTensor(name="count", dtype="float32", shape=(1,), update=StateUpdate.REPLACED),
            StateTensor(name="slots", dtype="float32", shape=(2, REPLY_TOKENS), update=StateUpdate.APPENDED, slot_axis=2),
        ],
        licence="Apache-2.0",
        attribution=["a script"],
        sources=[],
        training=TrainingRecord(
            command="scripted_bot",
            run=run,
            device="cpu",
            seconds=0.0,
            steps=steps,
            epochs=0.0,
            target_tokens=0,
            exchanges=0,
            parameters=0,
            seed=0,
            code_version="0",
            finished=finished,
        ),
        scorecard=None,
        export=ExportRecord(parity=0.0, perplexity_float32=1.0, perplexity_int8=1.0),
        files=[_file(directory / name) for name in (ENCODER_FILE, STEP_FILE, TOKENS_FILE)],
    )
    (directory / CARD_FILE).write_text(card.model_dump_json(), "utf-8")
    return card


def _encoder() -> onnx.ModelProto:
    """`told` and the first `count` are the sum of the context's ids."""
    nodes = [
        helper.make_node("Cast", ["context"], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["ids", "axis"], ["told"], keepdims=1),
        helper.make_node("Identity", ["told"], ["count"]),
    ]
    inputs = [helper.make_tensor_value_info("context", TensorProto.INT64, ["rows", "tokens"])]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", 1]) for name in ("told", "count")]
    return _model(nodes, inputs, outputs, {"axis": np.array([1], np.int64)})


def _step(logits_RV: NDArray[np.float32]) -> onnx.ModelProto:
    """Logits of the position, times 1 while told + position = count = told + (slots written so far), else times 0."""
    nodes = [
        helper.make_node("Gather", ["table", "position"], ["scripted"], axis=0),
        helper.make_node("Unsqueeze", ["position", "axis"], ["position_column"]),
        helper.make_node("Cast", ["position_column"], ["steps"], to=TensorProto.FLOAT),
        helper.make_node("Add", ["told", "steps"], ["expected"]),
        helper.make_node("ReduceSum", ["slots", "slot_axes"], ["slots_written"], keepdims=0),
        helper.make_node("Unsqueeze", ["slots_written", "axis"], ["slots_column"]),
        helper.make_node("Mul", ["slots_column", "half"], ["written"]),
        helper.make_node("Add", ["told", "written"], ["found"]),
        helper.make_node("Equal", ["expected", "count"], ["counted"]),
        helper.make_node("Equal", ["expected", "found"], ["kept"]),
        helper.make_node("And", ["counted", "kept"], ["right"]),
        helper.make_node("Cast", ["right"], ["weight"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["scripted", "weight"], ["logits"]),
        helper.make_node("Add", ["count", "one"], ["next_count"]),
        helper.make_node("Mul", ["count", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "pair"], ["next_slots"]),
        helper.make_node("Identity", ["token"], ["unused"]),
    ]
    value = helper.make_tensor_value_info
    inputs = [
        value("token", TensorProto.INT64, ["rows"]),
        value("position", TensorProto.INT64, ["rows"]),
        value("told", TensorProto.FLOAT, ["rows", 1]),
        value("count", TensorProto.FLOAT, ["rows", 1]),
        value("slots", TensorProto.FLOAT, ["rows", 2, REPLY_TOKENS]),
    ]
    outputs = [
        value("logits", TensorProto.FLOAT, ["rows", logits_RV.shape[1]]),
        value("next_count", TensorProto.FLOAT, ["rows", 1]),
        value("next_slots", TensorProto.FLOAT, ["rows", 2]),
    ]
    constants: dict[str, NDArray[np.generic]] = {
        "table": logits_RV,
        "axis": np.array([1], np.int64),
        "slot_axes": np.array([1, 2], np.int64),
        "half": np.array([0.5], np.float32),
        "one": np.array([1], np.float32),
        "zero": np.array([0], np.float32),
        "pair": np.ones((1, 2), np.float32),
    }
    return _model(nodes, inputs, outputs, constants)


def _model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: dict[str, NDArray[np.generic]],
) -> onnx.ModelProto:
    initializers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "scripted", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def _file(path: Path) -> BundleFile:
    content = path.read_bytes()
    return BundleFile(name=path.name, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
