"""Factorization: fits factors in PyTorch, ranks neighbours, and writes the network as ONNX and as a checkpoint.

The one part of the trainer that does arithmetic in torch; no Spark, no store, no HTTP.
"""

from trainer.factorization.checkpoint import Checkpoint, InvalidCheckpoint, load_checkpoint, save_checkpoint
from trainer.factorization.fit import Fit, fit_counts
from trainer.factorization.graph import InvalidGraph, ParityError, export, load_onnx
from trainer.factorization.neighbours import neighbours
from trainer.factorization.network import FactorNetwork
from trainer.factorization.prediction_graph import export_predictor, load_predictor
from trainer.factorization.predictor import Predictor
from trainer.factorization.trajectory import Trajectory

__all__ = [
    "Checkpoint",
    "FactorNetwork",
    "Fit",
    "InvalidCheckpoint",
    "InvalidGraph",
    "ParityError",
    "Predictor",
    "Trajectory",
    "export",
    "export_predictor",
    "fit_counts",
    "load_checkpoint",
    "load_onnx",
    "load_predictor",
    "neighbours",
    "save_checkpoint",
]
