"""Evidence: what a prior expects of a pair of fragments, and what was measured of it, as one number with its interval."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from contracts.evidence import WIDTH

__all__ = ["KEPT", "STRENGTH", "Basis", "Expected", "basis", "updated"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STRENGTH: Final = 10.0
"""How many measurements the prior counts for."""
KEPT: Final = 0.5
"""Activity is kept where it changes by no more, in a `contracts.kinds.ChangeUnit`: half a log unit is threefold."""
_MEASURED: Final = 10


class Basis(StrEnum):
    """What an expected change rests on."""

    MEASURED = "measured"
    """Ten pairs of compounds or more."""
    MEASURED_AND_MODEL = "measured and model"
    """Some."""
    MODEL = "model"
    """None: what like replacements did."""


def basis(measurements: int) -> Basis:
    """By how many pairs of compounds were measured."""
    if measurements >= _MEASURED:
        return Basis.MEASURED
    return Basis.MEASURED_AND_MODEL if measurements else Basis.MODEL


@dataclass(frozen=True, eq=False)
class Expected:
    """Of N pairs of fragments."""

    change_N: Floats
    """Expected absolute change of activity."""
    low_N: Floats
    high_N: Floats
    """Between which it lies with 90 %."""
    percent_N: Floats
    """How often activity is kept: of 100 replacements."""
    measurements_N: Ints
    """Pairs of compounds that were measured."""

    def at(self, places: npt.NDArray[Any]) -> Self:
        """Some of them."""
        parts = (self.change_N, self.low_N, self.high_N, self.percent_N, self.measurements_N)
        return type(self)(*(part[places] for part in parts))


def updated(prior_N: Floats, measured_N: Floats, measurements_N: Ints, noise: float) -> tuple[Floats, Floats]:
    """The expected change, and half the width of its 90 % interval.

    `measured_N` are means of the pairs of compounds that were measured, `noise` is the variance of one of them.
    """
    count_N = STRENGTH + measurements_N
    change_N: Floats = (STRENGTH * prior_N + measurements_N * measured_N) / count_N
    half_N: Floats = WIDTH * np.sqrt(noise / count_N)
    return change_N, half_N
