"""Scales: what a change of one is at each target, so that changes of targets in other units can be learned from together."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from contracts.kinds import ActivityKind, ChangeUnit
from trainer.data.activity import Activity

__all__ = ["Scales"]

Floats = npt.NDArray[np.float64]

_PLAUSIBLE: Final = (2.0, 12.0)
"""Between which values without a unit are taken for logarithms of concentrations, where nearly all of them lie there..."""
_NEARLY: Final = 0.98
_BROKEN: Final = 0.5
"""...and at least so many are no whole numbers."""
_SPREAD_CELLS: Final = 3
"""Cells from which a target has a spread of its own; others take the median spread."""


@dataclass(frozen=True, eq=False)
class Scales:
    """Of the T targets of a run."""

    unit: ChangeUnit
    one_T: Floats
    """A change of one, in the target's own unit."""

    @classmethod
    def of(cls, activity: Activity) -> Self:
        """One log unit where values are logarithms of concentrations, else one standard deviation of the target's values."""
        targets = len(activity.targets)
        if activity.kind is ActivityKind.BINARY:
            return cls(ChangeUnit.CHANCE, np.ones(targets))
        target_N, value_N = activity.cells["target"].to_numpy(), activity.cells["value"].to_numpy()
        units: list[str | None] = activity.targets["unit"].to_pylist()
        bare_T = np.array([unit is None for unit in units], dtype=np.bool_)
        logarithmic_T = np.array([(unit or "").startswith("p") for unit in units], dtype=np.bool_)
        logarithmic_T |= bare_T & _look_logarithmic(value_N[bare_T[target_N]])
        one_T = np.where(logarithmic_T, 1.0, _spreads(target_N, value_N, targets))
        if logarithmic_T.all():
            return cls(ChangeUnit.LOG, one_T)
        return cls(ChangeUnit.BOTH if logarithmic_T.any() else ChangeUnit.SPREAD, one_T)


def _look_logarithmic(value_N: Floats) -> bool:
    low, high = _PLAUSIBLE
    inside_N = (value_N >= low) & (value_N <= high)
    return bool(len(value_N)) and inside_N.mean() >= _NEARLY and (value_N != np.floor(value_N)).mean() >= _BROKEN


def _spreads(target_N: npt.NDArray[np.int32], value_N: Floats, targets: int) -> Floats:
    """The standard deviation of each target's values; never 0."""
    count_T = np.bincount(target_N, minlength=targets)
    mean_T = np.bincount(target_N, value_N, minlength=targets) / np.maximum(count_T, 1)
    square_T = np.bincount(target_N, (value_N - mean_T[target_N]) ** 2, minlength=targets)
    spread_T = np.sqrt(square_T / np.maximum(count_T - 1, 1))
    own_T = (count_T >= _SPREAD_CELLS) & (spread_T > 0)
    usual = float(np.median(spread_T[own_T])) if own_T.any() else float(value_N.std()) or 1.0
    return np.where(own_T, spread_T, usual)
