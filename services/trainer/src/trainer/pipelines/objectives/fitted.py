"""A fit of either objective, in the form in which it is published."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from trainer.data.activity import Activity
from trainer.evaluation.model import Model, ModelFile
from trainer.factorization.counts.trajectory import COLUMNS, Trajectory
from trainer.factorization.predictor import Predictor
from trainer.runs.spec import FactorsSpec
from trainer.similarity.factors import Factors

if TYPE_CHECKING:
    from trainer.spark.session import SparkSession

__all__ = ["Fit", "Fitted", "still"]


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a fit gives, and how it was reached."""

    factors: Factors
    curve: Sequence[tuple[int, float]]
    """Step and loss."""
    trajectory: Trajectory
    seconds: float
    metrics: dict[str, float]
    predictor: Predictor | None
    """What predicts compounds from their fragments, as a graph; None where a `model` predicts them."""
    model: Model | None = None
    """What predicts whole molecules."""
    file: ModelFile | None = None
    """The model as it is published."""


class Fit(Protocol):
    """An objective: fits factors to the facts."""

    def __call__(
        self,
        spec: FactorsSpec,
        activity: Activity,
        *,
        device: str,
        on_step: Callable[[int, float], None],
        spark: "Callable[[], SparkSession]",
        later: Activity | None = None,
    ) -> Fitted:
        """Fit what `spec` asks for; `on_step` is told step and loss.

        `spark` is asked for its session by a fit that Spark makes; `later` holds the facts of the files that judge, for the
        holdout `time`.

        Raises:
            ObjectiveUnsuitable: The objective, or the engine for it, does not fit the data, or too few cells can be held out.
        """


def still(positions_FD: npt.NDArray[np.floating], step: int) -> Trajectory:
    """The trajectory of a fit that shows no step of its way: the one position where it ended."""
    positions_FD = positions_FD[:, :COLUMNS].astype(np.float32)
    return Trajectory(steps_S=np.array([step], dtype=np.int64), positions_SFD=positions_FD[None])
