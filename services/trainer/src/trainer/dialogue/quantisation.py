"""8-bit weights for an ONNX graph, without letting the rows of a batch influence one another.

Three rules, by how a weight is used:

- a matrix product becomes ONNX Runtime's `MatMulNBits` (8 bits, blocks along the inner axis, integer arithmetic): it rounds
  each row's activations by that row alone. `DynamicQuantizeLinear`, the usual choice, takes one scale for the whole batch,
  and a chat's reply would depend on who else is chatting;
- an embedding is looked up in int8 with a scale a row;
- every other large weight is stored in int8 with a scale a row and becomes float32 again when the graph is loaded.
"""

from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

__all__ = ["by_row", "quantise"]

_LARGE: Final = 1_024
"""Weights with fewer numbers stay as they are."""
_BLOCKS: Final = (128, 64, 32, 16)
_MATRIX: Final = 2


def quantise(source: Path, target: Path, *, products: bool) -> None:
    """Writes `target`; with `products` off, matrix products keep float arithmetic and only their storage shrinks."""
    model = onnx.load(source)
    _Rewriter(model, products=products).rewrite()
    if products and not any(opset.domain == "com.microsoft" for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, target)


class _Rewriter:
    def __init__(self, model: ModelProto, *, products: bool) -> None:
        self._graph = model.graph
        self._products = products
        self._weights = {tensor.name: tensor for tensor in self._graph.initializer}
        self._made_by = {name: node for node in self._graph.node for name in node.output}
        self._tensors: dict[str, TensorProto] = {}

    def rewrite(self) -> None:
        nodes = [part for node in self._graph.node for part in self._rewritten(node)]
        used = self._used(nodes)
        nodes = [node for node in nodes if used & set(node.output)]  # a weight's transposition may have lost its product
        used = self._used(nodes)
        # What still takes a large weight as float32 gets it back from int8.
        restored = sorted(used & self._large())
        nodes = [part for name in restored for part in self._restore(name)] + nodes
        kept = [tensor for name, tensor in self._weights.items() if name in used and name not in restored]
        del self._graph.node[:], self._graph.initializer[:]
        self._graph.node.extend(nodes)
        self._graph.initializer.extend(kept + list(self._tensors.values()))

    def _used(self, nodes: list[NodeProto]) -> set[str]:
        return {name for node in nodes for name in node.input} | {output.name for output in self._graph.output}

    def _rewritten(self, node: NodeProto) -> list[NodeProto]:
        if node.op_type == "Gather" and node.input[0] in self._large() and _attribute(node, "axis", 0) == 0:
            return self._lookup(node)
        if self._products and node.op_type in ("MatMul", "Gemm"):
            weight_KN = self._matrix(node)
            if weight_KN is not None:
                return [self._product(node, weight_KN)]
        return [node]

    def _lookup(self, node: NodeProto) -> list[NodeProto]:
        """Gather of int8 rows and their scales."""
        table_VD = numpy_helper.to_array(self._weights[node.input[0]])
        rows, scales = by_row(table_VD)
        name = node.input[0]
        self._add(f"{name}_int8", rows)
        self._add(f"{name}_scale", scales)
        out = node.output[0]
        return [
            helper.make_node("Gather", [f"{name}_int8", node.input[1]], [f"{out}_int8"], axis=0),
            helper.make_node("Cast", [f"{out}_int8"], [f"{out}_float"], to=TensorProto.FLOAT),
            helper.make_node("Gather", [f"{name}_scale", node.input[1]], [f"{out}_scale"], axis=0),
            helper.make_node("Mul", [f"{out}_float", f"{out}_scale"], [out]),
        ]

    def _product(self, node: NodeProto, weight_KN: NDArray[np.float32]) -> NodeProto:
        inner, outer = weight_KN.shape
        block = next((size for size in _BLOCKS if inner % size == 0), _BLOCKS[-1])
        blocks = -(-inner // block)
        padded_NK = np.zeros((outer, blocks * block), np.float32)
        padded_NK[:, :inner] = weight_KN.T
        parts_NGB = padded_NK.reshape(outer, blocks, block)
        scales_NG = np.maximum(np.abs(parts_NGB).max(-1) / 127, 1e-12).astype(np.float32)
        whole_NGB = (np.rint(parts_NGB / scales_NG[..., None]) + 128).astype(np.uint8)
        out = node.output[0]
        self._add(f"{out}_weight", whole_NGB)
        self._add(f"{out}_scales", scales_NG)
        inputs = [node.input[0], f"{out}_weight", f"{out}_scales"]
        if node.op_type == "Gemm" and len(node.input) > _MATRIX:
            inputs += ["", "", node.input[2]]
        return helper.make_node(
            "MatMulNBits", inputs, [out], domain="com.microsoft", K=inner, N=outer, bits=8, block_size=block, accuracy_level=4
        )

    def _matrix(self, node: NodeProto) -> NDArray[np.float32] | None:
        """The weight of a product as [inner, outer], or None where the node is none with a large constant weight."""
        name = node.input[1]
        turned = False
        if name in self._made_by and self._made_by[name].op_type == "Transpose":
            name, turned = self._made_by[name].input[0], True
        if name not in self._large():
            return None
        if node.op_type == "Gemm":
            if _attribute(node, "transA", 0) or _attribute(node, "alpha", 1.0) != 1 or _attribute(node, "beta", 1.0) != 1:
                return None
            turned ^= bool(_attribute(node, "transB", 0))
        weight = numpy_helper.to_array(self._weights[name])
        if weight.ndim != _MATRIX:
            return None
        return weight.T if turned else weight

    def _restore(self, name: str) -> list[NodeProto]:
        weight = numpy_helper.to_array(self._weights[name])
        rows, scales = by_row(weight)
        self._add(f"{name}_int8", rows)
        self._add(f"{name}_scale", scales)
        return [
            helper.make_node("Cast", [f"{name}_int8"], [f"{name}_float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}_float", f"{name}_scale"], [name]),
        ]

    def _large(self) -> set[str]:
        return {
            name
            for name, tensor in self._weights.items()
            if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) >= _MATRIX and np.prod(tensor.dims) >= _LARGE
        }

    def _add(self, name: str, values: NDArray[np.generic]) -> None:
        self._tensors[name] = numpy_helper.from_array(values, name)


def by_row(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """int8 and scale, one scale for each vector along the last axis."""
    scales = np.maximum(np.abs(weight).max(-1, keepdims=True) / 127, 1e-12).astype(np.float32)
    return np.rint(weight / scales).astype(np.int8), scales


def _attribute(node: NodeProto, name: str, default: float) -> float:
    found = next((attribute for attribute in node.attribute if attribute.name == name), None)
    return default if found is None else float(helper.get_attribute_value(found))
