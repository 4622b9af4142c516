"""What replacements change, as a stage of a run: measured by Spark, judged by halves of the compounds, learned from all."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from contracts.kinds import ActivityKind
from prediction.model_file import write_arrays
from replacement.replacements import Replacements
from trainer.data.activity import Activity
from trainer.evaluation.agreement import agreement
from trainer.evaluation.halves import halves
from trainer.evaluation.model import Model
from trainer.replacements.events import Events
from trainer.replacements.groups import Groups, Named
from trainer.replacements.learned import judged_halves, learn
from trainer.replacements.signs import read_signs

if TYPE_CHECKING:
    from trainer.spark.session import SparkSession

__all__ = ["Replaced", "replaced"]


@dataclass(frozen=True, eq=False)
class Replaced:
    """What a run learned of replacements."""

    stated: Replacements
    """Asked as a service asks the file."""
    groups: Groups
    events: Events
    """In the units of targets."""
    metrics: dict[str, float]
    arrays: dict[str, npt.NDArray[Any]]
    about: dict[str, str]

    def write(self, path: Path) -> None:
        """The file of the run's artifact."""
        write_arrays(path, self.arrays, self.about)


def replaced(activity: Activity, model: Model, spark: "SparkSession", *, seed: int) -> Replaced | None:
    """From the facts and the run's model; None where no two compounds were measured that differ by one fragment alone.

    Only values, and actives and inactives, have differences: where only what acts is stated, nothing is known of the rest.
    """
    from trainer.spark.replacing import descriptions, replacements  # noqa: PLC0415 - loads pyspark

    if activity.kind not in {ActivityKind.REAL, ActivityKind.BINARY}:
        return None
    measured = replacements(spark, activity)
    if not len(measured.events):
        return None
    names = {name for side in ("first", "second") for name in measured.events[side].unique().to_pylist()}
    support = dict(zip(measured.support["fragment"].to_pylist(), measured.support["compounds"].to_pylist(), strict=True))
    named = Named.of(activity.fragments, sorted(names), support)
    groups = Groups(named.names, named.fragment_G, named.support_G, named.listed_G, descriptions(spark, named.names))
    events = Events.of(measured.events, groups.names)
    first_C = halves(len(activity.compounds), seed=seed)
    reading, signs = read_signs(activity, model.fit, model.facts.kernel, events)
    alike = events.on(reading.one_T)
    told = judged_halves(alike, groups, first_C, binary=activity.kind is ActivityKind.BINARY)
    arrays, about = learn(alike, groups, told, reading)
    return Replaced(Replacements(arrays, about), groups, events, agreement(told, groups) | signs, arrays, about)
