"""The ONNX graph of a factor run: fragment ids in, predicted target profiles and factor vectors out."""

from collections.abc import Sequence
from pathlib import Path

from trainer.factorization.network import FactorNetwork
from trainer.factors import Factors

__all__ = ["InvalidGraph", "ParityError", "export", "load_onnx"]


class ParityError(Exception):
    """ONNX Runtime and torch do not give the same outputs: the graph must not be published."""


class InvalidGraph(Exception):
    """A file is not the ONNX graph of a factor run."""


def export(factors: Factors, path: Path, *, fragments: Sequence[str], targets: Sequence[str], run: str) -> float:
    """Writes the graph to `path` and returns the largest relative difference between ONNX Runtime's outputs and torch's."""
    raise NotImplementedError


def load_onnx(path: Path) -> FactorNetwork:
    """The network of an exported graph, with the same outputs, ready to be trained on."""
    raise NotImplementedError
