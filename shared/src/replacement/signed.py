"""Signed changes: what a replacement is expected to add to activity at a target, and how sure its sign is.

It is the difference of two predictions of the run's model. The model has learned from every measurement once, those of the same
replacement in other molecules among them: their mean tells nothing more (decision 0111). How far a difference is believed, and
how wide its interval is, follows from the run's own measured replacements.
"""

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.evidence import WIDTH
from contracts.kinds import ChangeUnit
from replacement.evidence import KEPT

__all__ = ["LEAST_DIFFERENCES", "Reading", "Signed", "signed"]

LEAST_DIFFERENCES: Final = 200
"""Measured replacements from which it is learned how differences are read; with fewer they are as the model says."""


@dataclass(frozen=True, eq=False)
class Reading:
    """How the changes of a run are read at its T targets."""

    unit: ChangeUnit = ChangeUnit.LOG
    """Of changes that several targets share."""
    one_T: npt.NDArray[np.float64] = field(default_factory=lambda: np.ones(0))
    """What one of it is at each target, in the target's own unit."""
    slope: float = 1.0
    """What a difference of predictions is multiplied by."""
    width: float = 1.0
    """What its standard deviation is multiplied by, so that nine of ten measured differences lie in the interval."""
    differences: int = 0
    """Measured differences that slope and width were learned from; 0 where there were too few."""


@dataclass(frozen=True)
class Signed:
    """What a measurement of both molecules is expected to differ by, in the unit of the target."""

    mean: float
    low: float
    high: float
    """Between which it lies with 90 %."""
    higher: float
    """The chance, 0 to 1, that the new molecule is measured as more active."""
    kept: float
    """The chance that it is not measured as less active by more than `KEPT` of the run's unit."""


def signed(reading: Reading, target: int, difference: float, variance: float, noise: float) -> Signed:
    """How a difference of two predictions is read at a target.

    Args:
        reading: the run's.
        target: id of the target.
        difference: of both predictions.
        variance: its variance, without noise.
        noise: the variance of two measurements.
    """
    mean = reading.slope * difference
    sd = max(reading.width * math.sqrt(variance + noise), 1e-9)
    return Signed(
        mean=mean,
        low=mean - WIDTH * sd,
        high=mean + WIDTH * sd,
        higher=_below(mean / sd),
        kept=_below((mean + KEPT * float(reading.one_T[target])) / sd),
    )


def _below(number: float) -> float:
    """The normal distribution's share below."""
    return 0.5 * math.erfc(-number / math.sqrt(2.0))
