"""The files of a run's artifact that compute: networks as ONNX, checked against PyTorch, and models as they are."""

from typing import TYPE_CHECKING

from contracts.predictions import FILE, MODEL_FILE
from replacement.replacements import FILE as REPLACEMENTS_FILE
from trainer.data.activity import Activity
from trainer.factorization.counts.checkpoint import Checkpoint, save_checkpoint
from trainer.factorization.counts.network import FactorNetwork
from trainer.factorization.onnx.factor_graph import export
from trainer.factorization.onnx.prediction_graph import export_predictor
from trainer.pipelines.objectives.fitted import Fitted
from trainer.store.artifacts import StagedArtifact

if TYPE_CHECKING:
    from trainer.pipelines.replacing import Replaced

__all__ = ["write_networks"]


def write_networks(artifact: StagedArtifact, fitted: Fitted, replacing: "Replaced | None", activity: Activity) -> float:
    """Write and check them; the largest relative difference between ONNX Runtime and PyTorch.

    Raises:
        ParityError: It is more than rounding.
    """
    directory = artifact.begin()
    targets: list[str] = activity.targets["name"].to_pylist()
    checkpoint = Checkpoint(artifact.run, fitted.factors, tuple(activity.names), tuple(targets))
    save_checkpoint(checkpoint, directory / "factors.npz")
    difference = export(
        FactorNetwork.from_factors(fitted.factors),
        directory / "factors.onnx",
        fragments=activity.names,
        targets=targets,
        run=artifact.run,
    )
    if fitted.predictor is not None:
        predicted = export_predictor(
            fitted.predictor, directory / FILE, fragments=activity.names, targets=targets, run=artifact.run
        )
        difference = max(difference, predicted)
    if fitted.file is not None:
        fitted.file.write(directory / MODEL_FILE)
    if replacing is not None:
        replacing.write(directory / REPLACEMENTS_FILE)
    return difference
