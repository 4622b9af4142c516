"""Signs: how differences of predictions are read, learned from the run's own measured replacements."""

from typing import Final

import numpy as np
import numpy.typing as npt

from contracts.evidence import WIDTH
from contracts.kinds import ActivityKind
from replacement.signed import LEAST_DIFFERENCES, Reading
from trainer.data.activity import Activity
from trainer.factorization.gaussian.differences import left_out
from trainer.factorization.gaussian.fit import Gaussian
from trainer.factorization.gaussian.kernel import Kernel
from trainer.replacements.events import Events
from trainer.replacements.scales import Scales

__all__ = ["read_signs"]

Floats = npt.NDArray[np.float64]

_EVENTS: Final = 100_000
"""Measured replacements that are looked at, on targets in random order..."""
_SEED: Final = 0x51
"""...the same for the same data."""
_HELD: Final = 0.9
_CLEAR: Final = 0.5
"""Of a change whose sign is judged."""


def read_signs(activity: Activity, fit: Gaussian, kernel: Kernel, events: Events) -> tuple[Reading, dict[str, float]]:
    """How the changes of a run are read, and how well that tells what was measured.

    Each measured replacement is compared with what the model says of it without the values of both compounds. The slope is that
    of least squares, the width the one with which nine of ten lie in the 90 % interval. `events` are in the units of targets.

    Returns, with the reading, `signed_r2`, `signed_sign` (right, where the change is above half a log unit or half a standard
    deviation) and `signed_differences`; nothing where too few are told, or no values are.
    """
    scales = Scales.of(activity)
    plain = Reading(scales.unit, scales.one_T)
    if activity.kind is not ActivityKind.REAL:
        return plain, {}
    events = _drawn(events)
    told = left_out(fit, kernel, events.target_N, events.first_compound_N, events.second_compound_N)
    kept_N = np.isfinite(told.expected_N)
    if kept_N.sum() < LEAST_DIFFERENCES:
        return plain, {}
    one_N = scales.one_T[events.target_N][kept_N]
    expected_N, measured_N = told.expected_N[kept_N] / one_N, events.difference_N[kept_N] / one_N
    sd_N = np.sqrt(told.variance_N[kept_N] + told.noise_N[kept_N]) / one_N
    squares = float(expected_N @ expected_N)
    slope = max(0.0, float(expected_N @ measured_N) / squares) if squares > 0 else 1.0  # a model is weak, never against itself
    left_N = measured_N - slope * expected_N
    width = float(np.quantile(np.abs(left_N) / sd_N, _HELD)) / WIDTH
    clear_N = np.abs(measured_N) > _CLEAR
    metrics = {
        "signed_r2": 1.0 - float(left_N @ left_N) / max(float(((measured_N - measured_N.mean()) ** 2).sum()), 1e-12),
        "signed_sign": float(np.mean(np.sign(expected_N[clear_N]) == np.sign(measured_N[clear_N]))) if clear_N.any() else 0.5,
        "signed_differences": float(kept_N.sum()),
    }
    return Reading(scales.unit, scales.one_T, slope, width, int(kept_N.sum())), metrics


def _drawn(events: Events) -> Events:
    """Those of so many targets that there are enough."""
    targets = np.random.default_rng(_SEED).permutation(np.unique(events.target_N))
    counts_T = np.bincount(events.target_N, minlength=int(events.target_N.max(initial=0)) + 1)
    enough = int(np.searchsorted(np.cumsum(counts_T[targets]), _EVENTS)) + 1
    return events.at(np.isin(events.target_N, targets[:enough]))
