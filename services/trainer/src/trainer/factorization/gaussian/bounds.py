"""Bounds: what is known to lie below or above a value, and what a Gaussian process expects there."""

import math
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, log_ndtr

from trainer.factorization.activity.cells import Cells

__all__ = ["Bounds", "expected_within"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_SWEEPS: Final = 50
_STILL: Final = 1e-4
"""Of the spread of a target: what moves by less than this has come to rest."""


@dataclass(frozen=True, eq=False)
class Bounds:
    """By compound and target, each pair once: what was measured lies between `low` and `high`, of which one may be infinite."""

    compound: Ints
    target: Ints
    low: Floats
    high: Floats

    @classmethod
    def none(cls) -> Self:
        """No bound."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0))

    @classmethod
    def of(cls, compound: Ints, target: Ints, value: Floats, above: Bools, cells: Cells) -> Self:
        """From columns in any order; `above` where a value is exceeded. A pair that was measured needs no bound.

        Bounds that contradict each other (above 7, below 5) are left out.
        """
        keys, place = np.unique(compound * cells.targets + target, return_inverse=True)
        low, high = np.full(len(keys), -np.inf), np.full(len(keys), np.inf)
        np.maximum.at(low, place[above], value[above])
        np.minimum.at(high, place[~above], value[~above])
        kept = ~np.isin(keys, cells.compound * cells.targets + cells.target) & (low < high)
        rows, columns = np.divmod(keys[kept], max(cells.targets, 1))
        return cls(rows, columns, low[kept], high[kept])

    def __len__(self) -> int:
        return len(self.compound)

    def at(self, chosen: Bools) -> Self:
        """Some of them."""
        return type(self)(self.compound[chosen], self.target[chosen], self.low[chosen], self.high[chosen])

    def without(self, compounds: Ints) -> Self:
        """Those of other compounds."""
        return self.at(~np.isin(self.compound, compounds))


def expected_within(inverse_NN: Floats, value_N: Floats, bound_M: Ints, low_M: Floats, high_M: Floats, signal: float) -> Floats:
    """The expected values at M of N points of which bounds alone are known, given the values of the others.

    `inverse_NN` is that of kernel and noise. Each in turn is the mean of a truncated normal distribution, whose centre and
    spread are those of the point given all other points, until none moves: the mean field of the posterior.
    """
    others = np.setdiff1d(np.arange(len(value_N)), bound_M)
    between_MM, precision_M = inverse_NN[np.ix_(bound_M, bound_M)], inverse_NN[bound_M, bound_M]
    told_M = inverse_NN[np.ix_(bound_M, others)] @ value_N[others]
    spread_M = np.sqrt(signal / precision_M)
    value_M = np.clip(np.zeros(len(bound_M)), low_M, high_M)
    for _ in range(_SWEEPS):
        moved = 0.0
        for place in range(len(value_M)):
            weight = float(between_MM[place] @ value_M) + float(told_M[place])
            centre = float(value_M[place]) - weight / float(precision_M[place])
            value = _truncated(centre, float(spread_M[place]), float(low_M[place]), float(high_M[place]))
            moved = max(moved, abs(value - float(value_M[place])))
            value_M[place] = value
        if moved < _STILL:
            break
    return value_M


def _truncated(centre: float, spread: float, low: float, high: float) -> float:
    """The mean of a normal distribution of which only what lies between `low` and `high` is left."""
    start, stop = (low - centre) / spread, (high - centre) / spread
    if math.isinf(start):
        shift = -_hazard(-stop)
    elif math.isinf(stop):
        shift = _hazard(start)
    else:
        if start > 0:  # the mirror image has the exacter tail
            return centre - (_truncated(0.0, spread, -spread * stop, -spread * start))
        inside = math.exp(log_ndtr(stop)) - math.exp(log_ndtr(start))
        shift = (_density(start) - _density(stop)) / inside if inside > 0 else 0.5 * (start + stop)
    return min(max(centre + spread * shift, low), high)


def _hazard(start: float) -> float:
    """The mean of what lies above `start` of a standard normal distribution."""
    return math.sqrt(2.0 / math.pi) / float(erfcx(start / math.sqrt(2.0)))


def _density(place: float) -> float:
    return math.exp(-0.5 * place**2) / math.sqrt(2.0 * math.pi)
