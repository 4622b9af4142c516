"""A fit of either objective, in the form in which it is published."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pyarrow as pa

from contracts.evidence import NEIGHBOURS
from trainer.data.activity import Activity
from trainer.evaluation.model import Model
from trainer.factorization.activity.summary import Directions
from trainer.factorization.counts.trajectory import COLUMNS, Trajectory
from trainer.factorization.neighbours import Search
from trainer.factorization.neighbours import neighbours as ranked_neighbours
from trainer.factorization.predictor import Predictor
from trainer.runs.spec import FactorsSpec
from trainer.similarity.cosines import directions_FK
from trainer.similarity.factors import Factors
from trainer.similarity.pairs import Likeness

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
    directions: Directions | None = None
    """Posterior draws, where the objective has a posterior."""

    def likeness(self, activity: Activity) -> Likeness:
        """How alike the fragments are beyond their factors."""
        rows_FD = self.factors.fragments_FK if self.directions is None else self.directions.joined_FD
        return Likeness.of(activity, directions_FK(rows_FD))

    def neighbours(self, activity: Activity, likeness: Likeness, *, device: str, search: Search | None = None) -> pa.Table:
        """The table `neighbours` of `contracts.tables`; `search` ranks the same elsewhere."""
        return ranked_neighbours(
            self.factors,
            shown_F=activity.fragments["shown"].to_numpy(),
            limit=NEIGHBOURS,
            directions=self.directions,
            evidence=likeness.pairs,
            device=device,
            search=search,
        )


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


def still(factors: Factors, step: int) -> Trajectory:
    """The trajectory of a fit that shows no step of its way: the one position where it ended."""
    positions_FD = factors.balanced_fragments_FK[:, :COLUMNS].astype(np.float32)
    return Trajectory(steps_S=np.array([step], dtype=np.int64), positions_SFD=positions_FD[None])
