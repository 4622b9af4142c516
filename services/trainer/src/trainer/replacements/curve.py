"""The curve: how often activity is kept where so much change is expected, from replacements that were not learned from."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy.special import erf
from sklearn.isotonic import isotonic_regression

from replacement.evidence import KEPT

__all__ = ["Curve"]

Floats = npt.NDArray[np.float64]

_KNOTS: Final = 16
_TRUST: Final = 30.0
"""Measurements for which the normal distribution counts at every knot."""
_FALL: Final = 1e-3
"""Of percent, at least, between two knots: no two changes are of one percentage."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Knots, linear in between; no change is 100 percent."""

    change_S: Floats
    percent_S: Floats

    @classmethod
    def of_chances(cls) -> Self:
        """Where the change is the chance of another outcome."""
        return cls(np.array([0.0, 1.0]), np.array([100.0, 0.0]))

    @classmethod
    def fitted(cls, expected_N: Floats, measured_N: Floats) -> Self:
        """From what was expected of replacements and what they changed."""
        order_N = np.argsort(expected_N, kind="stable")
        parts = [part for part in np.array_split(order_N, _KNOTS) if len(part)]
        change_S = np.array([expected_N[part].mean() for part in parts])
        if not len(change_S) or change_S[-1] <= 0:
            change_S, parts = np.array([1.0]), [order_N]
        count_S = np.array([len(part) for part in parts], dtype=np.float64)
        kept_S = np.array([(np.abs(measured_N[part]) <= KEPT + 1e-9).sum() for part in parts], dtype=np.float64)
        share_S = (kept_S + _TRUST * _normal(change_S)) / (count_S + _TRUST)
        share_S = np.asarray(isotonic_regression(share_S, sample_weight=count_S + _TRUST, increasing=False))
        far = 2.0 * max(change_S[-1], KEPT)  # beyond what was seen, as the normal distribution falls
        change_S = np.concatenate([[0.0], change_S, far * np.array([1.0, 2.0, 4.0])])
        last = share_S[-1] / _normal(change_S[-4:-3])
        share_S = np.concatenate([[1.0], share_S, last * _normal(change_S[-3:])])
        fresh_S = np.concatenate([[True], np.diff(change_S) > 0])
        change_S, percent_S = change_S[fresh_S], 100.0 * np.minimum(share_S[fresh_S], 1.0)
        fall_S = _FALL * np.arange(len(percent_S))
        return cls(change_S, np.maximum(percent_S - fall_S, 0.0))


def _normal(change_S: Floats) -> Floats:
    """The share that is kept of normal differences whose mean absolute size is this."""
    share_S: Floats = erf(KEPT / (np.maximum(change_S, 1e-12) * np.sqrt(np.pi)))
    return share_S
